"""How a visit ends when its tab does."""

import asyncio
from typing import Any, cast

import pytest

from runs.engine.browser import PageWatch
from runs.engine.crawl.page_visit import unless_crashed
from runs.engine.crawl.unreachable import Unvisited, from_browser

URL = "http://shop.test/"


class Seen:
    def __init__(self) -> None:
        self.crashed = asyncio.Event()


async def ended(error: Unvisited, *, crashes: bool) -> Unvisited:
    seen = Seen()

    async def aborted() -> None:
        if crashes:
            asyncio.get_running_loop().call_soon(seen.crashed.set)
        raise error

    with pytest.raises(Unvisited) as failure:
        await unless_crashed(aborted(), URL, cast(PageWatch, cast("Any", seen)))
    return failure.value


@pytest.mark.asyncio
@pytest.mark.parametrize(("crashes", "category"), [(True, "crash"), (False, "not_a_page")])
async def test_a_navigation_that_is_aborted_by_a_crash_is_a_crash(crashes: bool, category: str) -> None:
    aborted = from_browser(URL, "net::ERR_ABORTED at http://shop.test/", 5.0)
    assert (await ended(aborted, crashes=crashes)).category == category


@pytest.mark.asyncio
async def test_what_answered_is_no_crash() -> None:
    missing = Unvisited("http_error", f"{URL} answered 404.", 404)
    assert (await ended(missing, crashes=True)).category == "http_error"
