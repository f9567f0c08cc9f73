"""Faults of pages, browsers and drivers: each ends its attempt rightly, the shard goes on, and nothing is left."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.events import Event, Failure, Log, StepEnded, TestStarted
from runs.engine.execute import execute
from runs.engine.plan import ShardPlan, TestWork
from tests.engine.executing import attempts, ends, planned, played, puller, see, work
from tests.engine.pages import Answer, Answers, Asked, Pages, pages
from tests.held import PATIENCE, Held

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOP = "<h1>Shop</h1><button onclick='for (;;);'>Hang</button>"
GREEDY = """<h1>Shop</h1><script>setTimeout(() => { const kept = [];
  for (;;) kept.push(Array.from({length: 1e5}, Math.random)) }, 200)</script>"""
DIALOGS = "<h1>Shop</h1><script>setTimeout(() => { for (;;) alert('again') }, 200)</script>"
WINDOWS = "<h1>Shop</h1><script>setTimeout(() => setInterval(() => open('/plain'), 20), 200)</script>"
DOWNLOADS = """<h1>Shop</h1><a href='/file' download>Get</a><script>
  setInterval(() => document.querySelector('a').click(), 50)</script>"""
RESTLESS = """<h1>Shop</h1><p></p><script>setInterval(() => { fetch('/api');
  document.querySelector('p').textContent = performance.now() }, 20)</script>"""
PROCESSES = {"browser": "--remote-debugging-pipe", "driver": "run-driver", "renderer": "--type=renderer"}


@pytest.fixture
def site() -> Iterator[Pages]:
    poll = Held()

    def long_poll(asked: Asked) -> str:
        poll.wait()
        return "late"

    answers: Answers = {
        "/": "<h1>Shop</h1>",
        "/closed": "<p>The page has been closed</p>" * 2,
        "/plain": "<h1>Plain</h1>",
        "/loop": LOOP,
        "/greedy": GREEDY,
        "/dialogs": DIALOGS,
        "/windows": WINDOWS,
        "/downloads": DOWNLOADS,
        "/restless": RESTLESS,
        "/poll": long_poll,
        "/api": Answer("{}", type="application/json"),
        "/file": Answer("x" * 5_000_000, headers={"Content-Disposition": "attachment"}, type="application/zip"),
    }
    with pages(answers) as site:
        yield site
        poll.release()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


@pytest.fixture
def plan(site: Pages, tmp_path: Path) -> ShardPlan:
    return planned(site, tmp_path, timeout_ms=1_500, trace="off", parallel=1)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No process and no directory of a driver or browser outlives its `Browser`."""
    processes, directories = living(), left()
    yield
    until = time.monotonic() + PATIENCE
    while (living() > processes or left() > directories) and time.monotonic() < until:
        time.sleep(0.1)
    assert living() <= processes
    assert left() <= directories


def living() -> int:
    """Drivers and browsers below this process. Renderers come and go with the pages of a browser that is kept."""
    return len(pids("driver") | pids("browser"))


def left() -> int:
    """Directories of this process's drivers, each of which has all temporary files of its driver and browser."""
    return len(list(Path(tempfile.gettempdir()).glob(f"sentri-browser-{os.getpid()}-*")))


def pids(kind: str) -> set[int]:
    found = set()
    for process in psutil.Process().children(recursive=True):
        try:
            if PROCESSES[kind] in process.cmdline():
                found.add(process.pid)
        except psutil.Error:
            continue
    return found


def contexts(browser: Browser) -> int:
    assert browser._chromium is not None
    return len(browser._chromium.contexts)


async def hurt(browser: Browser, plan: ShardPlan, first: TestWork, deed: Callable[[], None]) -> list[Event]:
    """Play a test, do the deed once its page is open, then play a healthy test."""
    events: list[Event] = []
    done = False
    async for event in execute(browser, plan, puller(first, work(see("Shop"), result=2))):
        events.append(event)
        if isinstance(event, StepEnded) and event.step.index == -1 and not done:
            done = True
            deed()
    return events


def failure(events: list[Event], result: int = 1) -> Failure:
    found = ends(events)[result].failure
    assert found is not None
    return found


def at(start: str, *steps: dict[str, Any], **more: Any) -> TestWork:
    return work(*steps, more={"start": start}, **more)


def pressing(name: str) -> dict[str, Any]:
    return {"do": "click", "target": {"role": "button", "name": name}}


@pytest.mark.parametrize(
    ("test", "kind", "sentence"),
    [
        (at("/greedy", see("Never", timeout=30_000)), "crash", "The page crashed"),
        (at("/dialogs", see("Never", timeout=20_000)), "script", "The page opened more than 100 dialogs"),
        (at("/windows", see("Never", timeout=20_000)), "script", "The page opened more than 20 windows"),
    ],
    ids=["memory", "dialogs", "windows"],
)
async def test_a_page_that_knows_no_end_fails_its_attempt_and_the_next_test_passes(
    browser: Browser, plan: ShardPlan, test: TestWork, kind: str, sentence: str
) -> None:
    events = await played(browser, plan, test, work(see("Shop"), result=2))
    assert (failure(events).kind, failure(events).message) == (kind, sentence)
    assert ends(events)[2].outcome == "passed"
    assert contexts(browser) == 0


