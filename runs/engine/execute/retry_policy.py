"""How often a test is tried, and what its attempts mean together. Pure."""

from __future__ import annotations

from runs.engine.events import Outcome
from runs.engine.plan import Keep, TestWork


class RetryPolicy:
    """One test's way through its attempts.

    The last attempt decides: passed at once is `passed`, passed after a failure is `flaky`.
    """

    def __init__(self, work: TestWork) -> None:
        self._work = work
        self.made = work.attempts_before

    @property
    def number(self) -> int:
        """Of the attempt that comes next; the first of a test is 1."""
        return self.made + 1

    def recorded(self, keep: Keep) -> bool:
        """Whether the next attempt records a trace, or a video.

        Recording slows a short test by a third, so on_failure leaves out an attempt that will be repeated when it
        fails. Its repetitions are recorded, hence every attempt that can be a test's last failure.
        """
        if keep == "on_failure":
            return self.number > 1 or self._work.retries == 0
        return keep == "on"

    def ended(self, passed: bool) -> Outcome | None:
        """Note the end of an attempt; the outcome when it is the last."""
        self.made += 1
        if passed:
            return "passed" if self.made == 1 else "flaky"
        return "failed" if self.made > self._work.retries else None
