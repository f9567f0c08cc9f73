import asyncio

import pytest

from runs.engine.browser import Pace
from tests.held import PATIENCE


async def test_turns_are_apart_however_many_ask() -> None:
    loop = asyncio.get_running_loop()
    pace, began, at = Pace(20), loop.time(), []

    async def ask() -> None:
        await pace.turn()
        at.append(loop.time() - began)

    await asyncio.gather(*(ask() for _ in range(4)))
    assert all(moment >= 0.05 * number - 0.001 for number, moment in enumerate(sorted(at)))


async def test_without_a_limit_nobody_waits() -> None:
    pace = Pace(None)
    others: list[str] = []
    asyncio.get_running_loop().call_soon(others.append, "had a turn of the loop")
    for _ in range(100):
        await pace.turn()
    assert others == []


async def test_waiting_for_a_turn_takes_nothing_of_the_time_that_is_given() -> None:
    """The third turn is due two tenths of a second after the first, however late the others came."""
    pace = Pace(10)
    async with asyncio.timeout(PATIENCE) as limit:
        until = limit.when()
        assert until is not None
        for _ in range(3):
            await pace.turn(limit)
        assert limit.when() == pytest.approx(until + 0.2, abs=0.1)
