from __future__ import annotations

from django.urls import re_path

from runs.consumers import LiveConsumer, RunConsumer

websocket_urlpatterns = [
    re_path(r"^ws/runs/(?P<run>RUN-[0-9]+)$", RunConsumer.as_asgi()),
    re_path(r"^ws/runs/(?P<run>RUN-[0-9]+)/live$", LiveConsumer.as_asgi()),
]
