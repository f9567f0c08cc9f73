"""Writes what the engine saw, in groups, each in one transaction that checks the lease."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from runs import states
from runs.engine.events import (
    AttemptEnded,
    Event,
    Log,
    PageFailed,
    PageVisited,
    Seeds,
    StepEnded,
    TestEnded,
    TestStarted,
)
from runs.ledger import pages
from runs.ledger.dependents import settle_dependents
from runs.ledger.holding import Hold, fence
from runs.ledger.moving import advance
from runs.ledger.refusals import Stale
from runs.ledger.story import Line, locked, tell
from runs.models import Artifact, Attempt, Result, Run
from runs.storage import name_of


@dataclass
class Batch:
    """One group of events on its way into the database."""

    run: Run
    held: Hold
    results: dict[int, Result]
    lines: list[Line] = field(default_factory=list)
    resolved: bool = False


def record(held: Hold, events: Sequence[Event]) -> None:
    """Stores a group of events. Raises Stale, having written nothing, where the lease is not the open one."""
    if not events:
        return
    with transaction.atomic():
        run = locked(held.run)
        if run.status != states.RUNNING:
            raise Stale
        fence(held)
        numbers = {event.result for event in events if isinstance(event, TESTS)}
        mine = Result.objects.filter(pk__in=numbers, run=run, lease=held.lease, status=states.RUNNING)
        batch = Batch(run, held, mine.defer("document", "proposal").in_bulk() if numbers else {})
        for event in events:
            if not isinstance(event, TESTS) or event.result in batch.results:
                WRITERS[type(event)](batch, event)
        if batch.resolved:
            batch.lines += settle_dependents(run)
        tell(run, batch.lines)
        if batch.resolved:
            advance(run)


TESTS = (TestStarted, StepEnded, AttemptEnded, TestEnded)


def _test_started(batch: Batch, event: TestStarted) -> None:
    title = batch.results[event.result].title
    told = {"result": event.result, "attempt": event.attempt, "title": title, "shard": batch.held.index}
    batch.lines.append(("test_started", told))


def _step(batch: Batch, event: StepEnded) -> None:
    step = event.step.model_dump(include={"index", "sentence", "ok", "duration_ms", "error"})
    batch.lines.append(("step", {"result": event.result, "attempt": event.attempt, **step}))


def _attempt(batch: Batch, event: AttemptEnded) -> None:
    result = batch.results[event.result]
    attempt = Attempt.objects.create(
        result=result,
        number=event.attempt,
        lease_id=batch.held.lease,
        passed=event.passed,
        started_at=datetime.fromtimestamp(event.started_at, UTC),
        duration_ms=event.duration_ms,
        steps=[step.model_dump(mode="json") for step in event.steps],
        failure=event.failure.model_dump(mode="json") if event.failure else None,
        console=list(event.console),
        requests=list(event.requests),
    )
    Artifact.objects.bulk_create(
        Artifact(
            attempt=attempt,
            kind=file.kind,
            path=name_of(batch.run.pk, file.path),
            content_type=file.content_type,
            size=file.size,
        )
        for file in event.artifacts
    )
    Result.objects.filter(pk=result.pk).update(attempt_count=event.attempt)
    result.attempt_count = event.attempt
    told = {"result": event.result, "attempt": event.attempt, "passed": event.passed}
    batch.lines.append(("attempt", {**told, "duration_ms": event.duration_ms}))


def _test_ended(batch: Batch, event: TestEnded) -> None:
    result = batch.results.pop(event.result)
    error = event.failure.message[:2000] if event.failure else ""
    retries = 0 if result.replays > 1 else max(0, event.attempts - 1)
    status = states.move("result", result.status, states.OUTCOME_TRIGGER[event.outcome]).to
    Result.objects.filter(pk=result.pk).update(
        status=status,
        retries=retries,
        failed_after_retry=status == states.FAILED and retries > 0,
        error=error if status == states.FAILED else "",
        error_kind=event.failure.kind if event.failure and status == states.FAILED else "",
        duration_ms=event.duration_ms,
        finished_at=timezone.now(),
    )
    batch.resolved = True
    told: dict[str, Any] = {"result": result.pk, "title": result.title, "status": status, "attempts": event.attempts}
    batch.lines.append(("result", {**told, "duration_ms": event.duration_ms, "error": error, "skip_reason": ""}))


def _log(batch: Batch, event: Log) -> None:
    batch.lines.append(("log", {"level": event.level, "message": event.message}))


def _page_visited(batch: Batch, event: PageVisited) -> None:
    batch.lines += pages.visited(batch.run, batch.held, event)
    batch.resolved = True


def _page_failed(batch: Batch, event: PageFailed) -> None:
    batch.lines += pages.failed(batch.run, batch.held, event)
    batch.resolved = True


def _seeds(batch: Batch, event: Seeds) -> None:
    pages.add_links(batch.run, None, event.links)


WRITERS: dict[type[Any], Callable[[Batch, Any], None]] = {
    TestStarted: _test_started,
    StepEnded: _step,
    AttemptEnded: _attempt,
    TestEnded: _test_ended,
    Log: _log,
    PageVisited: _page_visited,
    PageFailed: _page_failed,
    Seeds: _seeds,
}
