"""What cannot be opened has one name, whether a crawl, a test run, a test or a request step comes upon it."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio

from runs.engine.browser import Browser, watch
from runs.engine.crawl import trusted
from runs.engine.crawl.page_visit import visit
from runs.engine.crawl.unreachable import Unvisited, diagnose, from_gateway
from runs.engine.netguard import Blocked, Guard, joined, same_origin
from runs.engine.plan import BrowserOptions, Site
from runs.engine.steps.base import Stage, StepFailed
from runs.engine.steps.document import Document, InvalidDocument, parse
from runs.engine.steps.goto import Goto
from runs.engine.steps.request import Request
from runs.engine.unopened import SIGNS, by_proxy, classify
from runs.insight import category_of
from runs.report import FailedTest
from tests.engine.pages import Answer, Answers, pages
from tests.receivers import receiver

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port that is taken, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port to which no connection is made, for nobody takes those that wait: what more is sent is dropped."""
    with contextlib.ExitStack() as open_ones:
        listening = open_ones.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = open_ones.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@pytest.fixture
def mute() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    ("message", "category"),
    [
        ("Page.goto: net::ERR_NAME_NOT_RESOLVED at http://x/", "dns"),
        ("getaddrinfo ENOTFOUND x", "dns"),
        ("net::ERR_CONNECTION_REFUSED", "refused"),
        ("connect ECONNREFUSED 127.0.0.1:9", "refused"),
        ("net::ERR_CERT_AUTHORITY_INVALID", "tls"),
        ("self-signed certificate", "tls"),
        ("net::ERR_SSL_PROTOCOL_ERROR", "tls"),
        ("write EPROTO 00:error:0A00010B:SSL routines::wrong version number", "tls"),
        ("net::ERR_CONNECTION_TIMED_OUT", "timeout"),
        ("net::ERR_TIMED_OUT", "timeout"),
        ("net::ERR_BLOCKED_BY_CLIENT", "blocked"),
        ("net::ERR_UNSAFE_PORT", "blocked"),
        ("net::ERR_TOO_MANY_REDIRECTS", "http_error"),
        ("net::ERR_ABORTED", "not_a_page"),
    ],
)
async def test_browser_and_client_say_it_differently_and_mean_the_same(message: str, category: str) -> None:
    found = classify(message)
    assert found is not None
    assert found.category == category
    assert len(SIGNS) > 10


async def test_what_the_proxy_says_has_the_same_names() -> None:
    said = {
        "x is not known to the name server": "dns",
        "127.0.0.1 cannot be reached: [Errno 111] Connect call failed": "refused",
        "10.0.0.1 cannot be reached: it took too long": "timeout",
        "10.0.0.1 is a private address": "blocked",
    }
    for reason, category in said.items():
        body = f"Sentri did not open this address: {reason}."
        proxy, crawl = by_proxy(body), from_gateway("http://x/", body)
        assert proxy is not None
        assert crawl is not None
        assert (proxy.category, crawl.category) == (category, category)
    assert by_proxy("<h1>Forbidden</h1>") is None


async def crawled(browser: Browser, url: str) -> str:
    """The category that a crawl has for the address."""
    try:
        context = await browser.context(BrowserOptions(), Site(base_url=url))
    except Blocked as error:
        return error.category
    page = await context.new_page()
    try:
        await visit(page, url, watch(page), browser.guard, 3_000)
    except Unvisited as error:
        return error.category
    finally:
        await context.close()
    return ""


async def run(browser: Browser, url: str) -> str:
    """The category that a test run has for its address."""

    async def ready() -> Browser:
        return browser

    found = await diagnose(url, browser.guard) or await trusted(ready, Site(base_url=url))
    return found.category if found else ""


async def test_crawl_and_run_have_one_name_for_each_kind(
    browser: Browser, nobody: int, deaf: int, certificate: Callable[[], Any]
) -> None:
    context, _ = certificate()
    with receiver(context) as untrusted, pages({"/": "<h1>Plain</h1>"}) as plain:
        kinds = {
            f"http://127.0.0.1:{nobody}/": "refused",
            f"http://127.0.0.1:{deaf}/": "timeout",
            "http://no-such-host.invalid/": "dns",
            "http://10.0.0.1/": "blocked",
            "https://10.0.0.1/": "blocked",
            "http://169.254.169.254/": "blocked",
            untrusted.url.replace("http://", "https://"): "tls",
            plain.url.replace("http://", "https://") + "/": "tls",
            plain.url + "/": "",
        }
        found = {url: (await crawled(browser, url), await run(browser, url)) for url in kinds}
    assert found == {url: (category, category) for url, category in kinds.items()}


