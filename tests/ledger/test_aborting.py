"""R20: an abort reaches every stage of a run soon, also those that compute and those that only wait."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from runs import heartbeats, ledger, states
from runs.drive import Loop
from runs.models import Run
from runs.tasks import STAGES, Worker
from tests.ledger.conftest import Hand, planned
from tests.ledger.test_crawling import next_page, visit
from tests.ledger.test_scoring import proved, proving

Open = Callable[..., Run]
SOON = 2.0


def at(stage: str, crawl: Open) -> tuple[Run, Worker]:
    """A crawl at one of its lone stages, and the worker that is about to carry it out."""
    run = crawl()
    if stage == states.SCORE:
        hand = proving(run)
        for work in ledger.claim(hand.held, 2, 2).works:
            ledger.record(hand.held, proved(work))
    else:
        hand = Hand(run)
        visit(hand, next_page(hand))
        if stage == states.PROPOSE:
            planned(hand)
    run.refresh_from_db()
    assert run.stage == stage
    worker = Worker(hand.held)
    worker.ticked = 0.0
    return run, worker


@pytest.mark.parametrize("stage", sorted(states.LONE))
def test_R20_a_stage_that_computes_is_left_once_its_run_is_aborted(
    crawl: Open, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, worker = at(stage, crawl)
    monkeypatch.setattr(heartbeats, "busy", lambda *_: ledger.abort(run.pk, "Grace"))
    with pytest.raises(ledger.Stale):
        STAGES[stage](worker, run)
    run.refresh_from_db()
    assert (run.status, run.stage) == (states.ABORTED, stage)
    assert stage not in run.pipeline


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

    began = time.monotonic()
    with pytest.raises(Stop):
        Loop.current().run(waits(), tick)
    Loop.current().run(asyncio.sleep(0))
    assert cancelled == [True]
    assert time.monotonic() - began < 30
