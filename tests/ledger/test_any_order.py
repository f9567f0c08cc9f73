"""Anything that can happen to a run, in any order: the ledger's promises hold after every step."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from projects.models import Activity, Project, Test, Workspace
from runs import gates, ledger, reading, states
from runs.engine.plan import RunOptions
from runs.models import Delivery, Lease, Result, Run, RunEvent, Shard
from tests.ledger.conftest import DOCUMENT, played

SHARDS = 3


class AnyOrder(RuleBasedStateMachine):
    """Workers, the reaper, people and late messages play on one run."""

    def __init__(self) -> None:
        super().__init__()
        self.holds: list[ledger.Hold] = []
        self.works: list[tuple[ledger.Hold, Any]] = []
        self.resolved: dict[int, str] = {}

    @initialize(
        count=st.integers(1, 6),
        doomed=st.integers(0, 1),
        max_failures=st.none() | st.integers(1, 3),
        in_groups=st.booleans(),
        chained=st.booleans(),
    )
    def queue(self, count: int, doomed: int, max_failures: int | None, in_groups: bool, chained: bool) -> None:
        workspace = Workspace.objects.create(
            name="W", slug=f"w-{Workspace.objects.count()}-{timezone.now().timestamp()}"
        )
        project = Project.objects.create(workspace=workspace, name="P", url="http://shop.test/")
        tests = [Test.write(project, None, f"T{number}", DOCUMENT) for number in range(count)]
        if chained and count > 2:
            tests[2].document = {**DOCUMENT, "depends_on": [tests[0].public_id]}
        order = ledger.RunRequest(project, None, "Ada", callback_url="http://ci.test/done")
        self.run = ledger.open_test_run(order, RunOptions(shards=SHARDS, max_failures=max_failures), tests)
        self.run.results.update(estimate_ms=1000)
        if in_groups:
            self.run.results.filter(position__lt=2).update(serial="stock")
        for test in tests[:doomed]:
            test.delete_softly()
        self.total = count

    @rule(index=st.integers(0, SHARDS - 1))
    def deliver(self, index: int) -> None:
        shard = Shard.objects.filter(run=self.run, index=index).first()
        held = ledger.hold(shard.pk, f"w:{len(self.holds)}") if shard else None
        if held:
            self.holds.append(held)

    @rule()
    def come(self) -> None:
        """A worker takes whatever deserves it most."""
        held = ledger.take(f"w:{len(self.holds)}")
        if held:
            self.holds.append(held)

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), wanted=st.integers(1, 3), hedging=st.booleans())
    def claim(self, data: st.DataObject, wanted: int, hedging: bool) -> None:
        held = data.draw(st.sampled_from(self.holds))
        with suppress(ledger.StaleLease):
            self.works += [(held, work) for work in ledger.claim(held, 2, wanted, hedging=hedging).works]

    @rule()
    def time_passes(self) -> None:
        """What is running has run for long."""
        self.run.results.filter(status="running").update(claimed_at=timezone.now() - timedelta(minutes=1))

    @precondition(lambda self: self.works)
    @rule(data=st.data(), outcome=st.sampled_from(["passed", "flaky", "failed"]))
    def record(self, data: st.DataObject, outcome: str) -> None:
        held, work = data.draw(st.sampled_from(self.works))
        before = RunEvent.objects.filter(run=self.run).count()
        try:
            ledger.record(held, played(work.result, outcome, 2 if outcome == "flaky" else 1, work.attempts_before))
        except ledger.StaleLease:
            assert RunEvent.objects.filter(run=self.run).count() == before

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.holds))
        Lease.objects.filter(pk=held.lease, state="open").update(expires_at=timezone.now() - timedelta(seconds=1))

    @rule()
    def reap(self) -> None:
        ledger.sweep()

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), way=st.sampled_from([ledger.finish, ledger.give_back]))
    def leave(self, data: st.DataObject, way: Any) -> None:
        way(data.draw(st.sampled_from(self.holds)))

    @rule()
    def judge(self) -> None:
        run = Run.objects.select_related("project").get(pk=self.run.pk)
        if run.status == states.JUDGING:
            ledger.close(run.pk, gates.judge(reading.report(run)))
        else:
            with pytest.raises(ledger.StaleLease):
                ledger.close(run.pk, gates.judge(reading.report(run)))

    @rule()
    def a_finalizer_dies(self) -> None:
        """It had computed everything and was about to commit."""
        run = Run.objects.select_related("project").get(pk=self.run.pk)
        if run.status == states.JUDGING:
            with suppress(RuntimeError), transaction.atomic():
                ledger.close(run.pk, gates.judge(reading.report(run)))
                raise RuntimeError
            assert Run.objects.get(pk=run.pk).status == states.JUDGING

    @rule(chance=st.integers(0, 9))
    def abort(self, chance: int) -> None:
        if chance == 0:
            over = Run.objects.get(pk=self.run.pk).is_over
            try:
                ledger.abort(self.run.pk, "Grace")
                assert not over
            except ledger.Refused:
                assert over

    @invariant()
    def the_sum_of_results_never_changes(self) -> None:
        tally = self.run.results.tally()
        assert tally["total"] == self.total
        if Run.objects.get(pk=self.run.pk).is_over:
            assert tally["pending"] == tally["running"] == 0

    @invariant()
    def what_is_resolved_stays_resolved(self) -> None:
        now = dict(Result.objects.filter(run=self.run, status__in=states.RESOLVED).values_list("pk", "status"))
        assert self.resolved.items() <= now.items()
        self.resolved = now

    @invariant()
    def the_story_has_no_gaps_and_one_end(self) -> None:
        lines = list(RunEvent.objects.filter(run=self.run).order_by("seq").values_list("seq", "type"))
        assert [seq for seq, _ in lines] == list(range(1, len(lines) + 1))
        kinds = Counter(kind for _, kind in lines)
        over = Run.objects.get(pk=self.run.pk).is_over
        assert kinds["done"] == (1 if over else 0)
        if over:
            assert lines[-1][1] == "done"

    @invariant()
    def a_shard_has_one_open_lease_at_most_and_a_running_result_has_an_open_one(self) -> None:
        open_leases = Lease.objects.filter(shard__run=self.run, state="open")
        assert open_leases.values("shard").distinct().count() == open_leases.count()
        running = Result.objects.filter(run=self.run, status=states.RUNNING)
        assert not running.exclude(lease__state="open").exists()

    @invariant()
    def one_test_of_a_serial_group_runs_at_a_time(self) -> None:
        assert self.run.results.filter(status=states.RUNNING, serial="stock").count() <= 1

    @invariant()
    def a_second_execution_has_an_open_lease_of_its_own(self) -> None:
        twice = Result.objects.filter(run=self.run, status=states.RUNNING).exclude(hedge=None)
        assert not twice.exclude(hedge__state="open").exists()

    @invariant()
    def what_the_end_owes_is_owed_once_and_not_before(self) -> None:
        run = Run.objects.get(pk=self.run.pk)
        owed = {"callback"} | ({"feedback"} if run.status == states.COMPLETED else set()) if run.is_over else set()
        kinds = list(Delivery.objects.filter(run=run).values_list("kind", flat=True))
        assert sorted(kinds) == sorted(owed)

    @invariant()
    def each_resolution_was_told_once(self) -> None:
        told = Counter(RunEvent.objects.filter(run=self.run, type="result").values_list("data__result", flat=True))
        assert set(told.values()) <= {1}

    def teardown(self) -> None:
        """Left alone, a living run comes to its end."""
        for _ in range(4 * SHARDS + 4):
            Lease.objects.filter(shard__run=self.run, state="open").update(
                expires_at=timezone.now() - timedelta(seconds=1)
            )
            ledger.sweep()
            for shard in Shard.objects.filter(run=self.run):
                held = ledger.hold(shard.pk, "last:1")
                while held and (work := ledger.claim(held, 0).work):
                    ledger.record(held, played(work.result, "passed", 1, work.attempts_before))
                if held:
                    ledger.finish(held)
            self.judge()
            if Run.objects.get(pk=self.run.pk).is_over:
                break
        run = Run.objects.get(pk=self.run.pk)
        assert run.is_over
        assert Activity.objects.filter(subject=run.public_id).count() == 2
        self.the_sum_of_results_never_changes()
        self.the_story_has_no_gaps_and_one_end()


@pytest.mark.django_db
def test_the_promises_hold_whatever_happens_in_whatever_order() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    quick = settings(
        max_examples=40,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(AnyOrder, settings=quick)
