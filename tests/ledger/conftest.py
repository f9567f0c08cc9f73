from collections.abc import Callable
from typing import Any

import pytest

from projects.models import Project, Test, Workspace
from runs import ledger
from runs.engine.events import AttemptEnded, Failure, TestEnded, TestStarted
from runs.engine.plan import CrawlOptions, RunOptions
from runs.models import Run, Shard
from tests.ledger.guard import forbid_computing_in_transactions

DOCUMENT = {"title": "Home shows its heading", "kind": "ui", "start": "/", "steps": [{"do": "expect_url", "path": "/"}]}


@pytest.fixture(autouse=True)
def computes_outside_of_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a site or a person is computed while the ledger has a transaction open."""
    forbid_computing_in_transactions(monkeypatch)


@pytest.fixture
def project(db: None) -> Project:
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    return Project.objects.create(workspace=workspace, name="Shop", url="http://shop.test/")


@pytest.fixture
def order(project: Project) -> Callable[..., ledger.RunRequest]:
    def make(**fields: Any) -> ledger.RunRequest:
        return ledger.RunRequest(**{"project": project, "actor": None, "actor_name": "Ada", **fields})

    return make


@pytest.fixture
def tests(project: Project) -> Callable[..., list[Test]]:
    def make(count: int, **fields: Any) -> list[Test]:
        found = [Test.write(project, None, f"Test {number}", {**DOCUMENT, **fields}) for number in range(count)]
        for test in found:
            test.decide("approve", None)
        return found

    return make


@pytest.fixture
def opened(order: Callable[..., ledger.RunRequest], tests: Callable[..., list[Test]]) -> Callable[..., Run]:
    def make(count: int = 3, shards: int = 1, **fields: Any) -> Run:
        return ledger.open_test_run(order(**fields), RunOptions(shards=shards), tests(count))

    return make


@pytest.fixture
def crawl(order: Callable[..., ledger.RunRequest]) -> Callable[..., Run]:
    def make(**options: Any) -> Run:
        return ledger.open_crawl(order(), CrawlOptions(**options))

    return make


class Hand:
    """A worker without an engine: holds a shard and plays the engine's events."""

    def __init__(self, run: Run, index: int = 0, worker: str = "here:1") -> None:
        shard = Shard.objects.get(run=run, index=index)
        held = ledger.hold(shard.pk, worker)
        assert held is not None
        self.held = held

    def claim(self) -> Any:
        return ledger.claim(self.held, retries=2).work

    def play(self, work: Any, outcome: str = "passed", attempts: int = 1) -> None:
        ledger.record(self.held, played(work.result, outcome, attempts, work.attempts_before))

    def work_off(self, outcome: str = "passed") -> int:
        number = 0
        while (work := self.claim()) is not None:
            self.play(work, outcome)
            number += 1
        return number


def played(result: int, outcome: str, attempts: int = 1, before: int = 0) -> list[Any]:
    failure = (
        Failure(kind="expectation", message="Expected heading “Cart”, found none.") if outcome == "failed" else None
    )
    events: list[Any] = []
    for number in range(before + 1, before + attempts + 1):
        good = outcome != "failed" and number == before + attempts
        events.append(TestStarted(result, number))
        events.append(AttemptEnded(result, number, good, 1_700_000_000.0, 20, (), None if good else failure))
    return [*events, TestEnded(result, outcome, before + attempts, 20, failure)]  # type: ignore[arg-type]


def case(number: int) -> dict[str, Any]:
    return {"family": "page", "key": f"page {number}", "page": "", "start": f"/{number}"}


def planned(hand: Hand, count: int = 0) -> None:
    """Plays the stage that decides what is tried."""
    assert ledger.take_stage(hand.held, "plan")
    counted = {"pages": 1, "templates": 1, "skipped_unchanged": 0}
    ledger.keep_plan(hand.held, {"account": False}, [case(number) for number in range(count)], counted)


@pytest.fixture
def hand() -> type[Hand]:
    return Hand


def story(run: Run) -> list[str]:
    return list(run.events.order_by("seq").values_list("type", flat=True))


def numbers(run: Run) -> list[int]:
    return list(run.events.order_by("seq").values_list("seq", flat=True))
