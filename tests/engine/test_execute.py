import asyncio
import os
import time
import zipfile
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
from pydantic import SecretStr

from runs.engine.browser import Browser, BrowserUnavailable
from runs.engine.events import AttemptEnded, Log, StepEnded, TestEnded, TestStarted
from runs.engine.execute import execute
from runs.engine.execute.attempt import AttemptPlayer
from runs.engine.plan import Credentials, ShardPlan, TestWork
from tests.engine.executing import (
    PASSWORD,
    account_page,
    attempts,
    ends,
    miss,
    planned,
    played,
    puller,
    see,
    sign_in_page,
    visits,
    work,
)
from tests.engine.pages import Answer, Answers, Asked, Pages, pages

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def site() -> Iterator[Pages]:
    answers: Answers = {
        "/": "<title>Shop</title><h1>Shop</h1><label>Name <input></label><output></output>",
        "/visits": visits,
        "/sign-in": sign_in_page,
        "/account": account_page,
        "/api": lambda asked: Answer('{"id": 7}', type="application/json"),
    }
    with pages(answers) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


@pytest.fixture
def plan(site: Pages, tmp_path: Path) -> ShardPlan:
    return planned(site, tmp_path)


async def test_a_test_that_passes_tells_its_story_in_order(browser: Browser, plan: ShardPlan) -> None:
    began = time.time()
    events = await played(browser, plan, work(see("Shop"), {"do": "expect_url", "path": "/"}))
    assert [type(event) for event in events] == [
        TestStarted,
        StepEnded,
        StepEnded,
        StepEnded,
        AttemptEnded,
        TestEnded,
    ]
    steps = [event.step for event in events if isinstance(event, StepEnded)]
    assert [(step.index, step.do, step.ok) for step in steps] == [
        (-1, "goto", True),
        (0, "expect_visible", True),
        (1, "expect_url", True),
    ]
    assert steps[0].sentence == "Open /"
    ended = attempts(events)[0]
    assert ended.passed
    assert ended.steps == tuple(steps)
    assert ended.artifacts == ()
    assert began <= ended.started_at <= time.time()
    assert [(request["method"], request["status"]) for request in ended.requests] == [("GET", 200)]
    assert ends(events)[1].outcome == "passed"


async def test_a_test_that_fails_is_tried_again_in_a_fresh_context_and_leaves_evidence(
    browser: Browser, plan: ShardPlan, site: Pages, tmp_path: Path
) -> None:
    events = await played(browser, plan, work(miss("Again"), more={"start": "/visits"}, retries=1))
    first, second = attempts(events)
    assert (first.attempt, second.attempt) == (1, 2)
    assert [asked.headers.get("cookie") for asked in site.asked] == [None, None]
    assert [artifact.kind for artifact in first.artifacts] == ["screenshot"]
    assert [(a.kind, a.path, a.content_type) for a in second.artifacts] == [
        ("screenshot", "1/2/screenshot.png", "image/png"),
        ("trace", "1/2/trace.zip", "application/zip"),
    ]
    for artifact in second.artifacts:
        assert (tmp_path / artifact.path).stat().st_size == artifact.size > 0
    with zipfile.ZipFile(tmp_path / "1/2/trace.zip") as trace:
        assert "trace.trace" in trace.namelist()
    end = ends(events)[1]
    assert (end.outcome, end.attempts) == ("failed", 2)
    assert end.failure is not None
    assert (end.failure.kind, end.failure.step) == ("expectation", 0)
    assert 'headings there: "First visit"' in end.failure.message


async def test_a_test_that_passes_at_the_second_try_is_flaky(browser: Browser, tmp_path: Path) -> None:
    def sometimes(asked: Asked) -> str:
        return "<h1>Shop</h1>" if len(shop.asked) > 1 else "<h1>Sorry</h1>"

    with pages({"/": sometimes}) as shop:
        events = await played(browser, planned(shop, tmp_path), work(see("Shop", timeout=1_000), retries=2))
    assert [ended.passed for ended in attempts(events)] == [False, True]
    end = ends(events)[1]
    assert (end.outcome, end.attempts) == ("flaky", 2)
    assert end.failure is not None
    assert "Sorry" in end.failure.message