async def test_a_site_that_is_there_fails_a_crawl_of_its_page_and_in_a_run_the_test_that_opens_it(
    browser: Browser, mute: int
) -> None:
    """What the first page answers decides about a crawl. Tests may open others, so that the run goes on: one that waits
    in vain is slow, and one that is answered with an error fails by what it expects."""
    errors: Answers = {"/500": Answer("<h1>Broken</h1>", 500), "/404": Answer("<h1>Nothing here</h1>", 404)}
    with pages(errors) as site:
        kinds = {
            f"http://127.0.0.1:{mute}/": ("timeout", "", "slow"),
            f"{site.url}/500": ("http_error", "", ""),
            f"{site.url}/404": ("http_error", "", ""),
        }
        found = {
            url: (await crawled(browser, url), await run(browser, url), await opened(browser, url)) for url in kinds
        }
    assert found == kinds


async def opened(browser: Browser, url: str) -> str:
    """The category that a test has for a step that opens the address."""
    base, _, path = url.rpartition("/")
    site = Site(base_url=base)
    context = await browser.context(BrowserOptions(), site)
    try:
        stage = Stage(site, context.request, 1_000, opened=await context.new_page(), guard=browser.guard)
        await Goto(do="goto", path=f"/{path}").run(stage)
    except StepFailed as failed:
        return category_of(FailedTest(0, "", "", failed.message, failed.kind, 0))
    finally:
        await context.close()
    return ""


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_step_that_is_led_to_a_closed_address_is_blocked_and_says_why(browser: Browser, scheme: str) -> None:
    away: Answers = {"/away": Answer("", 302, {"Location": f"{scheme}://10.0.0.1:8443/"})}
    with pages(away) as site:
        where = Site(base_url=site.url)
        context = await browser.context(BrowserOptions(), where)
        page = await context.new_page()
        stage = Stage(where, context.request, 5_000, opened=page, guard=browser.guard)
        for step in (Goto(do="goto", path="/away"), Request(do="request", path="/away")):
            with pytest.raises(StepFailed) as failed:
                await step.run(stage)
            assert (failed.value.kind, "10.0.0.1 is a private address" in failed.value.message) == ("blocked", True)
        await context.close()


LEAVING = [
    "/\t/evil.example/",
    "/\n/evil.example/",
    "/\r/evil.example/",
    "/\\evil.example/",
    "/\\/evil.example/",
    "/\t\\evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\t\n\r/evil.example/",
    "//127.0.0.1:1/",
]
STAYING = [
    "/",
    "/a//b",
    "/a\\b",
    "/..//evil.example/",
    "/a\tb",
    "/%5cevil.example/",
    "/%09/evil.example",
    "/?next=//evil.example",
]


@pytest.mark.parametrize("path", LEAVING)
@pytest.mark.parametrize("place", ["goto", "start", "request"])
async def test_a_path_that_browsers_read_as_another_site_is_refused_when_it_is_saved(path: str, place: str) -> None:
    step = {"do": "request", "path": path} if place == "request" else {"do": "goto", "path": path}
    document = {"title": "T", "steps": [step]}
    if place == "start":
        document = {"title": "T", "start": path, "steps": [{"do": "reload"}]}
    with pytest.raises(InvalidDocument, match="leaves the site, as browsers read it"):
        parse(document)


@pytest.mark.parametrize("path", STAYING)
async def test_a_path_of_the_site_is_taken_and_leads_to_the_site(path: str) -> None:
    document: Document = parse({"title": "T", "start": path, "steps": [{"do": "goto", "path": path}]})
    assert document.start == path
    assert same_origin(joined("http://shop.test:8080/", path), "http://shop.test:8080")


@pytest.mark.parametrize("path", LEAVING)
async def test_a_path_is_judged_again_when_it_is_opened(path: str) -> None:
    """A document that was stored before, or a variable, may hold what would not be saved."""
    stage: Any = Stage(Site(base_url="http://shop.test"), None, 1_000)  # type: ignore[arg-type]
    with pytest.raises(StepFailed, match=re.escape("leaves the site")) as failed:
        stage.address(path)
    assert failed.value.kind == "blocked"


async def test_a_context_for_what_is_closed_is_not_made() -> None:
    closed = Browser("/bin/false", guard=Guard())
    with pytest.raises(Blocked, match=r"SENTRI_ALLOWED_PRIVATE_HOSTS has to list 127\.0\.0\.1:3000"):
        await closed.context(BrowserOptions(), Site(base_url="http://127.0.0.1:3000"))
