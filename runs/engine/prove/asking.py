"""Asking which expectations hold on a page that an attempt is on."""

from __future__ import annotations

import time
from collections.abc import Sequence

from runs.engine.events import Failure
from runs.engine.execute.attempt import AttemptPlayer
from runs.engine.execute.attempt_page import AttemptPage
from runs.engine.steps.base import Step

AGAIN_MS = 50

Identified = tuple[int, Step]
"""A step with its id."""


async def failing(
    attempt: AttemptPlayer, attempt_page: AttemptPage, steps: Sequence[Identified], pace_ms: int
) -> dict[int, Failure]:
    """Which expectations do not hold, by their ids.

    All together have `pace_ms` milliseconds: while the first waits in vain, the page has its time for the others too.
    """
    failed: dict[int, Failure] = {}
    late = time.monotonic() + pace_ms / 1000
    for step_id, step in steps:
        left = max(AGAIN_MS, round((late - time.monotonic()) * 1000))
        hasty = step.model_copy(update={"timeout": left})
        _, failure = await attempt.performed(attempt_page, step_id, hasty)
        if failure is not None and not step.optional:
            failed[step_id] = failure
    return failed
