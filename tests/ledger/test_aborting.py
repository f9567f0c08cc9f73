"""R20: an abort reaches every stage of a run soon, also those that compute and those that only wait."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from projects.models import Test
from runs import heartbeats, ledger, planning, states
from runs.drive import Loop
from runs.models import Run
from runs.worker import ShardWorker
from tests.ledger.conftest import Hand, planned
from tests.ledger.test_crawling import link, next_page, visit
from tests.ledger.test_scoring import proposal, proved, proving

Open = Callable[..., Run]


CRAWL = states.STAGES["crawl"]


def at(stage: str, crawl: Open) -> tuple[Run, ShardWorker]:
    """A crawl at one of its stages with several things to do, and the worker that is about to carry it out."""
    run = crawl(max_minutes=10, shards=1)
    if stage in (states.PROVE, states.SCORE):
        hand = proving(run, *(proposal(number, f"/{number}") for number in range(4)))
    else:
        hand = Hand(run)
    if stage == states.SCORE:
        for work in ledger.claim(hand.held, 2, 4).works:
            ledger.record(hand.held, proved(work))
    if stage in (states.CRAWL, states.PLAN, states.OBSERVE, states.PROPOSE):
        links = [link(f"/{number}") for number in range(4)] if stage == states.CRAWL else []
        visit(hand, next_page(hand), links)
    if stage in (states.OBSERVE, states.PROPOSE):
        planned(hand, 4 if stage == states.OBSERVE else 0)
    run.refresh_from_db()
    assert run.stage == stage
    worker = ShardWorker(hand.held)
    worker.ticked = 0.0
    return run, worker


class Pipeline:
    """Stands where the engine's pipelines do: takes work after work, two at a time, and ends none by itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[Any] = []
        self.cancelled: list[Any] = []
        for name, pull in (("crawl", 2), ("observe", 3), ("prove", 2)):
            monkeypatch.setattr(f"runs.worker.{name}", partial(self._stream, place=pull))
        monkeypatch.setattr("runs.worker.plan_cases", lambda *_given, **_more: self._endless())
        monkeypatch.setattr("runs.worker._browser", self._no_browser)
        monkeypatch.setattr(ShardWorker, "_require_site", lambda *_: None)

    @staticmethod
    async def _no_browser() -> Any:
        return None

    async def _endless(self) -> AsyncIterator[Any]:
        await self._one("planning")
        yield None

    async def _stream(self, *given: Any, place: int, **_more: Any) -> AsyncIterator[Any]:
        async def slot() -> None:
            while (work := await given[place]()) is not None:
                await self._one(work)

        async with asyncio.TaskGroup() as slots:
            slots.create_task(slot())
            slots.create_task(slot())
        yield None

    async def _one(self, work: Any) -> None:
        self.begun.append(work)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.append(work)
            raise


@pytest.mark.parametrize("stage", CRAWL)
def test_R20_each_stage_of_a_crawl_is_left_once_its_run_is_aborted_and_begins_nothing_more(
    crawl: Open, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The abort comes with the first thing that the stage begins; one tick later the worker knows."""
    run, worker = at(stage, crawl)
    pipeline = Pipeline(monkeypatch)
    beats: list[str] = []
    tick = worker.tick

    def ticked() -> None:
        run.refresh_from_db()
        beats.append(run.status)
        tick()

    monkeypatch.setattr(worker, "tick", ticked)
    for name in ("busy", "claimed"):
        monkeypatch.setattr(heartbeats, name, lambda *_: ledger.abort(run.pk, "Grace") if not run_over(run) else None)
    with pytest.raises(ledger.StaleLease):
        worker._carried_out(run)
    assert (again(run).status, again(run).stage) == (states.ABORTED, stage)
    assert len(pipeline.begun) <= 2, "what was being claimed when the abort came, for two slots; nothing after it"
    assert pipeline.cancelled == pipeline.begun
    assert beats.count(states.ABORTED) <= 1, "it leaves at the first tick that can know"
    assert again(run).pipeline.get(stage, {"done": 0})["done"] == 0, "an abort counts what was done, and nothing was"
    assert not Test.objects.filter(crawl_run=run.pk).exists() or stage in (states.PROVE, states.SCORE)


@pytest.mark.parametrize("stage", CRAWL)
def test_each_stage_of_a_crawl_ends_when_the_minutes_of_the_crawl_are_over(
    crawl: Open, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, worker = at(stage, crawl)
    pipeline = Pipeline(monkeypatch)

    def pass_by(*_: Any) -> None:
        Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(minutes=11))
        worker.ends = time.monotonic()

    for name in ("busy", "claimed"):
        monkeypatch.setattr(heartbeats, name, pass_by)
    assert worker._carried_out(run)
    assert len(pipeline.begun) <= 2
    assert pipeline.cancelled == pipeline.begun
    now = again(run)
    if states.next_stage("crawl", stage) is None:
        assert now.status == states.JUDGING
    else:
        assert (now.status, CRAWL.index(now.stage) > CRAWL.index(stage)) == (states.RUNNING, True)
    assert worker.ends is None


def test_each_stage_of_a_crawl_has_its_share_of_the_minutes() -> None:
    assert tuple(planning.SHARES) == CRAWL
    assert list(planning.SHARES.values()) == sorted(planning.SHARES.values())
    assert planning.ends_by(CRAWL[-1]) == 1.0


def test_tests_for_whose_comparison_there_is_no_time_are_kept_as_they_were_proved(crawl: Open) -> None:
    run, worker = at(states.SCORE, crawl)
    Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(minutes=11))
    try:
        assert worker._carried_out(again(run))
    finally:
        heartbeats.idle()
    assert again(run).status == states.JUDGING
    assert Test.objects.filter(crawl_run=run.pk).count() == 4
    logs = [event.data["message"] for event in run.events.filter(type="log")]
    assert "There was no time to compare the tests with each other: they are kept as they were proved." in logs


def again(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


def run_over(run: Run) -> bool:
    return again(run).is_over


def test_R20_what_waits_for_a_site_to_answer_is_left_as_well() -> None:
    class Stop(Exception):
        """As an abort."""

    cancelled: list[bool] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    def tick() -> Any:
        raise Stop

    with pytest.raises(Stop):
        Loop.current().run(waits(), tick)
    Loop.current().run(asyncio.sleep(0))
    assert cancelled == [True]
