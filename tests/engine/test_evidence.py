"""Videos, slow networks, and files that cannot be written."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.browser.video import find_ffmpeg
from runs.engine.events import Log
from tests.engine.executing import attempts, ends, miss, planned, played, see, work
from tests.engine.pages import Answer, Pages, pages

pytestmark = pytest.mark.asyncio(loop_scope="module")

BIG = 100_000


@pytest.fixture
def site() -> Iterator[Pages]:
    big = Answer("x" * BIG, type="text/plain")
    home = "<h1>Shop</h1><a href='/window' target=_blank>Open</a>"
    fetching = "<p id=b></p><script>fetch('/big').then(r => r.text()).then(t => b.textContent = t.length)</script>"
    with pages({"/": home, "/window": "<h1>Window</h1>", "/fetching": fetching, "/big": big}) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


@pytest.mark.skipif(find_ffmpeg() is None, reason="needs ffmpeg")
async def test_a_video_is_kept_of_what_is_wanted(browser: Browser, site: Pages, tmp_path: Path) -> None:
    failing = planned(site, tmp_path, video="on_failure", screenshot="off", trace="off")
    events = await played(browser, failing, work(miss("Gone"), retries=1), work(see("Shop"), result=2))
    kept = {(one.result, one.attempt): [file.path for file in one.artifacts] for one in attempts(events)}
    assert kept == {(1, 1): [], (1, 2): ["1/2/video.webm"], (2, 1): []}
    events = await played(browser, planned(site, tmp_path, video="on"), work(see("Shop"), result=3))
    (file,) = attempts(events)[0].artifacts
    assert (file.kind, file.content_type, file.path) == ("video", "video/webm", "3/1/video.webm")
    film = (tmp_path / file.path).read_bytes()
    assert len(film) == file.size > 1_000
    assert film.startswith(b"\x1a\x45\xdf\xa3")


async def test_without_ffmpeg_there_is_no_video_and_that_is_told_once(
    browser_path: str, site: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTRI_FFMPEG_PATH", str(tmp_path / "no-ffmpeg"))
    async with Browser(browser_path) as blind:
        events = await played(
            blind, planned(site, tmp_path, video="on"), work(see("Shop")), work(see("Shop"), result=2)
        )
    assert [end.outcome for end in ends(events).values()] == ["passed", "passed"]
    assert [ended.artifacts for ended in attempts(events)] == [(), ()]
    (told,) = [event for event in events if isinstance(event, Log)]
    assert told.message.startswith("Videos are not recorded: there is no ffmpeg.")


@pytest.mark.parametrize("kind", ["screenshot.png", "trace.zip"])
async def test_a_full_disk_costs_no_result_and_is_told_once(
    browser: Browser, site: Pages, tmp_path: Path, kind: str
) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}/1").mkdir(parents=True)
        (tmp_path / f"{number}/1/{kind}").symlink_to("/dev/full")
    everything = planned(site, tmp_path, screenshot="on", trace="on")
    events = await played(browser, everything, work(see("Shop")), work(miss("Gone"), result=2))
    assert [ends(events)[number].outcome for number in (1, 2)] == ["passed", "failed"]
    other = "trace" if kind == "screenshot.png" else "screenshot"
    assert [[file.kind for file in ended.artifacts] for ended in attempts(events)] == [[other], [other]]
    (told,) = [event for event in events if isinstance(event, Log)]
    assert told.message.startswith("Files of attempts cannot be written (")
    assert "no space left on device" in told.message.lower()
    assert told.message.endswith("); results are kept without them.")


async def test_a_place_that_takes_no_files_costs_no_result(browser: Browser, site: Pages, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    nowhere = planned(site, tmp_path / "file", screenshot="on", trace="on")
    events = await played(browser, nowhere, work(see("Shop")), work(miss("Gone"), result=2, retries=1))
    assert [ends(events)[number].outcome for number in (1, 2)] == ["passed", "failed"]
    (told,) = [event for event in events if isinstance(event, Log)]
    assert told.message == "Files of attempts cannot be written (Not a directory); results are kept without them."


async def test_a_slow_network_slows_down_pages(browser: Browser, site: Pages, tmp_path: Path) -> None:
    loaded = {"do": "expect_text", "target": {"css": "#b"}, "equals": str(BIG)}
    slow = planned(site, tmp_path, network="slow3g", timeout_ms=20_000)
    began = time.monotonic()
    events = await played(browser, slow, work(loaded, more={"start": "/fetching"}))
    assert ends(events)[1].outcome == "passed"
    # Two answers of 400 ms each, and a hundred kilobytes at fifty a second.
    assert time.monotonic() - began > 0.8 + BIG / 50_000 * 0.8


async def test_offline_there_is_no_network_at_all(browser: Browser, site: Pages, tmp_path: Path) -> None:
    events = await played(browser, planned(site, tmp_path, network="offline"), work(see("Shop")))
    failure = ends(events)[1].failure
    assert failure is not None
    assert (failure.kind, failure.message) == ("navigation", "/ could not be opened: there is no network")
    assert site.asked == []
    assert ends(await played(browser, planned(site, tmp_path), work(see("Shop"))))[1].outcome == "passed"
