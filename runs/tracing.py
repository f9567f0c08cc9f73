"""Spans of runs for an OpenTelemetry collector: run → test → step, where SENTRI_OTLP_ENDPOINT names one.

A span's ids are computed from what it stands for, so that processes which share a run make one trace of it without
speaking to each other, and whatever is told twice stays one span.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from django.conf import settings
from django.db import transaction

from runs import states
from runs.engine.events import AttemptEnded
from runs.models import Result, Run

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import SpanContext

NANOSECONDS = 1_000_000_000


class Holder(Protocol):
    """Who executes: what of a lease's hold is told."""

    @property
    def run(self) -> int: ...

    @property
    def index(self) -> int: ...

    @property
    def number(self) -> int: ...

    @property
    def worker(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Span:
    """One span before it is told. `key` names it among the spans of its run; the run's own is empty."""

    name: str
    key: str
    parent: str | None
    start: float
    seconds: float
    problem: str | None
    attributes: Mapping[str, Any]


def attempts(held: Holder, events: Iterable[Any]) -> None:
    """Tells the ended attempts among the events, with their steps. They are recorded: a lost lease tells nothing."""
    if not settings.ENV.otlp_endpoint:
        return
    ended = [event for event in events if isinstance(event, AttemptEnded)]
    if not ended:
        return
    about = {"sentri.shard": held.index, "sentri.lease": held.number, "sentri.worker": held.worker}
    titles = dict(Result.objects.filter(pk__in=[event.result for event in ended]).values_list("pk", "title"))
    for event in ended:
        _tell(held.run, _spans(event, titles.get(event.result, f"result {event.result}"), about))


def ended(run: Run) -> None:
    """Tells the span of a run that ends with the caller's transaction."""
    if not settings.ENV.otlp_endpoint:
        return
    # Robust: a span that cannot be made must not keep other callbacks of this commit from being called.
    transaction.on_commit(lambda: _tell(run.pk, [_span_of(run)]), robust=True)


def end() -> None:
    """Sends what is waiting; called at the end of a process."""
    exporting, Exporting.current = Exporting.current, None
    if exporting is not None and exporting.pid == os.getpid():
        exporting.processor.shutdown()  # type: ignore[no-untyped-call]


def _spans(event: AttemptEnded, title: str, about: Mapping[str, Any]) -> list[Span]:
    """An attempt and its steps; steps know how long they took and are laid end to end."""
    key = f"{event.result}/{event.attempt}/{event.started_at}"
    problem = None if event.passed else (event.failure.message if event.failure else "failed")
    facts = {"sentri.result": event.result, "sentri.attempt": event.attempt, **about}
    spans = [Span(title, key, "", event.started_at, event.duration_ms / 1000, problem, facts)]
    start = event.started_at
    for step in event.steps:
        seconds = step.duration_ms / 1000
        what = {"sentri.step": step.index, "sentri.step.kind": step.do}
        failed = None if step.ok else (step.error or "failed")
        spans.append(Span(step.sentence, f"{key}/{step.index}", key, start, seconds, failed, what))
        start += seconds
    return spans


def _span_of(run: Run) -> Span:
    begun = run.started_at or run.created_at
    facts = {
        "sentri.run": run.public_id,
        "sentri.kind": run.kind,
        "sentri.status": run.status,
        "sentri.verdict": run.verdict,
        "sentri.trigger": run.trigger,
    }
    seconds = (_moment(run.finished_at) - begun).total_seconds()
    problem = run.error or None if run.status == states.FAILED else None
    return Span(run.public_id, "", None, begun.timestamp(), seconds, problem, facts)


def _moment(moment: datetime | None) -> datetime:
    if moment is None:
        raise ValueError("A span of a run is told when the run has ended.")
    return moment


# --- OpenTelemetry; imported where it is wanted ---


@dataclass
class Exporting:
    """What carries this process's spans to the collector."""

    pid: int
    processor: BatchSpanProcessor
    resource: Resource

    current: ClassVar[Exporting | None] = None


def _exporter() -> Exporting:
    """Made at the first span, and anew after a fork, which leaves the sending thread behind."""
    exporting = Exporting.current
    if exporting is None or exporting.pid != os.getpid():
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        address = f"{settings.ENV.otlp_endpoint.rstrip('/')}/v1/traces"
        resource = Resource.create({"service.name": "sentri", "service.version": settings.VERSION})
        exporting = Exporting(os.getpid(), BatchSpanProcessor(OTLPSpanExporter(endpoint=address)), resource)
        Exporting.current = exporting
    return exporting


def _tell(run_id: int, spans: Sequence[Span]) -> None:
    exporting = _exporter()
    for span in spans:
        exporting.processor.on_end(_readable(run_id, span, exporting.resource))


def _readable(run_id: int, span: Span, resource: Resource) -> ReadableSpan:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanKind, Status, StatusCode

    return ReadableSpan(
        name=span.name,
        context=_context(run_id, span.key),
        parent=None if span.parent is None else _context(run_id, span.parent),
        resource=resource,
        attributes=dict(span.attributes),
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.OK) if span.problem is None else Status(StatusCode.ERROR, span.problem),
        start_time=int(span.start * NANOSECONDS),
        end_time=int((span.start + span.seconds) * NANOSECONDS),
        instrumentation_scope=InstrumentationScope("sentri", settings.VERSION),
    )


def _context(run_id: int, key: str) -> SpanContext:
    from opentelemetry.trace import SpanContext, TraceFlags

    trace = int.from_bytes(_digest(f"run {run_id}")[:16])
    return SpanContext(trace, int.from_bytes(_digest(f"run {run_id} {key}")[:8]), False, TraceFlags(TraceFlags.SAMPLED))


def _digest(text: str) -> bytes:
    """Differs between installations, whose runs have the same numbers."""
    return hashlib.sha256(f"{settings.SECRET_KEY} {text}".encode()).digest()
