"""Browsers that run elsewhere: a real Playwright server, and a real browser with its debugging port open."""

import asyncio
import base64
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from runs.engine.browser import NO_FFMPEG, Bounds, Browser, BrowserUnavailable
from runs.engine.browser.doctor import Unfit, prove
from runs.engine.browser.process_environment import bounds
from runs.engine.browser.remote import Remote
from runs.engine.browser.video import find_ffmpeg
from runs.engine.events import Event, Log, StepEnded
from runs.engine.execute import execute
from runs.engine.netguard import Guard
from runs.engine.plan import BrowserOptions, RunOptions, ShardPlan, Site
from tests.engine.elsewhere import Elsewhere, Offer, debugging_port, playwright_server
from tests.engine.executing import attempts, ends, miss, planned, played, puller, see, work
from tests.engine.pages import Answer, Pages, pages
from tests.hostile.speaking import answer, bomb, driver_of, speaking
from tests.servers import free_port
from tests.site.server import serve


@pytest.fixture(params=[playwright_server, debugging_port], ids=["playwright", "devtools"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path, browser_path: str) -> Iterator[Elsewhere]:
    offer: Offer = request.param
    offered = offer(tmp_path, browser_path)
    try:
        yield offered
    finally:
        offered.kill()


@pytest.fixture
def devtools(tmp_path: Path, browser_path: str) -> Iterator[Elsewhere]:
    offered = debugging_port(tmp_path, browser_path)
    try:
        yield offered
    finally:
        offered.kill()


async def test_a_test_of_the_shop_runs_on_a_browser_elsewhere_and_leaves_its_files_here(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    with serve() as url:
        options = RunOptions(timeout_ms=10_000, device="iPhone 13", locale="de-DE")
        plan = ShardPlan(site=Site(base_url=url), options=options, artifacts=str(tmp_path / "files"))
        async with Browser(remote=Remote(elsewhere.address)) as browser:
            main = {"do": "expect_visible", "target": {"role": "main"}}
            events = await played(browser, plan, work(main, result=1), work(miss("Nothing"), result=2))
            assert browser.version[0].isdigit()
    assert {number: end.outcome for number, end in ends(events).items()} == {1: "passed", 2: "failed"}
    files = [file for ended in attempts(events) for file in ended.artifacts]
    assert [file.kind for file in files] == ["screenshot", "trace"]
    assert all((tmp_path / "files" / file.path).stat().st_size == file.size > 1000 for file in files)


async def test_a_server_that_is_told_to_bounds_answers_as_a_driver_here_does(tmp_path: Path, browser_path: str) -> None:
    offered = playwright_server(tmp_path, browser_path, **bounds())
    try:
        with speaking({"/": answer("<h1>Shop</h1>", "Content-Type: text/html"), "/bomb": bomb("gzip")}) as site:
            plan = ShardPlan(site=Site(base_url=site.url), options=RunOptions(retries=0), artifacts=str(tmp_path / "f"))
            async with Browser(remote=Remote(offered.address)) as browser:
                ask = {"do": "request", "path": "/bomb", "expect": {"status": 200}}
                [ended] = attempts(await played(browser, plan, work(ask)))
    finally:
        offered.kill()
    assert ended.failure is not None
    assert ended.failure.message == "GET /bomb is not read: the answer unpacks to more than 20 MB"


async def test_an_attempt_is_made_again_when_the_browser_elsewhere_is_lost_and_comes_back(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    events = []
    with pages({"/": "<h1>Shop</h1>"}) as site:
        plan = planned(site, tmp_path / "files", timeout_ms=20_000, parallel=1)
        async with Browser(remote=Remote(elsewhere.address)) as browser:
            wait = {"do": "wait_for", "target": {"text": "Released"}}
            async for event in execute(browser, plan, puller(work(wait))):
                events.append(event)
                if isinstance(event, StepEnded) and event.step.index == -1 and len(site.asked) == 1:
                    site.answers["/"] = "<p>Released</p>"
                    elsewhere.kill()
                    elsewhere.start()
    assert ends(events)[1].outcome == "passed"
    assert [(ended.attempt, ended.failure) for ended in attempts(events)] == [(1, None)]
    assert [event.message for event in events if isinstance(event, Log)] == [
        "The browser died under “T”; the attempt is made again."
    ]


@pytest.fixture
def shop() -> Iterator[Pages]:
    with pages({"/": "<h1>Shop</h1>"}) as site:
        yield site


@pytest.mark.parametrize("fault", ["it hangs", "the driver here is killed", "the driver here hangs"])
async def test_an_attempt_is_made_again_when_a_browser_elsewhere_answers_no_more(
    elsewhere: Elsewhere, shop: Pages, tmp_path: Path, fault: str
) -> None:
    events: list[Event] = []
    struck = False
    async with Browser(remote=Remote(elsewhere.address)) as browser:
        # This browser's alone: drivers of other tests' browsers are children of this process as well.
        driver = driver_of(browser)
        strikes = {
            "it hangs": elsewhere.hang,
            "the driver here is killed": driver.kill,
            "the driver here hangs": driver.suspend,
        }
        tests = puller(work(see("Shop"), see("Shop")))
        async for event in execute(browser, planned(shop, tmp_path / "files", trace="off"), tests):
            events.append(event)
            if isinstance(event, StepEnded) and not struck:
                struck = True
                strikes[fault]()
            if isinstance(event, Log) and fault == "it hangs":
                elsewhere.kill()
                elsewhere.start()
    assert [(ended.attempt, ended.failure) for ended in attempts(events)] == [(1, None)]
    assert [event.message for event in events if isinstance(event, Log)] == [
        "The browser died under “T”; the attempt is made again."
    ]


async def test_a_worn_out_connection_is_replaced_and_ends_with_the_last_of_its_contexts(
    elsewhere: Elsewhere, shop: Pages
) -> None:
    where, plain = Site(base_url=shop.url), BrowserOptions()
    async with Browser(remote=Remote(elsewhere.address), bounds=Bounds(contexts=2)) as browser:
        old = await browser.context(plain, where)
        fresh = await browser.context(plain, where)
        worn = old.browser
        assert worn is not None
        assert fresh.browser is not worn
        answer = await (await old.new_page()).goto(shop.url)
        assert answer is not None
        assert answer.ok
        assert worn.is_connected()
        await old.close()
        while worn.is_connected():  # noqa: ASYNC110 - the engine closes it on this loop
            await asyncio.sleep(0.05)
        assert await (await fresh.new_page()).goto(shop.url) is not None


@pytest.mark.skipif(find_ffmpeg() is None, reason="needs ffmpeg")
async def test_a_film_of_a_browser_elsewhere_comes_here(elsewhere: Elsewhere, shop: Pages, tmp_path: Path) -> None:
    async with Browser(remote=Remote(elsewhere.address)) as browser:
        plan = planned(shop, tmp_path / "files", video="on", screenshot="off", trace="off")
        events = await played(browser, plan, work(see("Shop")), work(see("Shop"), result=2))
    assert [event for event in events if isinstance(event, Log)] == []
    for ended in attempts(events):
        [file] = ended.artifacts
        film = (tmp_path / "files" / file.path).read_bytes()
        assert len(film) == file.size > 1_000
        assert film.startswith(b"\x1a\x45\xdf\xa3")


@pytest.mark.parametrize("offer", [playwright_server, debugging_port], ids=["playwright", "devtools"])
async def test_a_browser_elsewhere_without_ffmpeg_is_not_filmed_and_that_is_told_once(
    shop: Pages, tmp_path: Path, browser_path: str, monkeypatch: pytest.MonkeyPatch, offer: Offer
) -> None:
    monkeypatch.setenv("SENTRI_FFMPEG_PATH", str(tmp_path / "no-ffmpeg"))
    offered = offer(tmp_path, browser_path)
    try:
        async with Browser(remote=Remote(offered.address)) as browser:
            plan = planned(shop, tmp_path / "files", video="on", parallel=1)
            events = await played(browser, plan, work(see("Shop")), work(see("Shop"), result=2))
    finally:
        offered.kill()
    assert [end.outcome for end in ends(events).values()] == ["passed", "passed"]
    assert [ended.artifacts for ended in attempts(events)] == [(), ()]
    assert [event.message for event in events if isinstance(event, Log)] == [NO_FFMPEG]


@pytest.fixture
def late(tmp_path: Path, browser_path: str) -> Iterator[str]:
    """The address of a browser that is not there yet."""
    port = free_port()
    wait = [sys.executable, "-c", "import os, sys, time; time.sleep(1.5); os.execv(sys.argv[1], sys.argv[1:])"]
    program = [browser_path, "--no-sandbox", f"--remote-debugging-port={port}", f"--user-data-dir={tmp_path / 'p'}"]
    process = subprocess.Popen([*wait, *program], stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


async def test_a_browser_that_is_started_a_moment_later_is_waited_for(late: str) -> None:
    async with Browser(remote=Remote(late)) as browser:
        assert browser.alive


@pytest.mark.parametrize("form", ["http://localhost:{port}", "ws://localhost:{port}{path}", "ws://127.0.0.1:{port}/"])
async def test_a_debugging_port_is_known_by_its_address_or_by_what_it_answers(devtools: Elsewhere, form: str) -> None:
    async with httpx.AsyncClient() as client:
        own = (await client.get(f"{devtools.address}/json/version")).json()["webSocketDebuggerUrl"]
    port = devtools.address.rpartition(":")[2]
    async with Browser(remote=Remote(form.format(port=port, path=own.partition(port)[2]))) as browser:
        context = await browser.context(BrowserOptions(), Site(base_url="http://127.0.0.1"))
        assert context.pages == []
        await context.close()


async def refusal(address: str, patience: float = 0) -> str:
    with pytest.raises(BrowserUnavailable) as refused:
        async with Browser(remote=Remote(address, patience=patience)):
            pass
    return str(refused.value)


@pytest.mark.parametrize("scheme", ["ws", "http"])
async def test_an_address_where_nothing_answers_is_said_in_one_sentence_without_its_secrets(scheme: str) -> None:
    port = free_port()
    assert await refusal(f"{scheme}://me:pass@127.0.0.1:{port}/?token=t0ken") == (
        f"SENTRI_BROWSER_WS is {scheme}://127.0.0.1:{port}, where nothing answers:"
        " start a browser there or correct the address."
    )


async def test_something_that_is_no_browser_is_said_in_one_sentence() -> None:
    with pages({"/json/version/": "<h1>Shop</h1>"}) as site:
        for address in (site.url, site.url.replace("http", "ws") + "/"):
            said = await refusal(address, patience=30)
            assert "where something answers, but no browser" in said
            assert "\n" not in said


async def test_a_playwright_of_another_version_is_named_with_both_versions() -> None:
    """What run-server of Playwright 1.63 answers, word for word as far as it is read."""
    box = "║ Playwright version mismatch:  ║\n║   - server version: v1.63   ║\n║   - client version: v1.64   ║\n"
    with pages({"/": Answer(box, 428, type="text/plain")}) as site:
        said = await refusal(site.url.replace("http", "ws") + "/", patience=30)
    assert said == (
        f"The Playwright server at {site.url.replace('http', 'ws')} has version 1.63, but 1.64 is needed:"
        " start it with the Playwright of requirements.txt."
    )


async def test_the_doctor_proves_a_browser_elsewhere(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRI_BROWSER_WS", elsewhere.address)
    proof = await prove()
    assert proof.found.startswith(f"{elsewhere.address.rstrip('/')} (Chromium ")
    assert proof.screenshot_bytes > 1000
    elsewhere.kill()
    with pytest.raises(Unfit, match="where nothing answers"):
        await prove()


@pytest.fixture
def two_sites() -> Iterator[tuple[Pages, Pages]]:
    with pages({"/": "<h1>Elsewhere</h1>"}) as other, pages({}) as site:
        site.answers["/"] = f'<h1>Shop</h1><iframe src="{other.url}/"></iframe>'
        yield site, other


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_browser_elsewhere_goes_out_through_this_workers_guard_with_a_password(
    elsewhere: Elsewhere, two_sites: tuple[Pages, Pages], allowed: bool
) -> None:
    """127.0.0.2 stands for an address of this machine that others reach."""
    site, other = two_sites
    guard = Guard.allowing("127.0.0.1" if allowed else site.url.removeprefix("http://"))
    async with Browser(remote=Remote(elsewhere.address, egress_host="127.0.0.2"), guard=guard) as browser:
        context = await browser.context(BrowserOptions(), Site(base_url=site.url))
        page = await context.new_page()
        await page.goto(site.url)
        assert await page.evaluate("[typeof RTCPeerConnection, typeof WebTransport]") == ["undefined", "undefined"]
        text = await page.frame_locator("iframe").locator("body").inner_text()
        await context.close()
        assert browser._egress is not None
        proxy = browser._egress[1]
        assert proxy.startswith("http://127.0.0.2:")
        async with httpx.AsyncClient(proxy=proxy) as stranger:
            assert (await stranger.get(other.url)).status_code == 407
    assert ("Elsewhere" in text, "private address" in text) == (allowed, not allowed)
    assert bool(other.asked) == allowed


async def test_a_trace_of_a_browser_elsewhere_does_not_hold_the_password_of_the_way_out(
    elsewhere: Elsewhere, shop: Pages, tmp_path: Path
) -> None:
    async with Browser(
        remote=Remote(elsewhere.address, egress_host="127.0.0.2"), guard=Guard.allowing("127.0.0.1")
    ) as browser:
        plan = planned(shop, tmp_path / "files", trace="on", screenshot="off")
        events = await played(browser, plan, work(see("Shop")))
        assert browser._egress is not None
        user, password = (browser._egress[0].credentials[name] for name in ("username", "password"))
    [ended] = attempts(events)
    [file] = ended.artifacts
    assert shop.asked
    shapes = [password, base64.b64encode(f"{user}:{password}".encode()).decode(), quote(password, safe="")]
    assert len(password) > 10
    with zipfile.ZipFile(tmp_path / "files" / file.path) as trace:
        assert any(name.endswith(".network") for name in trace.namelist())
        held = [entry for entry in trace.namelist() if any(one.encode() in trace.read(entry) for one in shapes)]
    assert held == []


async def test_an_egress_address_of_another_machine_is_refused_in_one_sentence(devtools: Elsewhere) -> None:
    async with Browser(remote=Remote(devtools.address, egress_host="192.0.2.1")) as browser:
        with pytest.raises(
            BrowserUnavailable, match=r"SENTRI_EGRESS_HOST is 192\.0\.2\.1, which is no address of this"
        ):
            await browser.context(BrowserOptions(), Site(base_url="http://127.0.0.1"))
