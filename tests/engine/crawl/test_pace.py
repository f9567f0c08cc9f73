import asyncio

from runs.engine.crawl.pace import Pace


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
    async with asyncio.timeout(0.05):
        for _ in range(100):
            await pace.turn()
