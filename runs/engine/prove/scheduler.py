"""Who replays next: whoever is free takes a random one of all replays that wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random


class ReplayScheduler:
    """So many replays at a time; those that wait are of several proposals, and the next is drawn among them."""

    def __init__(self, width: int, chance: Random) -> None:
        self._free = list(range(width))
        self._waiting: list[asyncio.Future[int]] = []
        self._chance = chance

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[int]:
        """A slot, a number below the width, as soon as it is this one's turn."""
        number = await self._turn()
        try:
            yield number
        finally:
            self._free.append(number)
            # A little later, so that whoever leaves may stand in line again.
            asyncio.get_running_loop().call_soon(self._next)

    async def _turn(self) -> int:
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._next()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._free.append(turn.result())
                self._next()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    def _next(self) -> None:
        while self._free and self._waiting:
            turn = self._waiting.pop(self._chance.randrange(len(self._waiting)))
            if not turn.done():
                turn.set_result(self._free.pop())
