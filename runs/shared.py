"""What is done once in this process for all who follow a run: begun with the first of them, ended with the last."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from typing import Generic, TypeVar


@dataclass(eq=False)
class Shared:
    """One task on one run. `problem` is what ended it too early; it is raised again where each follower waits."""

    run: int
    followers: set[asyncio.Event] = field(default_factory=set, kw_only=True)
    problem: Exception | None = field(default=None, kw_only=True)
    task: asyncio.Task[None] | None = field(default=None, kw_only=True)

    async def work(self) -> None:
        """Goes on until there is nothing more to tell, and wakes the followers whenever there is."""
        raise NotImplementedError

    def wake(self) -> None:
        for woken in self.followers:
            woken.set()

    async def carry_out(self) -> None:
        try:
            await self.work()
        except Exception as error:  # noqa: BLE001
            self.problem = error
            self.wake()


S = TypeVar("S", bound=Shared)


class Sharing(Generic[S]):
    """The tasks of one kind, one for each run and event loop."""

    def __init__(self, make: Callable[[int], Awaitable[S]]) -> None:
        self._make = make
        self._known: dict[tuple[asyncio.AbstractEventLoop, int], S] = {}

    @contextlib.asynccontextmanager
    async def followed(self, run: int) -> AsyncIterator[tuple[S, asyncio.Event]]:
        """The run's task, and an event that is set at its news."""
        key, news = (asyncio.get_running_loop(), run), asyncio.Event()
        if key not in self._known or self._known[key].problem:
            made = await self._make(run)
            # Another follower may have made the task while this one waited for its own.
            if key not in self._known or self._known[key].problem:
                self._known[key] = made
        shared = self._known[key]
        shared.followers.add(news)
        if shared.task is None:
            # Not in the context of the request that comes first: its thread ends with it, and others go on.
            shared.task = asyncio.create_task(shared.carry_out(), context=Context())
        try:
            yield shared, news
        finally:
            shared.followers.discard(news)
            if not shared.followers:
                shared.task.cancel()
                # After a problem another task may stand there.
                if self._known.get(key) is shared:
                    del self._known[key]