async def test_attempts_made_before_count(browser: Browser, plan: ShardPlan) -> None:
    events = await played(browser, plan, work(miss("Gone"), retries=2, attempts_before=2))
    assert [event.attempt for event in events if isinstance(event, TestStarted)] == [3]
    assert (ends(events)[1].outcome, ends(events)[1].attempts) == ("failed", 3)


async def test_without_retries_the_first_failure_has_its_trace(browser: Browser, plan: ShardPlan) -> None:
    events = await played(browser, plan, work(miss("Gone")))
    assert [artifact.kind for artifact in attempts(events)[0].artifacts] == ["screenshot", "trace"]


async def test_nothing_is_kept_when_nothing_is_wanted(browser: Browser, site: Pages, tmp_path: Path) -> None:
    quiet = planned(site, tmp_path, trace="off", screenshot="off")
    events = await played(browser, quiet, work(miss("Gone")), work(see("Shop"), result=2))
    assert [ended.artifacts for ended in attempts(events)] == [(), ()]
    assert os.listdir(tmp_path) == []  # noqa: PTH208


async def test_everything_is_kept_when_everything_is_wanted(browser: Browser, site: Pages, tmp_path: Path) -> None:
    events = await played(browser, planned(site, tmp_path, trace="on", screenshot="on"), work(see("Shop")))
    assert [artifact.kind for artifact in attempts(events)[0].artifacts] == ["screenshot", "trace"]


async def test_soft_failures_wait_for_the_end_and_optional_ones_do_not_count(browser: Browser, plan: ShardPlan) -> None:
    steps = (miss("Optional", optional=True), miss("Soft", soft=True), see("Shop"), miss("Softer", soft=True))
    events = await played(browser, plan, work(*steps), work(steps[0], steps[2], result=2))
    ended = next(ended for ended in attempts(events) if ended.result == 1)
    assert [step.ok for step in ended.steps] == [True, False, False, True, False]
    assert ended.failure is not None
    assert ended.failure.step == 1
    assert (ends(events)[1].outcome, ends(events)[2].outcome) == ("failed", "passed")


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (work({"do": "clik"}), "steps[0].do: 'clik' is not a step"),
        (work({"do": "fill", "target": {"label": "Name"}, "value": "{{nobody}}"}), "steps[0]: {{nobody}} is not"),
        (TestWork(result=1, title="T", document={}), "title: this is missing"),
    ],
)
async def test_what_is_no_test_fails_before_anything_is_opened(
    browser: Browser, plan: ShardPlan, site: Pages, broken: TestWork, sentence: str
) -> None:
    (end,) = await played(browser, plan, broken)
    assert isinstance(end, TestEnded)
    assert (end.outcome, end.attempts) == ("failed", 0)
    assert end.failure is not None
    assert end.failure.kind == "document"
    assert end.failure.message.startswith(sentence)
    assert site.asked == []


async def test_an_api_test_needs_no_page(browser: Browser, plan: ShardPlan, site: Pages) -> None:
    asking = {"do": "request", "path": "/api", "save": {"id": "$.id"}}
    again = {"do": "request", "method": "POST", "path": "/api", "json": {"id": "{{id}}"}}
    bad = {"do": "request", "path": "/nothing"}
    api = {"kind": "api"}
    events = await played(browser, plan, work(asking, again, more=api), work(bad, result=2, more=api))
    assert [(asked.method, asked.body) for asked in site.asked if asked.path == "/api"] == [
        ("GET", b""),
        ("POST", b'{"id": 7}'),
    ]
    assert (ends(events)[1].outcome, ends(events)[2].outcome) == ("passed", "failed")
    failed = next(ended for ended in attempts(events) if ended.result == 2)
    assert failed.failure is not None
    assert failed.failure.step == 0
    assert [artifact.kind for artifact in failed.artifacts] == ["trace"]


