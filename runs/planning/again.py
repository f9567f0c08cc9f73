"""When to ask again for what the site could not answer: later each time, three times at most, within the time left."""

from __future__ import annotations

WAITS = (1.0, 4.0, 12.0)
LONGEST_SECONDS = 300.0


def wait_seconds(tries: int, retry_after: float | None, left: float | None) -> float | None:
    """Seconds until it is asked again; None where it is not.

    `tries` is how often it was put off before, `retry_after` what the site asks to wait, `left` what is left of the
    time. Who asks for more than five minutes is not waited for.
    """
    if tries >= len(WAITS):
        return None
    wait = max(WAITS[tries], retry_after or 0.0)
    return None if wait > (LONGEST_SECONDS if left is None else min(left, LONGEST_SECONDS)) else wait
