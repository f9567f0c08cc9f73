"""A worker process from its start to its end."""

from __future__ import annotations

from multiprocessing.util import Finalize
from urllib.parse import urlsplit

from django.conf import settings

from runs import heartbeats, queue, tracing
from runs.engine.browser.find import NoBrowser, find_browser
from runs.management.drill.spinning import rehearse


def begin() -> None:
    """Called once in each worker, before its first task. An orderly end takes the worker's row away."""
    rehearse()
    heart = heartbeats.begin(fitness, queue.stopping)
    # Higher priorities run first, both before the pulse of this process ends (-10 in `runs.queue.cluster`).
    Finalize(None, heart.end, exitpriority=20)
    Finalize(None, tracing.end, exitpriority=10)


def fitness() -> heartbeats.Fitness:
    """Whether shards can be carried out here: by a browser elsewhere, or by one of this machine."""
    if settings.ENV.browser_ws:
        return heartbeats.Fitness(f"at {urlsplit(settings.ENV.browser_ws).hostname}")
    try:
        found = find_browser()
    except NoBrowser as missing:
        return heartbeats.Fitness("", str(missing))
    return heartbeats.Fitness(f"{found.kind} {found.version}")
