import asyncio
from contextlib import aclosing

from runs.engine.generate.parallel import in_parallel


def test_results_come_in_order_and_no_more_than_the_width_is_under_way() -> None:
    under_way, most = 0, 0

    async def work(number: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(5 - number % 3):
            await asyncio.sleep(0)
        under_way -= 1
        return number * 10

    async def run() -> list[tuple[int, int]]:
        return [pair async for pair in in_parallel(range(10), work, 3)]

    assert asyncio.run(run()) == [(number, number * 10) for number in range(10)]
    assert most == 3


def test_closing_it_stops_what_is_under_way() -> None:
    cancelled = []

    async def work(number: int) -> int:
        try:
            await asyncio.sleep(0 if number == 0 else 60)
        except asyncio.CancelledError:
            cancelled.append(number)
            raise
        return number

    async def run() -> None:
        async with aclosing(in_parallel(range(10), work, 3)) as results:
            async for _ in results:
                await asyncio.sleep(0.01)
                break

    asyncio.run(run())
    assert cancelled == [1, 2]
