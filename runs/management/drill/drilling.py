"""Rounds of a drill: runs are opened, things die, and in the end everything is looked at."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any

from django.db import DatabaseError, connections

from projects.models import Channel, Project, Test, Workspace
from runs import delivering, ledger, states
from runs.engine.plan import CrawlOptions, RunOptions
from runs.engine.steps.expect_url import ExpectUrl
from runs.engine.steps.expect_visible import ExpectVisible
from runs.engine.steps.reload import Reload
from runs.engine.steps.request import Request
from runs.management import demo
from runs.management.drill import outside
from runs.management.drill.faults import FAULTS, WEIGHTS, DrillStage
from runs.management.drill.findings import Findings, look
from runs.management.drill.outside import Receiver
from runs.management.drill.worker_fleet import WorkerFleet
from runs.management.processes import StopRequest
from runs.models import Delivery, Lease, Run, RunEvent, Worker

SUPERVISORS = 2
RUNS_A_ROUND = 2
TESTS = 6
CRAWLS, PAGES = 0.2, 8
MOST_LIVING = 6
# Without any news. Counted from the last fault, runs on a machine with a load of 46 did not keep it.
SETTLING_SECONDS = 150.0
TRIES = 20


@dataclass
class DrillReport:
    """What was done, and what was found."""

    seed: int
    rounds: int = 0
    runs: int = 0
    crawls: int = 0
    results: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    leases_lost: int = 0
    hung: int = 0
    poisoned: int = 0
    deliveries: int = 0
    repeated: int = 0
    findings: Findings = field(default_factory=Findings)

    @property
    def plain(self) -> dict[str, Any]:
        """Everything as JSON has it, the findings as their numbers."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        counted = {name: dict(value) for name, value in named.items() if isinstance(value, Counter)}
        return {**named, **counted, "findings": self.findings.numbers}


