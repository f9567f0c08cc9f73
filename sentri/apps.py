from __future__ import annotations

import atexit
import gc

from django.apps import AppConfig


class SentriConfig(AppConfig):
    name = "sentri"

    def ready(self) -> None:
        from django.conf import settings

        from sentri import checks  # noqa: F401
        from sentri.keys import keep_private

        keep_private(settings.DATABASES["default"], settings.ENV.data_dir)
        keep_what_is_loaded()


def keep_what_is_loaded() -> None:
    """What is loaded by now stays: it is not searched for garbage again, not even when the process ends."""
    gc.freeze()
    gc.enable()
    atexit.register(gc.freeze)
