from __future__ import annotations

from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"

    def ready(self) -> None:
        from runs.queue.cluster import make_robust

        # Here, because it runs before django-q2 makes its queues.
        make_robust(_begin)


def _begin() -> None:
    from runs.management.working import begin

    begin()
