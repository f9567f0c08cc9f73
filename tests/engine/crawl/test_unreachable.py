from __future__ import annotations

import pytest

from runs.engine.crawl.unreachable import authority, from_browser, from_gateway

URL = "http://shop.test:8000/a"


@pytest.mark.parametrize(
    ("message", "category"),
    [
        ("Page.goto: net::ERR_NAME_NOT_RESOLVED at http://shop.test/", "dns"),
        ("Page.goto: net::ERR_CONNECTION_REFUSED at http://shop.test/", "refused"),
        ("Page.goto: net::ERR_CONNECTION_RESET at http://shop.test/", "refused"),
        ("Page.goto: net::ERR_EMPTY_RESPONSE at http://shop.test/", "refused"),
        ("Page.goto: net::ERR_CERT_AUTHORITY_INVALID at https://shop.test/", "tls"),
        ("Page.goto: net::ERR_SSL_PROTOCOL_ERROR at https://shop.test/", "tls"),
        ("Page.goto: net::ERR_CONNECTION_TIMED_OUT at http://shop.test/", "timeout"),
        ("Page.goto: Timeout 15000ms exceeded.\nCall log:", "timeout"),
        ("Page.goto: net::ERR_TOO_MANY_REDIRECTS at http://shop.test/", "http_error"),
        ("Page.goto: net::ERR_ABORTED at http://shop.test/", "not_a_page"),
        ("Page.goto: Download is starting", "not_a_page"),
        ("Page.goto: net::ERR_BLOCKED_BY_CLIENT at http://shop.test/", "blocked"),
        ("Page.goto: Page crashed", "crash"),
        ("Target page, context or browser has been closed", "crash"),
    ],
)
def test_an_error_of_the_browser_has_a_category_and_a_sentence(message: str, category: str) -> None:
    failure = from_browser(URL, message, 15)
    assert failure.category == category
    assert str(failure)[-1] in ".?"
    assert "Page.goto" not in str(failure)
    assert "\n" not in str(failure)


def test_a_slow_page_says_how_long_was_waited() -> None:
    assert str(from_browser(URL, "Timeout 1500ms exceeded.", 1.5)) == f"{URL} did not finish loading within 1.5 s."


@pytest.mark.parametrize(
    ("reason", "category"),
    [
        ("shop.test is not known to the name server", "dns"),
        ("shop.test cannot be reached: [Errno 111] Connect call failed ('10.0.0.1', 80)", "refused"),
        ("shop.test cannot be reached: it has no address", "timeout"),
        ("10.0.0.1 is a private address, which is not opened from a site elsewhere", "blocked"),
    ],
)
def test_what_our_own_way_out_says_is_told_apart_from_the_site(reason: str, category: str) -> None:
    failure = from_gateway(URL, f"Sentri did not open this address: {reason}.")
    assert failure is not None
    assert failure.category == category


def test_an_error_page_of_the_site_is_the_sites() -> None:
    assert from_gateway(URL, "<h1>Bad gateway</h1>") is None


def test_ports_are_named_where_they_are_not_the_usual_ones() -> None:
    assert authority("http://shop.test:80/") == "shop.test"
    assert authority("https://shop.test:8443/") == "shop.test:8443"
    assert authority("http://[::1]:8000/") == "[::1]:8000"