async def test_tests_that_start_signed_in_share_one_sign_in(browser: Browser, plan: ShardPlan, site: Pages) -> None:
    member = {"auth": "account", "start": "/account"}
    tests = [work(see("Hello Ali"), result=number, more=member) for number in (1, 2, 3)]
    stranger = work(see("Sign in"), result=4, more={"start": "/account"})
    asking = {"do": "request", "path": "/account", "expect": {"contains": "Hello Ali"}}
    api = work(asking, result=5, more={"kind": "api", "auth": "account"})
    events = await played(browser, plan, *tests, stranger, api)
    assert {end.outcome for end in ends(events).values()} == {"passed"}
    assert [asked.method for asked in site.asked].count("POST") == 1


async def test_a_sign_in_that_fails_is_the_failure(browser: Browser, site: Pages, tmp_path: Path) -> None:
    wrong = planned(site, tmp_path)
    account = Credentials(username="ali", password=SecretStr("wrong!"), login_url="/sign-in")
    wrong = wrong.model_copy(update={"site": wrong.site.model_copy(update={"credentials": account})})
    events = await played(browser, wrong, work(see("Hello"), more={"auth": "account"}))
    failure = ends(events)[1].failure
    assert failure is not None
    assert failure.kind == "blocked"
    assert "did not accept the credentials: it says “Wrong password”" in failure.message


async def test_secrets_do_not_leave(browser: Browser, plan: ShardPlan, tmp_path: Path) -> None:
    console = '<h1>Echo</h1><label>Name <input></label><output></output><script>document.querySelector("input")'
    echo = console + ".oninput = e => { document.querySelector('output').textContent = e.target.value;"
    answers: Answers = {
        "/": echo + "console.error(e.target.value); fetch('/x?' + encodeURIComponent(e.target.value)) }</script>"
    }
    fill = {"do": "fill", "target": {"label": "Name"}, "value": "{{account.password}} {{token}}"}
    output = {"css": "output"}
    fail = {"do": "expect_text", "target": output, "equals": "{{account.password}}", "timeout": 400}
    with pages(answers) as site:
        where = plan.site.model_copy(update={"base_url": site.url})
        kept = plan.model_copy(update={"site": where})
        events = await played(browser, kept, work(fill, {"do": "wait_for", "target": output}, fail))
    said = repr(events)
    for secret in (PASSWORD, "open%20sesame", "t0ken"):
        assert secret not in said
    ended = attempts(events)[0]
    assert ended.steps[1].sentence == 'Fill the field "Name" with "••• •••"'
    assert ended.console == ("••• •••",)
    assert any("x?•••%20•••" in request["url"] for request in ended.requests)
    with zipfile.ZipFile(tmp_path / "1/1/trace.zip") as trace:
        everything = b"".join(trace.read(name) for name in trace.namelist())
    assert "•••".encode() in everything
    for secret in (PASSWORD, "open%20sesame", "t0ken"):
        assert secret.encode() not in everything


async def test_so_many_contexts_are_busy_at_a_time(browser: Browser, site: Pages, tmp_path: Path) -> None:
    busy: set[int] = set()
    most = 0
    tests = [work(see("Shop"), result=number) for number in range(7)]
    async for event in execute(browser, planned(site, tmp_path, parallel=3, timeout_ms=5_000), puller(*tests)):
        if isinstance(event, TestStarted):
            busy.add(event.result)
        most = max(most, len(busy))
        if isinstance(event, TestEnded):
            assert event.outcome == "passed"
            busy.discard(event.result)
    assert most == 3
    assert busy == set()


async def test_a_test_that_takes_too_long_is_stopped(browser: Browser, site: Pages, tmp_path: Path) -> None:
    slow = planned(site, tmp_path, timeout_ms=30_000, test_timeout_ms=3_000)
    events = await played(browser, slow, work(see("Gone")))
    failure = ends(events)[1].failure
    assert failure is not None
    assert (failure.kind, failure.step) == ("timeout", 0)
    assert failure.message == "The test was stopped after 3 s, which is its limit"


def renderers() -> list[psutil.Process]:
    return processes("--type=renderer")