class Drill:
    """One drill on a migrated, empty database. `say` takes a line of progress."""

    def __init__(self, seed: int, workers: int, say: Callable[[str], None]) -> None:
        self.report = DrillReport(seed)
        self.chance = Random(seed)  # noqa: S311 - it has to be repeatable
        self.fleet = WorkerFleet(SUPERVISORS, max(1, workers // SUPERVISORS))
        self.stage = DrillStage(self.fleet, self.chance)
        self.say = say
        self.runs: list[int] = []

    def carry_out(self, rounds: int, stop: StopRequest) -> DrillReport:
        with ExitStack() as stack:
            shop = stack.enter_context(demo.shop())
            receiver = stack.enter_context(outside.receiver())
            projects = [self._project(f"{shop}/", receiver, number) for number in range(2)]
            stack.callback(self.fleet.dismiss)
            for number in range(rounds):
                if stop:
                    break
                self.report.rounds = number + 1
                self._round(projects, receiver)
            self.stage.wait()
            self.fleet.resume()
            self._settle(stop)
            self._conclude(receiver)
        return self.report

    def _project(self, url: str, receiver: Receiver, number: int) -> Project:
        """A project of a workspace of its own, with tests that pass and a webhook."""
        workspace = Workspace.objects.create(name=f"Drill {number}", slug=f"drill-{number}")
        project = Project.objects.create(workspace=workspace, name="Shop", url=url, max_concurrent_runs=3)
        for place in range(TESTS):
            title = f"Test {place}"
            Test.write(project, None, title, {"title": title, **DOCUMENTS[place % len(DOCUMENTS)]})
        channel = Channel(project=project, kind="webhook", name="Receiver", when="always")
        delivering.put_settings(channel, {"url": f"{receiver.url}/webhook"})
        channel.save()
        return project

    def _round(self, projects: list[Project], receiver: Receiver) -> None:
        self.fleet.muster()
        for _ in range(RUNS_A_ROUND):
            if self._again(self._living) < MOST_LIVING:
                self.runs.append(self._again(lambda: self._open(self.chance.choice(projects), receiver)))
        for _ in range(self.chance.choice((1, 1, 2))):
            time.sleep(self.chance.uniform(0.3, 3.0))
            self._fault()

    def _open(self, project: Project, receiver: Receiver) -> int:
        order = ledger.RunRequest(
            project, None, "the drill", priority=self.chance.choice((0, 0, 5)), callback_url=f"{receiver.url}/callback"
        )
        if self.chance.random() < CRAWLS:
            crawl = CrawlOptions(shards=2, parallel=2, max_pages=PAGES, test_count=3, max_breakages=3)
            return int(ledger.open_crawl(order, crawl).pk)
        options = RunOptions(shards=self.chance.choice((1, 2, 3)), parallel=2, retries=2, trace="off")
        return int(ledger.open_test_run(order, options, list(project.tests.filter(origin="person"))).pk)

    def _living(self) -> int:
        return Run.objects.filter(pk__in=self.runs).living().count()

    def _fault(self) -> None:
        """One fault by chance; another one where there is nobody to do it to."""
        for name in self._shuffled():
            if self._again(lambda name=name: FAULTS[name](self.stage)):  # type: ignore[misc]
                self.report.faults[name] += 1
                self.say(f"round {self.report.rounds}: {name}")
                return

    def _shuffled(self) -> list[str]:
        """All faults: first those that have not happened yet, then by weight."""
        # Weighted sampling without replacement (Efraimidis and Spirakis): the largest of these powers come first.
        drawn = {name: self.chance.random() ** (1 / WEIGHTS[name]) for name in FAULTS}
        return sorted(FAULTS, key=lambda name: (self.report.faults[name] > 0, -drawn[name]))

    def _again(self, verb: Callable[[], Any]) -> Any:
        """What the verb gives; tried again while the database is on its way back."""
        for _ in range(TRIES):
            try:
                return verb()
            except DatabaseError:
                # A connection that a restart broke stays broken until it is closed.
                connections.close_all()
                time.sleep(0.5)
        return verb()

    def _settle(self, stop: StopRequest) -> None:
        """Until every run is over and has paid what it owes, or nothing has moved for so long that it is stuck."""
        self.say("No more faults; waiting until everything has settled")
        moved, before = time.monotonic(), None
        while time.monotonic() < moved + SETTLING_SECONDS and not stop:
            self.fleet.muster()
            left = self._again(self._unsettled)
            if not left:
                return
            now = left, self._again(RunEvent.objects.filter(run__in=self.runs).count)
            if now != before:
                moved, before = time.monotonic(), now
            time.sleep(0.5)

    def _unsettled(self) -> int:
        return self._living() + Delivery.objects.filter(run__in=self.runs, state=states.OWED).count()

    def _conclude(self, receiver: Receiver) -> None:
        report, mine = self.report, Run.objects.filter(pk__in=self.runs)
        report.findings = look(self.runs, TESTS, receiver)
        report.runs, report.crawls = len(self.runs), mine.filter(kind="crawl").count()
        report.results = sum(run.results.count() for run in mine)
        report.ended = Counter(
            f"{run.status} {run.verdict}".strip() if run.verdict else run.status
            for run in mine.only("status", "verdict")
        )
        report.leases_lost = Lease.objects.filter(shard__run__in=self.runs, state=states.LOST).count()
        report.hung = Worker.objects.exclude(hung_at=None).count()
        report.poisoned = sum(run.results.filter(error_kind="crash").count() for run in mine)
        report.deliveries = Delivery.objects.filter(run__in=self.runs).count()
        report.repeated = sum(number - 1 for number in receiver.keys.values() if number > 1)


def _sees(name: str) -> dict[str, Any]:
    return ExpectVisible.step(target={"role": "heading", "name": name})


DOCUMENTS: tuple[dict[str, Any], ...] = (
    {"kind": "ui", "start": "/products", "steps": [_sees("All products")]},
    {"kind": "ui", "start": "/", "steps": [ExpectUrl.step(path="/"), Reload.step()]},
    {
        "kind": "api",
        "steps": [Request.step(method="GET", path="/api/health", expect={"status": 200})],
    },
)
