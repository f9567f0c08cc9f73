"""The account of a shard: signed in once, shared by all tests that start signed in."""

from __future__ import annotations

import asyncio
from typing import Any

from runs.engine.browser import Browser, SignInFailed, sign_in
from runs.engine.plan import ShardPlan

MOST_TRIES = 2


class Account:
    """Signs in when the first test asks; a failure is tried once more, then it holds for all."""

    def __init__(self, browser: Browser, plan: ShardPlan) -> None:
        self._browser = browser
        self._plan = plan
        self._lock = asyncio.Lock()
        self._state: dict[str, Any] | None = None
        self._failures: list[SignInFailed] = []

    async def state(self) -> dict[str, Any]:
        """The storage state of the signed-in account. Raises `SignInFailed`."""
        async with self._lock:
            if self._state is not None:
                return self._state
            if len(self._failures) >= MOST_TRIES:
                raise self._failures[-1]
            plan = self._plan
            try:
                self._state = await sign_in(self._browser, plan.site, plan.options, allow_private=plan.allow_private)
            except SignInFailed as error:
                self._failures.append(error)
                raise
            return self._state
