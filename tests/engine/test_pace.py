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
    """Three turns at once: the second is due a tenth of a second later, the third two tenths."""
    loop = asyncio.get_running_loop()
    pace, came = Pace(10), loop.time()
    async with asyncio.timeout(PATIENCE) as first, asyncio.timeout(PATIENCE) as last:
        until = first.when(), last.when()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "time", lambda: came)
            turns = [asyncio.ensure_future(pace.turn(limit)) for limit in (first, first, last)]
            await asyncio.sleep(0)
        later = [(when or 0) - (before or 0) for when, before in zip((first.when(), last.when()), until, strict=True)]
        assert later == [pytest.approx(0.1), pytest.approx(0.2)]
        await asyncio.gather(*turns)