async def test_a_script_that_never_ends_fails_the_step_that_waits_for_it(browser: Browser, plan: ShardPlan) -> None:
    hang = {"do": "expect_no_console_errors"}
    events = await played(browser, plan, at("/loop", pressing("Hang"), hang), work(see("Shop"), result=2))
    assert failure(events).kind == "timeout"
    assert "a script may run for ever" in failure(events).message
    assert ends(events)[2].outcome == "passed"
    assert contexts(browser) == 0


@pytest.mark.parametrize("start", ["/restless", "/downloads"])
async def test_a_page_that_never_rests_can_be_tested_all_the_same(
    browser: Browser, plan: ShardPlan, start: str
) -> None:
    patient = plan.model_copy(update={"options": plan.options.model_copy(update={"timeout_ms": 10_000})})
    events = await played(browser, patient, at(start, see("Shop"), {"do": "expect_no_failed_requests"}))
    assert ends(events)[1].failure is None
    assert contexts(browser) == 0


async def test_a_page_that_is_crashed_by_its_browser_fails_its_attempt(browser: Browser, plan: ShardPlan) -> None:
    before = pids("renderer")

    def crash() -> None:
        for pid in pids("renderer") - before:
            os.kill(pid, signal.SIGILL)

    events = await hurt(browser, plan, at("/", see("Never", timeout=20_000)), crash)
    assert (failure(events).kind, failure(events).message) == ("crash", "The page crashed")
    assert ends(events)[2].outcome == "passed"


async def test_a_step_that_finds_two_elements_named_like_a_death_is_not_taken_for_one(
    browser: Browser, plan: ShardPlan
) -> None:
    click = {"do": "click", "target": {"text": "The page has been closed"}}
    events = await played(browser, plan, at("/closed", click))
    assert failure(events).kind == "not_found"
    assert "2 elements" in failure(events).message


@pytest.mark.parametrize("victim", ["browser", "driver"])
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
async def test_a_browser_or_driver_that_dies_or_hangs_costs_no_test_its_result(
    browser_path: str, plan: ShardPlan, victim: str, sent: signal.Signals
) -> None:
    before = pids(victim)
    wait = {"do": "wait_for", "target": {"text": "Shop"}, "timeout": 1_000}
    busy = {"do": "expect_no_console_errors"}
    async with Browser(browser_path) as mortal:

        def strike() -> None:
            for pid in pids(victim) - before:
                os.kill(pid, sent)

        events = await hurt(mortal, plan, work(wait, busy, wait), strike)
    assert [ended.failure for ended in attempts(events)] == [None, None]
    assert [ended.outcome for ended in ends(events).values()] == ["passed", "passed"]
    assert [event.attempt for event in events if isinstance(event, TestStarted)] == [1, 1, 1]
    assert [event.message for event in events if isinstance(event, Log)] == [
        "The browser died under “T”; the attempt is made again."
    ]


STOPS: dict[str, tuple[TestWork, float]] = {
    "an endless script": (at("/loop", pressing("Hang"), see("Never", timeout=120_000)), 1.0),
    "a navigation that gets no answer": (work({"do": "goto", "path": "/poll", "timeout": 120_000}), 0.0),
    "endless dialogs": (at("/dialogs", see("Never", timeout=120_000)), 0.0),
    "downloads": (at("/downloads", see("Never", timeout=120_000)), 0.0),
    "an expectation": (at("/", see("Never", timeout=120_000)), 0.0),
}


async def test_R20_a_context_that_is_being_opened_at_the_stop_is_closed_as_well(
    browser: Browser, plan: ShardPlan
) -> None:
    for turn in range(20):
        async with aclosing(execute(browser, plan, puller(work(see("Shop"))))) as events:
            async for event in events:
                if isinstance(event, TestStarted):
                    break
            await asyncio.sleep(0.002 * turn)
    async with asyncio.timeout(PATIENCE):
        while contexts(browser):  # noqa: ASYNC110 - the last ones close on this loop
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("name", list(STOPS))
async def test_R20_stopping_ends_everything_long_before_what_the_page_is_waited_for(
    browser: Browser, site: Pages, tmp_path: Path, unhurried_stop: None, name: str
) -> None:
    test, later = STOPS[name]
    recorded = planned(site, tmp_path, timeout_ms=120_000, test_timeout_ms=240_000, trace="on", parallel=3)
    tests = [test.model_copy(update={"result": number}) for number in range(5)]
    goes = test.document["steps"][0]["do"] == "goto"
    begun = 0
    async with aclosing(execute(browser, recorded, puller(*tests))) as events:
        async for event in events:
            begun += isinstance(event, TestStarted if goes else StepEnded)
            if begun == 3:
                break
        while goes and site.paths().count("/poll") < 3:  # noqa: ASYNC110 - the site has threads of its own
            await asyncio.sleep(0.05)
        await asyncio.sleep(later + 0.5)
    assert contexts(browser) == 0
    assert ends(await played(browser, planned(site, tmp_path), work(see("Shop"))))[1].outcome == "passed"
