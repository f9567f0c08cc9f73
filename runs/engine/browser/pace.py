"""How often the application is asked, per second and worker: pages, actions, cases and replays take turns."""

from __future__ import annotations

import asyncio


class Pace:
    """Gives turns, at most `per_second` of them; without a limit at once. First come, first served."""

    def __init__(self, per_second: float | None) -> None:
        self._apart = 1 / per_second if per_second else 0.0
        self._free_at = 0.0

    async def turn(self, *limits: asyncio.Timeout) -> None:
        """Waits for a turn; the limits, where they are set, end later by as much."""
        if not self._apart:
            return
        now = asyncio.get_running_loop().time()
        mine = max(now, self._free_at)
        self._free_at = mine + self._apart
        for limit in limits:
            if (when := limit.when()) is not None:
                limit.reschedule(when + mine - now)
        await asyncio.sleep(mine - now)
