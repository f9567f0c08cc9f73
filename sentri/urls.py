from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views import defaults
from django.views.generic import RedirectView

from projects.api import problems
from sentri import health
from sentri.connections import hand_back
from sentri.metrics import metrics

handler400 = hand_back(problems.bad_request)
handler403 = hand_back(defaults.permission_denied)
handler404 = hand_back(defaults.page_not_found)
handler500 = hand_back(problems.server_error)

urlpatterns: list[URLPattern | URLResolver] = [
    # One's own password has one page, behind the throttle of all doors.
    path("admin/password_change/", RedirectView.as_view(url="/account#password")),
    path("admin/", admin.site.urls),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", metrics),
    path("api/", include("runs.api.urls")),
    path("", include("projects.urls")),
    path("", include("runs.urls")),
]
