"""How long a test is expected to take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

LAST = 10
WIDEST = 1.0
TO_SIGMA = 1.4826


def estimate(durations_ms: Sequence[int]) -> int:
    """The median of the last ten passes (newest first), widened by their spread; 0 where there are none.

    Durations are skewed to the right, about log-normal: loads balance by the mean, exp(s²/2) times the
    median. s is the median absolute deviation of the logarithms times 1.4826, so that one odd run does not count, and
    at most 1, which widens by two thirds.
    """
    logs = [math.log(max(1, duration)) for duration in durations_ms[:LAST]]
    if not logs:
        return 0
    middle = median(logs)
    sigma = min(WIDEST, TO_SIGMA * median(abs(log - middle) for log in logs))
    return round(math.exp(middle + sigma * sigma / 2))
