"""Settings of the demo shop: no database, no files written, everything a visitor does is in their cookies."""

from pathlib import Path

HERE = Path(__file__).resolve().parent

SECRET_KEY = "the-demo-shop-keeps-no-secrets-and-runs-on-your-own-machine"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.site.urls"
INSTALLED_APPS = ["django.contrib.sessions", "django.contrib.messages"]
DATABASES: dict[str, dict[str, str]] = {}
USE_TZ = True
LANGUAGE_CODE = "en-gb"

SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Browsers send cookies to every port of a host: own names keep Sentri's cookies on 127.0.0.1 apart.
SESSION_COOKIE_NAME = "shop_session"
CSRF_COOKIE_NAME = "shop_csrf"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "tests.site.breakage.Breakage",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "tests.site.surroundings.surroundings",
            ],
        },
    }
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"django.request": {"level": "CRITICAL"}},
}
