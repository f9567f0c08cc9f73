"""Several things at a time, their results in order, and nothing left behind when nobody wants the rest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


async def in_parallel(
    items: Iterable[Item], work: Callable[[Item], Awaitable[Result]], width: int
) -> AsyncGenerator[tuple[Item, Result], None]:
    """Each item with what `work` made of it; at most `width` are under way. Close the iterator to stop all."""
    under_way: deque[tuple[Item, asyncio.Task[Result]]] = deque()
    left = iter(items)
    try:
        while True:
            while len(under_way) < width and (following := next(left, None)) is not None:
                under_way.append((following, asyncio.ensure_future(_awaited(work(following)))))
            if not under_way:
                return
            item, task = under_way[0]
            result = await task
            under_way.popleft()
            yield item, result
    finally:
        for _, task in under_way:
            task.cancel()
        # A cancelled visit closes its context before it ends, so its end is waited for.
        await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)


async def _awaited(work: Awaitable[Result]) -> Result:
    return await work
