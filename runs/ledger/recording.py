"""Writes what the engine saw, in groups, each in one transaction that checks the lease.

A group costs the same number of statements whatever is in it: rows are gathered first and written together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from runs import meters, states
from runs.engine.events import (
    ArtifactFile,
    AttemptEnded,
    CaseObserved,
    Cleaned,
    Event,
    Log,
    PageFailed,
    PageVisited,
    Proved,
    Seeds,
    StepEnded,
    TestEnded,
    TestStarted,
    WithoutAccount,
    Wrote,
)
from runs.ledger import cases, changes, drafting, pages, rows, statements
from runs.ledger.dependents import settle_dependents
from runs.ledger.familiar import visited_before
from runs.ledger.leases import Hold, working
from runs.ledger.moving import advance
from runs.ledger.refusals import StaleLease
from runs.ledger.remembering import remembered
from runs.ledger.resembling import Outdated, Resemblance, foreseen
from runs.ledger.stage_counts import count_cases
from runs.ledger.statements import Mine
from runs.ledger.story import Line, tell
from runs.ledger.work import shift_each, skip
from runs.models import Artifact, Attempt, Result, Run
from runs.storage import name_of

VITALS = ("lcp", "cls", "inp", "ttfb")


@dataclass(frozen=True)
class Thought:
    """What was thought of a group of events before it is written: of its visit, its proofs, and its links."""

    seen: Resemblance | None
    scored: Mapping[int, drafting.Score]
    familiar: Set[str]


@dataclass
class Batch:
    """One group of events on its way into the database."""

    run: Run
    held: Hold
    results: dict[int, Mine]
    thought: Thought
    lines: list[Line] = field(default_factory=list)
    attempts: list[tuple[tuple[Any, ...], tuple[ArtifactFile, ...]]] = field(default_factory=list)
    counted: dict[int, int] = field(default_factory=dict)
    vitals: dict[int, dict[str, Any] | None] = field(default_factory=dict)
    ended: list[tuple[Any, ...]] = field(default_factory=list)
    proved: list[tuple[Any, ...]] = field(default_factory=list)
    wrote: list[Wrote] = field(default_factory=list)
    cleaned: list[Cleaned] = field(default_factory=list)
    resolved: bool = False
    observed: bool = False

    def hedged(self, result: Mine) -> bool:
        """Whether this lease is the second one of the result's two."""
        return result.hedge == self.held.lease


def record(held: Hold, events: Sequence[Event]) -> Sequence[Event]:
    """Stores a group of events; returns those refused, which are about results that are no longer this lease's.

    A visit of a page is compared with what is known before it is stored, and stored with what came before it. Raises
    StaleLease, having written nothing more, where the lease is not the open one.
    """
    refused: list[Event] = []
    for group in _to_each_visit(remembered(held.run, events)):
        refused += _recorded(held, group)
    return refused