def processes(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if mark in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill_others(found: Iterable[psutil.Process], before: Collection[int]) -> None:
    """Kills the processes that were not there before; one may have gone with another by then."""
    for process in found:
        if process.pid not in before:
            with suppress(psutil.NoSuchProcess):
                process.kill()


async def test_a_page_that_crashes_fails_its_attempt(browser: Browser, site: Pages, tmp_path: Path) -> None:
    before = {process.pid for process in renderers()}
    patient = planned(site, tmp_path, timeout_ms=20_000)
    failure = None
    async for event in execute(browser, patient, puller(work(see("Never")))):
        if isinstance(event, StepEnded) and event.step.index == -1:
            kill_others(renderers(), before)
        if isinstance(event, TestEnded):
            failure = event.failure
    assert failure is not None
    assert (failure.kind, failure.message, failure.step) == ("crash", "The page crashed", 0)


@pytest.mark.parametrize("victim", ["browser", "driver"])
async def test_a_browser_that_dies_is_not_the_tests_fault(
    browser_path: str, site: Pages, tmp_path: Path, victim: str
) -> None:
    patient = planned(site, tmp_path, timeout_ms=20_000, parallel=1)
    mark = "--remote-debugging-pipe" if victim == "browser" else "run-driver"
    before = {process.pid for process in processes(mark)}
    killed = False
    events = []
    async with Browser(browser_path) as mortal:
        wait = {"do": "wait_for", "target": {"text": "Released"}}
        async for event in execute(mortal, patient, puller(work(wait))):
            events.append(event)
            if isinstance(event, StepEnded) and event.step.index == -1:
                if killed:
                    continue
                killed = True
                site.answers["/"] = "<p>Released</p>"
                kill_others(processes(mark), before)
    assert killed
    assert [ended.failure for ended in attempts(events)] == [None]
    assert ends(events)[1].outcome == "passed"
    assert [event.message for event in events if isinstance(event, Log)] == [
        "The browser died under “T”; the attempt is made again."
    ]


async def test_stopping_leaves_nothing_behind(
    browser: Browser, site: Pages, tmp_path: Path, unhurried_stop: None
) -> None:
    patient = planned(site, tmp_path, timeout_ms=120_000, test_timeout_ms=240_000, parallel=3)
    tests = [work(see("Never"), result=number) for number in range(5)]
    opened = 0
    async with aclosing(execute(browser, patient, puller(*tests))) as events:
        async for event in events:
            opened += isinstance(event, StepEnded)
            if opened == 3:
                break
    assert open_contexts(browser) == 0


async def test_a_pull_that_waits_can_be_stopped(browser: Browser, plan: ShardPlan) -> None:
    async def never() -> TestWork | None:
        await asyncio.Event().wait()
        return None

    stream = execute(browser, plan, never)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def open_contexts(browser: Browser) -> int:
    assert browser._chromium is not None
    return len(browser._chromium.contexts)


async def test_a_shard_without_a_browser_says_so(plan: ShardPlan) -> None:
    none = Browser("/bin/false")
    with pytest.raises(BrowserUnavailable, match="/bin/false could not be started"):
        await played(none, plan, work(see("Shop")))
    await none.__aexit__()


async def test_what_breaks_us_on_one_test_fails_that_one_alone(
    browser: Browser, plan: ShardPlan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ended = AttemptPlayer._ended

    def broken(attempt: AttemptPlayer, *found: Any) -> AttemptEnded:
        if attempt.spec.work.result == 1:
            raise IndexError("of our own making")
        return ended(attempt, *found)

    monkeypatch.setattr(AttemptPlayer, "_ended", broken)
    found = ends(await played(browser, plan, *(work(see("Shop"), result=number) for number in (1, 2, 3))))
    assert {number: end.outcome for number, end in found.items()} == {1: "failed", 2: "passed", 3: "passed"}
    assert found[1].failure is not None
    assert found[1].failure.kind == "crash"
    assert found[1].failure.message == "Sentri broke here: IndexError: of our own making"
    assert "result 1 broke" in caplog.text
