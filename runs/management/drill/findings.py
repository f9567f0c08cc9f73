"""What a drill looks for afterwards: everything that must not happen, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from django.db.models import F

from runs import states
from runs.management.drill.outside import Receiver
from runs.models import Attempt, Delivery, Lease, Result, Run, RunEvent


@dataclass
class Findings:
    """Numbers that must all be 0, and the sentences that say where they come from."""

    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    ended_twice: int = 0
    gaps: int = 0
    wrong: int = 0
    effects_missed: int = 0
    effects_doubled: int = 0
    sentences: list[str] = field(default_factory=list)

    def add(self, name: str, number: int, sentence: str) -> None:
        if number:
            setattr(self, name, getattr(self, name) + number)
            self.sentences.append(f"{name.replace('_', ' ')}: {sentence}")

    @property
    def numbers(self) -> dict[str, int]:
        return {name: value for name, value in asdict(self).items() if isinstance(value, int)}

    @property
    def clean(self) -> bool:
        return not any(self.numbers.values())


def look(runs: Sequence[int], tests: int, receiver: Receiver) -> Findings:
    """Looks at runs of `tests` tests each, all of which pass where they are let."""
    found = Findings()
    for run in Run.objects.filter(pk__in=runs).order_by("pk"):
        _stuck(run, found)
        _results(run, tests if run.kind == "test" else run.results.count(), found)
        _pages(run, found)
        _story(run, found)
        _effects(run, receiver, found)
    return found


def _stuck(run: Run, found: Findings) -> None:
    found.add("stuck", int(not run.is_over), f"{run} is {run.status}")
    held = Lease.objects.filter(shard__run=run, state=states.OPEN).count() if run.is_over else 0
    found.add("stuck", held, f"{run} is over and {held} leases are open")


def _results(run: Run, tests: int, found: Findings) -> None:
    tally = run.results.tally()
    resolved = sum(tally[state] for state in states.RESOLVED)
    found.add("lost", abs(tests - tally["total"]), f"{run} has {tally['total']} of {tests} results")
    if run.is_over:
        found.add("lost", tally["total"] - resolved, f"{run} is over with unresolved results: {tally}")
    # A hedge is begun on purpose, and may begin an attempt when the first execution has ended.
    after = Attempt.objects.filter(result__run=run, started_at__gt=F("result__finished_at"), hedge=False)
    found.add("doubled", after.count(), f"{run}: tests were executed again after they were recorded")
    if run.status == states.COMPLETED and run.kind == "test":
        # What two workers were lost over fails as promised (R13).
        failed = Result.objects.filter(run=run, status=states.FAILED).exclude(error_kind="crash")
        for result in failed:
            found.add("wrong", 1, f"{run}: “{result.title}” failed: {result.error}")
    if run.status == states.FAILED:
        found.add("wrong", 1, f"{run} failed: {run.error}")


def _pages(run: Run, found: Findings) -> None:
    """Pages of a crawl are visited once each; what is left at its end was skipped for a reason."""
    visits = Counter(RunEvent.objects.filter(run=run, type="page").values_list("data__page", flat=True))
    found.add("doubled", sum(number - 1 for number in visits.values()), f"{run}: pages were visited again")
    left = run.pages.filter(status__in=states.UNRESOLVED).count() if run.is_over else 0
    found.add("lost", left, f"{run} is over and {left} pages are neither visited nor skipped")


def _story(run: Run, found: Findings) -> None:
    lines = list(RunEvent.objects.filter(run=run).order_by("seq").values_list("seq", "type", "data__result"))
    expected = list(range(1, len(lines) + 1))
    found.add("gaps", int([seq for seq, _, _ in lines] != expected), f"{run}: its events are not numbered 1, 2, 3 …")
    counts = Counter(result for _, kind, result in lines if kind == "result")
    twice = sum(number - 1 for number in counts.values() if number > 1)
    found.add("doubled", twice, f"{run}: results were told twice")
    ends = sum(kind == "done" for _, kind, _ in lines)
    if run.is_over:
        found.add("ended_twice", max(0, ends - 1), f"{run} was ended {ends} times")
        found.add("lost", int(ends == 0), f"{run} has no last event")
        found.add("gaps", int(bool(lines) and lines[-1][1] != "done"), f"{run}: its story goes on after its end")


def _effects(run: Run, receiver: Receiver, found: Findings) -> None:
    if not run.is_over:
        return
    # Of crawls channels hear only where they could not be carried through.
    owed = {"callback"} | ({"webhook"} if run.kind == "test" or run.status == states.FAILED else set())
    owed |= {"feedback"} if run.kind == "test" and run.status == states.COMPLETED else set()
    rows = list(Delivery.objects.filter(run=run, occasion="ended"))
    kinds = Counter(row.kind for row in rows)
    found.add("effects_missed", len(owed - kinds.keys()), f"{run} does not owe {sorted(owed - kinds.keys())}")
    found.add("effects_doubled", sum(n - 1 for n in kinds.values() if n > 1), f"{run} owes {dict(kinds)}")
    for row in rows:
        found.add("effects_missed", int(row.state != states.SENT), f"{row.key} is {row.state}: {row.error}")
        if row.kind != "feedback":
            arrived = receiver.keys[row.key]
            found.add("effects_missed", int(not arrived), f"{row.key} never arrived")
            said = receiver.bodies.get(row.key, {})
            status = said.get("status") or said.get("run", {}).get("status")
            wrong = bool(arrived) and status != run.status
            found.add("wrong", int(wrong), f"{row.key} said {status}, not {run.status}")
