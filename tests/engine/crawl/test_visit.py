"""How a visit ends when its tab does."""

import asyncio
from typing import Any, cast

import pytest

from runs.engine.browser import Error, PageWatch
from runs.engine.crawl.page_visit import unless_crashed
from runs.engine.crawl.unreachable import Unvisited, from_browser
from runs.engine.deaths import browser_gone

URL = "http://shop.test/"


class Seen:
    def __init__(self, *, alone: bool = True) -> None:
        self.crashed, self.alone = asyncio.Event(), alone

    async def crashed_alone(self) -> bool:
        return self.alone


async def ended(error: Unvisited, *, crashes: bool, alone: bool = True) -> Exception:
    seen = Seen(alone=alone)

    async def aborted() -> None:
        if crashes:
            asyncio.get_running_loop().call_soon(seen.crashed.set)
        raise error

    with pytest.raises((Unvisited, Error)) as failure:
        await unless_crashed(aborted(), URL, cast(PageWatch, cast("Any", seen)))
    return failure.value


@pytest.mark.asyncio
@pytest.mark.parametrize(("crashes", "category"), [(True, "crash"), (False, "not_a_page")])
async def test_a_navigation_that_is_aborted_by_a_crash_is_a_crash(crashes: bool, category: str) -> None:
    aborted = from_browser(URL, "net::ERR_ABORTED at http://shop.test/", 5.0)
    failure = await ended(aborted, crashes=crashes)
    assert isinstance(failure, Unvisited)
    assert failure.category == category


@pytest.mark.asyncio
async def test_a_tab_that_crashed_with_its_browser_says_nothing_about_the_page() -> None:
    aborted = from_browser(URL, "net::ERR_ABORTED at http://shop.test/", 5.0)
    failure = await ended(aborted, crashes=True, alone=False)
    assert not isinstance(failure, Unvisited)
    assert browser_gone(failure)


@pytest.mark.asyncio
async def test_what_answered_is_no_crash() -> None:
    missing = Unvisited("http_error", f"{URL} answered 404.", 404)
    assert await ended(missing, crashes=True) is missing
