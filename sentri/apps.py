from __future__ import annotations

from django.apps import AppConfig


class SentriConfig(AppConfig):
    name = "sentri"

    def ready(self) -> None:
        from django.conf import settings

        from sentri import checks  # noqa: F401
        from sentri.keys import keep_private

        keep_private(settings.DATABASES["default"], settings.ENV.data_dir)
