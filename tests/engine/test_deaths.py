"""Errors of Playwright, and what each says about who died."""

import pytest

from runs.engine.deaths import Death, browser_gone, classify, page_gone

TOLD = {
    "Page.goto: Page crashed": Death.PAGE,
    "Locator.click: Target crashed": Death.PAGE,
    "Page.goto: Navigation failed because page crashed!": Death.PAGE,
    "Page.title: Target page, context or browser has been closed\nCall log:\n  - waiting": Death.CLOSED,
    "BrowserType.launch: Target page, context or browser has been closed": Death.CLOSED,
    "Target closed": Death.CLOSED,
    "The page has been closed": Death.CLOSED,
    "Browser.new_context: Browser closed.": Death.BROWSER,
    "Browser.new_context: Pipe has been closed": Death.BROWSER,
    "Connection closed while reading from the driver": Death.DRIVER,
    "Page.evaluate: Connection closed while reading from the driver": Death.DRIVER,
    "Playwright connection closed": Death.DRIVER,
}
NONE = (
    "",
    'Locator.click: Error: strict mode violation: get_by_text("has been closed") resolved to 2 elements',
    'Locator.click: Timeout 5000ms exceeded.\nCall log:\n  - waiting for get_by_text("The page has been closed")',
    'Locator.fill: Error: Cannot type text into input[name="crashed"]',
    "Page.evaluate: Error: the upload crashed",
    "APIRequestContext.fetch: connect ECONNREFUSED 127.0.0.1:9 (Connection closed)",
)


@pytest.mark.parametrize("sentence", TOLD)
def test_a_death_is_known_by_the_beginning_of_its_sentence(sentence: str) -> None:
    assert classify(Exception(sentence)) is TOLD[sentence]


@pytest.mark.parametrize("sentence", NONE)
def test_what_a_page_calls_its_elements_tells_of_no_death(sentence: str) -> None:
    assert classify(Exception(sentence)) is None


def test_a_call_that_was_not_answered_in_time_may_be_a_dead_browser() -> None:
    silence = TimeoutError()
    assert classify(silence) is Death.SILENCE
    assert (browser_gone(silence), page_gone(silence)) == (True, False)


def test_a_page_may_die_alone_and_a_closed_one_may_not_be_alone() -> None:
    alone, closed = Exception("Page crashed"), Exception("Target closed")
    assert (page_gone(alone), browser_gone(alone)) == (True, False)
    assert (page_gone(closed), browser_gone(closed)) == (True, True)
