"""Heads of answers that fight back: cookies, headers, redirects. The driver lives on; each is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runs.engine.browser import Browser
from runs.engine.crawl.seeds import read_welcome
from runs.engine.events import Log
from runs.engine.plan import CrawlOptions, CrawlPlan, RunOptions, ShardPlan, Site
from tests.engine.executing import attempts, played, work
from tests.hostile.speaking import Said, answer, bounded, driver_of, speaking

pytestmark = pytest.mark.browser

LONG = "a" * 60_000


def cookies(*lines: bytes | str) -> Said:
    return answer("ok", *[b"Set-Cookie: " + (line if isinstance(line, bytes) else line.encode()) for line in lines])


def leads(to: bytes | str) -> Said:
    return answer("", b"Location: " + (to if isinstance(to, bytes) else to.encode()), status="302 Found")


COOKIES: dict[str, Said] = {
    "huge": cookies(f"a={LONG}"),
    "thousands": cookies(*[f"a{n}=b" for n in range(3_000)]),
    "hundreds": cookies(*[f"a{n}=b" for n in range(400)]),
    "no name": cookies("=", "=a", ";", ";;=;", "a", "", " "),
    "names of our own": cookies("__Host-a=b; Domain=x.test", "__Secure-a=b", "__proto__=1", "constructor=2"),
    "of others": cookies(
        "a=b; Domain=other.test", "a=b; Domain=.com", "a=b; Domain=.", "a=b; Domain=a.b.", "a=b; Domain=127.0.0.1.x"
    ),
    "times": cookies(
        f"a=b; Max-Age={'9' * 300}",
        "b=c; Max-Age=-1",
        "c=d; Expires=soon",
        "d=e; Max-Age=NaN",
        "e=f; Expires=Thu, 01 Jan 275761 00:00:00 GMT",
        "f=g; Max-Age=1e400",
    ),
    "paths": cookies("a=b; Path=\\", "a=b; Path=relative", "a=b; Path=/\t", "a=b; Path="),
    "kinds": cookies("a=b; SameSite=Odd", "a=b; SameSite=None", "a=b; HttpOnly=x; Secure=x", "a=b; Partitioned"),
    "invalid bytes": cookies(b"\xff\xfe=\xed\xa0\x80", b"a=\x80; Path=/\xff", b"b=\x01\x02"),
    "separators": cookies("a=" + ";" * 5_000, "b=" + "=" * 5_000, "c=" + " " * 5_000 + "x"),
}
HEADERS: dict[str, Said] = {
    "64 KB": answer("ok", f"X-Long: {LONG}aaaaaa"),
    "thousands": answer("ok", *[f"X-{n}: 1" for n in range(3_000)]),
    "invalid bytes": answer("ok", b"X-Odd: \xff\xfe\xed\xa0\x80", b"Content-Type: \xff/\xfe"),
    "CR": answer("ok", b"X-Odd: a\rb: c"),
    "NUL": answer("ok", b"X-Odd: a\0b"),
    "folded": answer("ok", b"X-Odd: a", b"\tb"),
    "no name": answer("ok", b": a", b"X Y: b"),
    "names of JavaScript": answer("ok", "__proto__: a", "constructor: b", "toString: c"),
    "encodings": answer("ok", f"Content-Encoding: {', '.join(['gzip'] * 1_000)}"),
    "an encoding that it has not": answer("ok", "Content-Encoding: gzip"),
    "Retry-After": answer("ok", f"Retry-After: {'9' * 8_000}", status="503 No"),
    "a challenge": answer("", "WWW-Authenticate: Basic " + 'realm="a",' * 800, status="401 No"),
    "no status": lambda: [b"HTTP/1.1 \r\n\r\n"],
    "status 0": lambda: [b"HTTP/1.1 000 \r\n\r\n"],
    "status 999": lambda: [b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"],
    "no HTTP": lambda: [b"SSH-2.0-OpenSSH_9.6\r\n\r\n"],
    "nothing": list,
}
REDIRECTS: dict[str, Said] = {
    "a circle": leads("/"),
    "no address": leads("http://[::1"),
    "no host": leads("http://"),
    "no port": leads("http://shop.test:99999999/"),
    "a script": leads("javascript:alert(1)"),
    "data": leads("data:text/html,x"),
    "a file": leads("file:///etc/passwd"),
    "backslashes": leads("\\\\other.test\\x"),
    "invalid bytes": leads(b"/\xff\xfe?\xed\xa0\x80"),
    "percent signs": leads("/%%%zz%"),
    "long": leads("/" + "a" * 12_000),
    "very long": leads("/" + LONG),
    "spaces": leads("/a b\tc"),
    "many": answer("", "Location: /a", "Location: /b", status="302 Found"),
    "metadata": leads("http://169.254.169.254/latest"),
}
HEADS = {
    f"{kind}: {name}": said
    for kind, many in (("cookies", COOKIES), ("headers", HEADERS), ("redirects", REDIRECTS))
    for name, said in many.items()
}


@pytest.fixture
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as one:
        yield one


WAYS: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "requests": ({"do": "request", "path": "/", "expect": {"status": 200}}, {"kind": "api"}, 11),
    "pages": ({"do": "goto", "path": "/"}, {"kind": "ui"}, 60),
}


@pytest.mark.parametrize(("step", "more", "most"), WAYS.values(), ids=WAYS)
async def test_a_head_is_read_or_told_in_one_sentence(
    step: dict[str, Any], more: dict[str, Any], most: int, browser: Browser, tmp_path: Path
) -> None:
    driver = driver_of(browser)
    with bounded(browser, 150):
        for name, said in HEADS.items():
            with speaking({"/": said}) as site:
                options = RunOptions(timeout_ms=2_000, retries=0, trace="off", screenshot="off")
                plan = ShardPlan(site=Site(base_url=site.url), options=options, artifacts=str(tmp_path))
                events = await played(browser, plan, work(step, more=more))
            [ended] = attempts(events)
            if ended.failure is not None:
                assert ended.failure.kind in ("navigation", "timeout", "expectation", "blocked"), name
                assert "\n" not in ended.failure.message, name
                assert len(ended.failure.message) < 300, name
                assert "ERR_" not in ended.failure.message, name
            assert 0 < len(site.asked) <= most, name
            assert not [event for event in events if isinstance(event, Log)], name
    assert driver_of(browser) == driver


async def test_what_a_site_says_before_the_first_page_may_have_any_head(browser: Browser) -> None:
    with bounded(browser, 150):
        for name, said in HEADS.items():
            with speaking({"/": said}) as site:
                plan = CrawlPlan(site=Site(base_url=site.url), options=CrawlOptions())
                welcome = await read_welcome(browser, plan, sitemaps=name == "redirects: no address")
            assert welcome.pages == (), name
            assert welcome.robots.allows(f"{site.url}/any"), name
            assert 0 < len(site.asked) <= 8, name


async def test_a_location_that_is_no_address_is_told(browser: Browser, tmp_path: Path) -> None:
    with speaking({"/": REDIRECTS["no address"]}) as site:
        plan = ShardPlan(site=Site(base_url=site.url), options=RunOptions(retries=0), artifacts=str(tmp_path))
        asks, opens = (work(step, more=more, result=number) for number, (step, more, _) in enumerate(WAYS.values()))
        told = [ended.failure and ended.failure.message for ended in attempts(await played(browser, plan, asks, opens))]
    assert set(told) == {
        "GET / was redirected to no address that browsers open",
        "/ could not be opened: the site redirects to no address that browsers open",
    }
