"""What the browser's driver writes to its standard error is a record of the log, and no line beside it."""

from __future__ import annotations

from typing import Any

import pytest

from runs.engine.browser import Browser
from runs.engine.plan import BrowserOptions, Site
from tests.engine.pages import pages

NO_MESSAGE = b"no JSON"


async def test_the_trace_of_a_driver_that_crashed_is_one_record(
    browser_path: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], eventually: Any
) -> None:
    async with Browser(browser_path) as browser:
        playwright: Any = browser._playwright
        pipe = playwright._impl_obj._connection._transport._output
        pipe.write(len(NO_MESSAGE).to_bytes(4, "little") + NO_MESSAGE)
        await pipe.drain()
        eventually(lambda: records(caplog))
        with pages({"/": "<h1>Shop</h1>"}) as site:
            context = await browser.context(BrowserOptions(), Site(base_url=site.url))
            await context.close()
    (text,) = records(caplog)
    first, *trace = text.splitlines()
    assert first.startswith("The browser's driver said: ")
    assert any("SyntaxError" in line for line in trace)
    assert "SyntaxError" not in capfd.readouterr().err


def records(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "runs.engine.browser.driver"]