def _to_each_visit(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """The events in groups of which a visit is the last."""
    group: list[Event] = []
    for event in events:
        group.append(event)
        if isinstance(event, PageVisited):
            yield group
            group = []
    if group:
        yield group


def _recorded(held: Hold, events: Sequence[Event]) -> Sequence[Event]:
    while True:
        with suppress(Outdated):
            return _written(held, events, _thought(held.run, events))


def _thought(run: int, events: Sequence[Event]) -> Thought:
    last = events[-1]
    seen = foreseen(run, last) if isinstance(last, PageVisited) else None
    links = [link for event in events if isinstance(event, PageVisited | Seeds) for link in event.links]
    familiar = visited_before(run, [pages.storable(link) for link in links if link.kind == "link"])
    return Thought(seen, drafting.scores(events), familiar)


def _written(held: Hold, events: Sequence[Event], thought: Thought) -> Sequence[Event]:
    refused: list[Event] = []
    with meters.timed(meters.RECORD_SECONDS), transaction.atomic():
        batch = _opened(held, events, thought)
        for event in events:
            if not isinstance(event, TESTS) or event.result in batch.results:
                WRITERS[type(event)](batch, event)
            else:
                refused.append(event)
        _write(batch)
    meters.count(meters.REFUSED, len(refused), "result")
    meters.count(meters.RECORDED, len(batch.ended) + len(batch.proved))
    return refused


def _opened(held: Hold, events: Sequence[Event], thought: Thought) -> Batch:
    """The run, locked, and those results of the events that this lease is executing."""
    try:
        run = working(held)
    except StaleLease:
        meters.count(meters.REFUSED, len(events), "lease")
        raise
    about_tests = any(isinstance(event, TESTS) for event in events)
    return Batch(run, held, statements.mine(held.run, held.lease) if about_tests else {}, thought)


def _write(batch: Batch) -> None:
    run = batch.run
    _write_attempts(batch)
    batch.lines += count_cases(run) if batch.observed else []
    shift_each(Result, WRITTEN, batch.ended)
    shift_each(Result, (*WRITTEN, *PROVEN), batch.proved)
    # After the results have moved: drafts are of those that have passed in this transaction (decision 40).
    good = {row[0]: batch.thought.scored[row[0]] for row in batch.proved if row[0] in batch.thought.scored}
    if good:
        drafting.keep_drafts(run, good)
    if batch.wrote or batch.cleaned:
        changes.note(run, batch.wrote, batch.cleaned)
    if batch.resolved:
        batch.lines += _stop_after_failures(batch)
        _go_on(batch)
    else:
        tell(run, batch.lines)


def _go_on(batch: Batch) -> None:
    """After something was resolved: frees or skips what waited for it, tells, and moves the run on at its end."""
    pending, running, blocked = statements.left(batch.run.pk)
    batch.lines += settle_dependents(batch.run) if blocked else []
    # Before the run moves on: `done`, which may come with that, is the last line of a story (R22).
    tell(batch.run, batch.lines)
    if batch.run.stage == states.CRAWL or blocked or not (pending or running):
        advance(batch.run)


def _write_attempts(batch: Batch) -> None:
    rows.insert(Attempt, ATTEMPT, [attempt for attempt, _ in batch.attempts])
    over = {row[0] for row in (*batch.ended, *batch.proved)}
    rows.update(Result, ("attempt_count",), [(pk, n) for pk, n in batch.counted.items() if pk not in over])
    kept = [(tuple(attempt[:3]), file) for attempt, files in batch.attempts for file in files]
    if not kept:
        return
    # Rows that are written by one statement give no keys back.
    made = Attempt.objects.filter(result__in={key[0] for key, _ in kept}, lease=batch.held.lease)
    numbers = {tuple(key): pk for pk, *key in made.values_list("pk", "result", "number", "hedge")}
    Artifact.objects.bulk_create(
        Artifact(
            attempt_id=numbers[key],
            kind=file.kind,
            path=name_of(batch.run.pk, file.path),
            content_type=file.content_type,
            size=file.size,
        )
        for key, file in kept
    )


WRITTEN = (
    "lease_id",
    "attempt_count",
    "retries",
    "failed_after_retry",
    "error",
    "error_kind",
    "duration_ms",
    "finished_at",
    "vitals",
)
PROVEN = ("document", "proof")
ATTEMPT = (
    "result_id",
    "number",
    "hedge",
    "lease_id",
    "passed",
    "started_at",
    "duration_ms",
    "steps",
    "failure",
    "console",
    "requests",
    "vitals",
)


def _stop_after_failures(batch: Batch) -> Iterable[Line]:
    """Where the run has failed as often as it may, what is not resolved is skipped and all shards stop."""
    most = batch.run.options.get("max_failures")
    failed = any(trigger == states.OUTCOME_TRIGGER[states.FAILED] for _, trigger, *_ in batch.ended)
    if most is None or not failed or batch.run.results.filter(status=states.FAILED).count() < most:
        return
    left = Result.objects.filter(run=batch.run, status__in=states.UNRESOLVED)
    rows = list(left.values_list("pk", "title"))
    # Running ones too: whatever their workers still say about them is refused (decision 16).
    skip(left, "max_failures", hedge=None)
    message = f"{most} tests failed, which is this run's limit: {len(rows)} more are skipped."
    yield "log", {"level": "warning", "message": message}
    for pk, title in rows:
        yield "result", {"result": pk, "title": title, "status": states.SKIPPED, "skip_reason": "max_failures"}


TESTS = (TestStarted, StepEnded, AttemptEnded, TestEnded, Proved)


def _test_started(batch: Batch, event: TestStarted) -> None:
    result = batch.results[event.result]
    data = {"result": event.result, "attempt": event.attempt, "title": result.title, "shard": batch.held.index}
    batch.lines.append(("test_started", {**data, "hedge": True} if batch.hedged(result) else data))


def _step(batch: Batch, event: StepEnded) -> None:
    step = event.step.model_dump(include={"index", "sentence", "ok", "duration_ms", "error"})
    batch.lines.append(("step", {"result": event.result, "attempt": event.attempt, **step}))


def _attempt(batch: Batch, event: AttemptEnded) -> None:
    result = batch.results[event.result]
    row = (
        event.result,
        event.attempt,
        batch.hedged(result),
        batch.held.lease,
        event.passed,
        datetime.fromtimestamp(event.started_at, UTC),
        event.duration_ms,
        [step.model_dump(mode="json") for step in event.steps],
        event.failure.model_dump(mode="json") if event.failure else None,
        event.console,
        event.requests,
        event.vitals or None,
    )
    batch.attempts.append((row, event.artifacts))
    batch.vitals[event.result] = worst_vitals(event.vitals)
    if not batch.hedged(result):
        result.attempt_count = batch.counted[event.result] = event.attempt
    data = {"result": event.result, "attempt": event.attempt, "passed": event.passed}
    batch.lines.append(("attempt", {**data, "duration_ms": event.duration_ms}))


def worst_vitals(pages: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The worst value of each metric over the pages of an attempt, and where: {"lcp": {"value", "path"}, …}."""
    worst: dict[str, Any] = {}
    for page in pages:
        for name in VITALS:
            value = page.get(name)
            if value is not None and (name not in worst or value > worst[name]["value"]):
                worst[name] = {"value": value, "path": page.get("path", "")}
    return worst or None


def _test_ended(batch: Batch, event: TestEnded) -> None:
    result = batch.results[event.result]
    # Where the first worker is lost, both columns name this lease, and its failure decides (decision 12).
    if batch.hedged(result) and event.outcome == states.FAILED and result.lease != batch.held.lease:
        _drop_hedge(batch, result)
        return
    retries = max(0, event.attempts - 1)
    batch.ended.append(_resolved(batch, event, retries))


def _proved(batch: Batch, event: Proved) -> None:
    batch.proved.append((*_resolved(batch, event, 0), event.document, event.proof))


def _resolved(batch: Batch, event: TestEnded | Proved, retries: int) -> tuple[Any, ...]:
    """The change of a result that is over, and the line that tells of it."""
    # Once it is over, anything else that is said of it is refused, in this group as well.
    result = batch.results.pop(event.result)
    failed = event.outcome == states.FAILED
    error = event.failure.message[:2000] if event.failure else ""
    row = {
        "lease_id": batch.held.lease,
        "attempt_count": event.attempts,
        "retries": retries,
        "failed_after_retry": failed and retries > 0,
        "error": error if failed else "",
        "error_kind": event.failure.kind if event.failure and failed else "",
        "duration_ms": event.duration_ms,
        "finished_at": timezone.now(),
        "vitals": batch.vitals.get(result.pk),
    }
    batch.resolved = True
    data: dict[str, Any] = {"result": result.pk, "title": result.title, "status": event.outcome, "skip_reason": ""}
    data |= {"attempts": event.attempts, "duration_ms": event.duration_ms, "error": error}
    batch.lines.append(("result", data))
    return (result.pk, states.OUTCOME_TRIGGER[event.outcome], *(row[name] for name in WRITTEN))


def _drop_hedge(batch: Batch, result: Mine) -> None:
    """A failure of the second execution may come from there being two: the first one decides."""
    Result.objects.filter(pk=result.pk).update(hedge=None)
    del batch.results[result.pk]
    message = f"The second execution of “{result.title}” failed; the first one decides."
    batch.lines.append(("log", {"level": "info", "message": message}))


def _log(batch: Batch, event: Log) -> None:
    batch.lines.append(("log", {"level": event.level, "message": event.message}))


def _page_visited(batch: Batch, event: PageVisited) -> None:
    batch.lines += pages.visited(batch.run, batch.held, event, batch.thought.seen, batch.thought.familiar)
    batch.resolved = True


def _page_failed(batch: Batch, event: PageFailed) -> None:
    batch.lines += pages.failed(batch.run, batch.held, event)
    batch.resolved = True


def _case_observed(batch: Batch, event: CaseObserved) -> None:
    if cases.observed(batch.run, batch.held, event):
        batch.resolved = batch.observed = True


def _seeds(batch: Batch, event: Seeds) -> None:
    pages.add_links(batch.run, None, event.links, batch.thought.familiar)


def _without_account(batch: Batch, _event: WithoutAccount) -> None:
    Run.objects.filter(pk=batch.run.pk).update(without_account=True)


def _wrote(batch: Batch, event: Wrote) -> None:
    batch.wrote.append(event)


def _cleaned(batch: Batch, event: Cleaned) -> None:
    batch.cleaned.append(event)


WRITERS: dict[type[Any], Callable[[Batch, Any], None]] = {
    TestStarted: _test_started,
    StepEnded: _step,
    AttemptEnded: _attempt,
    TestEnded: _test_ended,
    Proved: _proved,
    Log: _log,
    PageVisited: _page_visited,
    PageFailed: _page_failed,
    Seeds: _seeds,
    WithoutAccount: _without_account,
    CaseObserved: _case_observed,
    Wrote: _wrote,
    Cleaned: _cleaned,
}
