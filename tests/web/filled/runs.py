"""Runs in every state, one of them with all results and every kind of evidence, one under way, one a crawl."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Any, Protocol

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from projects.models import Environment, Project, Test
from runs.models import (
    Artifact,
    Attempt,
    Delivery,
    DeliveryTry,
    Lease,
    Result,
    Run,
    RunEvent,
    Shard,
    TestHistory,
    Worker,
)
from tests.web.filled import words

BATCH = 500
WORKER = f"{'worker-host.' * 8}internal:12345"[:120]
# (kind, status, verdict) of runs, in turn.
ENDED = (
    ("test", "completed", "failed"),
    ("test", "completed", "passed"),
    ("crawl", "completed", "passed"),
    ("test", "failed", ""),
    ("test", "aborted", ""),
    ("crawl", "completed", "empty"),
    ("test", "completed", "empty"),
)
STATES = ("passed", "failed", "passed", "flaky", "passed", "skipped")
# How the tests of a partial run were chosen, at length.
PART = {"by": "tags", "tags": [words.SOLID[:80], words.SNAKE], "changed": True, "minutes": 2.5, "tests": 3, "of": 5000}
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)


class Many(Protocol):
    """How many are asked for."""

    @property
    def runs(self) -> int: ...
    @property
    def results(self) -> int: ...
    @property
    def others(self) -> int: ...
    @property
    def pages(self) -> int: ...


@dataclass(frozen=True)
class Runs:
    """`full` has a result in every state, `living` is under way, `crawl` proposed tests."""

    full: Run
    living: Run
    crawl: Run
    examples: dict[str, Any]


def fill_runs(project: Project, tests: Sequence[Test], environments: Sequence[Environment], size: Many) -> Runs:
    now = timezone.now()
    _earlier(project, tests, environments, size.runs, now)
    crawl = _run(project, "crawl", "completed", "passed", now, end_reason="page_budget", pipeline=PIPELINE)
    full = _run(project, "test", "completed", "failed", now, **_judged(), environment=environments[0])
    part = {"scope": PART, "partial": True}
    living = _run(project, "test", "running", "", now, environment=environments[1], **part)
    leases = _leases(full, now, 2) + _leases(crawl, now, 1) + _leases(living, now, size.others, living=True)
    full_lease, crawl_lease, living_lease = leases[0], leases[2], leases[3]
    rows = _results(full, tests[: size.results], full_lease, STATES, now)
    _results(crawl, tests[: size.results], crawl_lease, ("passed", "failed", "skipped"), now)
    _results(living, tests[: size.results], living_lease, ("running", "failed", "passed", "pending", "pending"), now)
    shown = next(row for row in rows if row.status == "failed")
    _causes(full, rows)
    _histories(full, rows)
    for run in (full, crawl, living):
        _story(run, now)
    _workers(living, now, size.others)
    delivery = _deliveries(full, now, size.others)
    _artifacts(shown)
    examples = {"run": full.public_id, "result": shown.pk, "delivery": delivery}
    return Runs(full, living, crawl, examples)


OPTIONS: dict[str, dict[str, Any]] = {
    "test": {"locale": "de-DE", "retries": 2},
    "crawl": {"include": [words.SOLID, words.SNAKE], "max_pages": 500},
}
PIPELINE = {
    "plan": {"cases": 12_345, "new": 1200, "changed": 340, "removed": 12},
    "observe": {"done": 12_000, "failed": 345, "total": 12_345},
    "propose": {"drafts": 5_000, "duplicates": 1_200, "known": 3_000},
    "prove": {"proved": 3_000, "rejected": 2_000, "breakages": 21_000, "noticed": 18_000},
    "score": {"kept": 2_900, "merged": 100, "rejected": 2_000},
}


def _judged() -> dict[str, Any]:
    gate = {"gate": "min_pass_rate", "passed": False, "limit": 95, "measured": 61.5}
    over = [
        {"metric": metric, "limit": 0.1, "measured": 123456.0, "result": 1, "test": "TC-1", "title": title,
         "path": words.LONG_URL[16:]}
        for metric, title in zip(("lcp", "cls", "inp", "ttfb", "lcp", "cls", "inp"), words.TITLES, strict=True)
    ]  # fmt: skip
    return {
        "gate_result": {"passed": False, "rules": [{**gate, "sentence": "pass rate at least 95: 61.5"}] * 2},
        "vitals_result": {"passed": False, "measured": 5000, "violations": over, "over": 4321},
        "makespan": {"achieved_ms": 123_456, "ideal_ms": 100_000, "slots": 8},
        "impact": {
            "fallback_reason": "",
            "files": 3,
            "route_prefixes": [words.LONG_URL[16:]] * 9,
            "impacted": 12,
            "tests": 5000,
        },
        "commit": {"repo": words.SOLID[:80], "sha": "3f2c1a" * 6, "branch": words.SNAKE},
    }


def _run(project: Project, kind: str, status: str, verdict: str, at: datetime, **fields: Any) -> Run:
    living = status in ("queued", "running")
    row = Run.objects.create(
        project=project,
        kind=kind,
        status=status,
        verdict=verdict,
        stage={"test": "execute", "crawl": "score"}[kind],
        site={"base_url": words.LONG_URL},
        options=OPTIONS[kind],
        trigger="ci",
        actor_name=words.SOLID[:160],
        error=words.LONG_ERROR[:1000] if status == "failed" else "",
        started_at=at - timedelta(hours=3),
        finished_at=None if living else timezone.now() + timedelta(hours=1),
        last_seq=300,
        **fields,
    )
    finished = {} if living else {"finished_at": at}
    Run.objects.filter(pk=row.pk).update(created_at=at - timedelta(hours=4), **finished)
    row.refresh_from_db()
    return row


def _earlier(
    project: Project, tests: Sequence[Test], environments: Sequence[Environment], many: int, now: datetime
) -> None:
    """The runs before, each with a few results."""
    places = cycle([None, *environments])
    rows = Run.objects.bulk_create(
        Run(
            project=project,
            kind=kind,
            status=status,
            verdict=verdict,
            stage="execute" if kind == "test" else "score",
            site={"base_url": words.LONG_URL},
            environment=place,
            trigger="schedule",
            actor_name=title[:160],
            scope=PART if kind == "test" and at % 2 else {},
            partial=kind == "test" and bool(at % 2),
            error=words.LONG_ERROR[:1000] if status == "failed" else "",
            started_at=now,
            finished_at=now + timedelta(days=1, seconds=at),
        )
        for at, ((kind, status, verdict), place, title) in enumerate(
            islice(zip(cycle(ENDED), places, words.titles()), many)
        )
    )
    Run.objects.bulk_create(
        Run(project=project, kind="test", status="queued", site={"base_url": words.LONG_URL}, actor_name=title[:160])
        for title in words.TITLES
    )
    few = list(tests[:6])
    results = (
        Result(run=run, position=at, test=test, title=test.title, document=test.document, status=state, finished_at=now,
               skip_reason="stale" if state == "skipped" else "", error=words.LONG_ERROR if state == "failed" else "")
        for number, run in enumerate(rows)
        for at, (test, state) in enumerate(zip(few, STATES[number % 3 :] + STATES[: number % 3], strict=False))
    )  # fmt: skip
    Result.objects.bulk_create(results, batch_size=BATCH)


def _leases(run: Run, now: datetime, many: int, *, living: bool = False) -> list[Lease]:
    shards = Shard.objects.bulk_create(Shard(run=run, index=at, sent_at=now) for at in range(many))
    state = {"state": "open"} if living else {"state": "finished", "closed_at": now}
    return Lease.objects.bulk_create(
        Lease(shard=shard, number=1, worker=WORKER, opened_at=now - timedelta(hours=2), renewed_at=now,
              expires_at=now + timedelta(minutes=5), **state)
        for shard in shards
    )  # fmt: skip


def _results(run: Run, tests: Sequence[Test], lease: Lease, states: Sequence[str], now: datetime) -> list[Result]:
    rows = Result.objects.bulk_create(
        (_result(run, at, test, state, lease, now) for at, (test, state) in enumerate(zip(tests, cycle(states)))),
        batch_size=BATCH,
    )
    attempts = (one for row in rows for one in _attempts(row, lease, now))
    while batch := list(islice(attempts, BATCH)):
        Attempt.objects.bulk_create(batch)
    return rows


def _result(run: Run, at: int, test: Test, state: str, lease: Lease, now: datetime) -> Result:
    over = state in ("passed", "failed", "flaky", "skipped")
    return Result(
        run=run,
        position=at,
        test=test,
        title=test.title,
        document=test.document,
        version=1,
        row={"name of a column": words.SOLID[:100], "quantity": words.WORDY[:90]},
        status=state,
        skip_reason="dependency_failed" if state == "skipped" else "",
        lease=None if state in ("skipped", "pending") else lease,
        error=words.LONG_ERROR if state == "failed" else "",
        error_kind="not_found" if state == "failed" else "",
        attempt_count={"failed": 3, "flaky": 2, "passed": 1}.get(state, 0),
        retries={"failed": 2, "flaky": 1}.get(state, 0),
        failed_after_retry=state == "failed",
        estimate_ms=91_000,
        risk=72.5,
        duration_ms=1_234_567 if over else None,
        finished_at=now if over else None,
        vitals={"lcp": {"value": 2600.0, "path": words.LONG_URL[16:]}, "cls": None} if state == "failed" else None,
    )


def _attempts(row: Result, lease: Lease, now: datetime) -> Iterator[Attempt]:
    for number in range(1, row.attempt_count + 1):
        passed = row.status == "passed" or (row.status == "flaky" and number == row.attempt_count)
        failure = {"kind": "not_found", "message": words.LONG_ERROR, "step": 2, "expected": words.WORDY,
                   "received": words.SOLID}  # fmt: skip
        yield Attempt(
            result=row,
            number=number,
            lease=lease,
            passed=passed,
            started_at=now - timedelta(seconds=30 * (row.position // 2) + 10 * (4 - number)),
            duration_ms=9_000,
            steps=words.steps(None if passed else 2),
            failure=None if passed else failure,
            console=[] if passed else [words.TRACE, words.WORDY] * 4,
            requests=words.requests(201 if passed else 500, 40 if row.position < 12 else 0),
        )


def _causes(run: Run, rows: Sequence[Result]) -> None:
    failed = [row.pk for row in rows if row.status == "failed"]
    labels = (*words.TITLES, words.LONG_ERROR[:160], f"{words.SOLID[:90]} answers 500")
    run.causes = [
        {"signature": hashlib.blake2b(label.encode(), digest_size=8).hexdigest(), "label": label, "kind": "not_found",
         "place": place, "error": words.LONG_ERROR, "results": failed[at : at + 5], "tests": ["TC-1"],
         "size": 40 - at, "category": "test_outdated", "since": run.public_id if at % 2 else ""}
        for at, (label, place) in enumerate(zip(labels, cycle(["9f3c2b1a77de", words.LONG_URL, words.SOLID, ""])))
    ]  # fmt: skip
    run.save(update_fields=["causes"])


def _histories(run: Run, rows: Sequence[Result]) -> None:
    outcomes = [
        {"run": run.pk - at, "status": ("flaky", "passed", "failed")[at % 3], "retries": at % 2, "version": 1}
        for at in range(10)
    ]
    TestHistory.objects.bulk_create(
        (
            TestHistory(test=row.test, environment=run.environment, outcomes=outcomes, flaky_score=97.3,
                        is_flaky=row.position % 2 == 1)
            for row in rows
        ),
        batch_size=BATCH,
    )  # fmt: skip


def _story(run: Run, now: datetime) -> None:
    levels = ("info", "warning", "error")
    said: list[tuple[str, dict[str, Any]]] = [
        ("log", {"level": level, "message": title}) for title in words.TITLES for level in levels
    ]
    said += [("result", {"title": words.SOLID, "status": "failed", "error": words.LONG_ERROR, "attempts": 3})]
    said += [("queued", {"total": 5000, "shards": 12, "skipped": {"stale": 1000}}), ("started", {"stage": "execute"})]
    RunEvent.objects.bulk_create(
        RunEvent(run=run, seq=at, type=kind, data=data, at=now) for at, (kind, data) in enumerate(said, 1)
    )


def _workers(run: Run, now: datetime, many: int) -> None:
    since = (now - timedelta(hours=2)).isoformat()
    doing = [{"slot": at, "title": title, "since": since, "run": run.pk, "shard": 0}
             for at, title in enumerate(words.TITLES[:4])]  # fmt: skip
    ages = cycle([0, 20, 90])
    Worker.objects.bulk_create(
        Worker(name=f"{at}-{WORKER}"[:120], host=WORKER[:100], pid=at, version="0.1.0",
               browser="HeadlessChrome/131.0.6778.264 at wss://browsers.example.org:3000/chromium", doing=doing,
               unfit=words.WORDY[:500] if at % 5 == 4 else "", memory_mb=12_345, started_at=now - timedelta(days=40),
               seen_at=now - timedelta(seconds=next(ages)), stopping=at % 7 == 6)
        for at in range(many)
    )  # fmt: skip


def _deliveries(run: Run, now: datetime, many: int) -> int:
    channel = run.project.channels.first()
    states = cycle(["owed", "sent", "given_up"])
    rows = Delivery.objects.bulk_create(
        Delivery(run=run, kind="webhook", occasion=("ended", "started")[at % 2], channel=channel if at % 3 else None,
                 key=f"{run.public_id}-{at}-{words.SOLID[:80]}", state=state, tries=9, next_try_at=now,
                 error=words.WORDY, settled_at=None if state == "owed" else now)
        for at, state in zip(range(many), states, strict=False)
    )  # fmt: skip
    DeliveryTry.objects.bulk_create(
        DeliveryTry(delivery=row, number=at, at=now, duration_ms=15_000, sent=False, detail=words.LONG_ERROR[:1000])
        for row in rows
        for at in range(1, 4)
    )
    return rows[0].pk


def _artifacts(row: Result) -> None:
    """A picture, a trace and a film of the last attempt. They are files, so what plays them is not asked to."""
    attempt = row.attempts.last()
    assert attempt is not None
    files = {"screenshot": ("png", "image/png"), "trace": ("zip", "application/zip"), "video": ("webm", "video/webm")}
    for kind, (suffix, content_type) in files.items():
        name = default_storage.save(f"filled/{row.pk}/{kind}.{suffix}", ContentFile(PICTURE))
        Artifact.objects.create(attempt=attempt, kind=kind, path=name, content_type=content_type, size=len(PICTURE))
