"""Django settings. What can be set from outside is in sentri.env."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static

from runs.engine.netguard import Guard
from sentri.databases import database
from sentri.env import ROOT, read
from sentri.keys import secret_key
from sentri.logs import logging_for
from sentri.storages import storage

ENV = read()
ENV.data_dir.mkdir(parents=True, exist_ok=True)
# What may be opened on behalf of people and of sites; tests give another one.
GUARD = Guard.configured()

VERSION = "0.1.0"
BASE_DIR = ROOT
DEBUG = ENV.debug
SECRET_KEY = secret_key(ENV.secret_key, ENV.data_dir)
ALLOWED_HOSTS = list(ENV.allowed_hosts)
CSRF_TRUSTED_ORIGINS = list(ENV.trusted_origins)

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "django_htmx",
    "django_q",
    "rest_framework",
    "drf_spectacular",
    "projects",
    "runs.apps.RunsConfig",
    "sentri.apps.SentriConfig",
]

MIDDLEWARE = [
    "sentri.connections.hand_back",
    "sentri.logs.request_id",
    "django.middleware.security.SecurityMiddleware",
    "sentri.security.ContentSecurityPolicy",
    "sentri.statics.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "projects.api.problems.SaysWhenUnwritable",
    "projects.passwords.Pausing",
]

ROOT_URLCONF = "sentri.urls"
ASGI_APPLICATION = "sentri.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database(ENV.database_url, ENV.data_dir)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENV.redis_url}
    if ENV.redis_url
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# Channels carries bells only; every message can be lost, the event log is what counts.
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [ENV.redis_url]}}
    if ENV.redis_url
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}

TASK_TIMEOUT = 4 * 3600
Q_CLUSTER: dict[str, Any] = {
    "name": "sentri",
    "workers": ENV.workers,
    "timeout": TASK_TIMEOUT,
    "retry": TASK_TIMEOUT + 600,
    "ack_failures": True,
    "max_attempts": 1,
    "queue_limit": ENV.workers,
    "bulk": 1,
    "save_limit": -1,
    "recycle": 100,
    "catch_up": False,
    "poll": 0.2,
    "label": "Queue",
    "ALT_CLUSTERS": {},
} | (
    {"redis": ENV.redis_url, "broker_class": "runs.queue.brokers.RedisList"}
    if ENV.broker == "redis"
    else {"orm": "default", "broker_class": "runs.queue.brokers.DatabaseBroker"}
)

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "sentri" / "static"]
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = ENV.data_dir / "artifacts"
STORAGES: dict[str, dict[str, Any]] = {
    "default": storage(ENV.storage_url, ENV.storage_key, ENV.storage_secret, MEDIA_ROOT),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

AUTHENTICATION_BACKENDS = ["projects.passwords.Throttled"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign-in"
SESSION_COOKIE_NAME = "sentri_session"
CSRF_COOKIE_NAME = "sentri_csrf"
CSRF_FAILURE_VIEW = "projects.views.signing_in.expired_form"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.base_url.startswith("https://")
# A test of 500 steps is sent as rows of several fields.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "same-origin"

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "projects.api.authentication.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "projects.api.authentication.InScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["projects.api.parsing.JsonBody"],
    "DEFAULT_FILTER_BACKENDS": [],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "projects.api.schema.Described",
    "DEFAULT_THROTTLE_CLASSES": ["projects.api.throttles.PerOwner"],
    "DEFAULT_THROTTLE_RATES": {"owner": "1200/min"},
    # Addresses are made out in sentri.asgi; nothing else reads what proxies say.
    "NUM_PROXIES": 0,
    "EXCEPTION_HANDLER": "projects.api.problems.problem",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Sentri",
    "DESCRIPTION": "Autonomous QA of web applications.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "POSTPROCESSING_HOOKS": ["projects.api.schema.complete", "runs.api.schema.add_documents"],
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Sentri",
    "SITE_HEADER": "Sentri",
    "SITE_SUBHEADER": "Administration",
    "SITE_URL": "/",
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "STYLES": [lambda _: static("admin.css")],
    "SCRIPTS": [lambda _: static("admin.js")],
}

LOGGING: dict[str, Any] = logging_for(ENV.log_format, ENV.log_level)
