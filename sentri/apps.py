from __future__ import annotations

from django.apps import AppConfig


class SentriConfig(AppConfig):
    name = "sentri"

    def ready(self) -> None:
        from sentri import checks  # noqa: F401
