"""Real workers as others see them: rows, fitness, log lines, spans."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django_q.models import OrmQ
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from projects.models import Project
from runs import ledger, meters
from runs.engine.plan import RunOptions
from runs.models import Meter, Run, Worker
from tests.tasks.conftest import Start
from tests.watching.conftest import SEEING, approved, serving

# Of a killed worker soon, of a living one on a busy machine never.
RUNNING_OUT = {"SENTRI_LEASE_SECONDS": "10", "SENTRI_RENEW_SECONDS": "1"}
PASSWORD = "correct horse battery"


def run_of(project: Project, count: int, shards: int = 2) -> Run:
    """A run whose lost tests nobody makes up for before their lease has run out."""
    options = RunOptions(shards=shards, trace="off", hedge=False)
    return ledger.open_test_run(ledger.RunRequest(project, None, "Ada"), options, approved(project, count, SEEING))


def over(run: Run) -> Callable[[], bool]:
    return lambda: Run.objects.get(pk=run.pk).is_over


def logged(text: str) -> list[dict[str, Any]]:
    """Every line of a log, each of which must be JSON."""
    return [json.loads(line) for line in text.splitlines()]


def test_workers_report_themselves_and_leave_no_row_at_an_orderly_end(
    slow: Project, start_workers: Start, eventually: Any
) -> None:
    workers = start_workers()
    rows = eventually(lambda: len(found := list(Worker.objects.all())) == 2 and found, seconds=20)
    assert {row.pid for row in rows} == {part.pid for part in workers.parts()[:2]}
    assert all(row.browser and not row.unfit and row.memory_mb > 30 and not row.stopping for row in rows)
    run = run_of(slow, 30)
    entry = eventually(lambda: next((entry for row in Worker.objects.all() for entry in row.doing), None))
    assert (entry["run"], entry["title"][:5]) == (run.pk, "Test ")
    assert workers.stop() == 0
    assert not Worker.objects.exists()


def test_a_worker_without_a_browser_leaves_shards_to_others_and_says_so(
    slow: Project, start_workers: Start, chore: Callable[..., Path], eventually: Any
) -> None:
    unfit = start_workers(SENTRI_BROWSER_PATH="/nowhere")
    eventually(lambda: Worker.objects.exclude(unfit="").count() == 2, seconds=20)
    run = run_of(slow, 4, shards=1)
    shard = run.shards.get()
    first = shard.sent_at

    def passed_on_twice() -> bool:
        before, shard.sent_at = shard.sent_at, run.shards.get().sent_at
        sent.add(shard.sent_at)
        return len(sent) > 2 and before != first

    sent = {first}
    eventually(passed_on_twice)
    assert sorted(sent)[2] - sorted(sent)[1] >= timedelta(seconds=1)
    # The row of the message in hand goes a moment after the next one was sent; they do not multiply.
    eventually(lambda: [row.func() for row in OrmQ.objects.all()].count("runs.tasks.shard") <= 1, seconds=10)
    assert not shard.leases.exists()
    eventually(chore("note").exists)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["browser"].startswith("No worker has a browser. SENTRI_BROWSER_PATH is /nowhere")
    assert unfit.log.read_text().count("This worker takes no shards: SENTRI_BROWSER_PATH is /nowhere") == 2
    fit = start_workers()
    eventually(over(run))
    run.refresh_from_db()
    assert (run.status, run.verdict) == ("completed", "passed")
    names = set(shard.leases.values_list("worker", flat=True))
    assert {int(name.rpartition(":")[2]) for name in names} <= {part.pid for part in fit.parts()[:2]}
    assert Client().get("/readyz").json()["parts"]["browser"] == "ok"


def test_a_lost_worker_is_counted_told_and_logged(slow: Project, start_workers: Start, eventually: Any) -> None:
    workers = start_workers(**RUNNING_OUT, SENTRI_LOG_FORMAT="json")
    run = run_of(slow, 12, shards=1)
    lease = eventually(run.shards.get().leases.first)
    eventually(lambda: run.events.filter(type="result").exists())
    next(part for part in workers.parts() if part.pid == int(lease.worker.rpartition(":")[2])).kill()
    eventually(over(run))
    assert run.events.filter(type="shard_lost").count() == 1
    eventually(lambda: Meter.objects.filter(name=meters.LEASES_LOST, value=1).exists())
    (line,) = [line for line in logged(workers.log.read_text()) if line["event"] == "lease lost"]
    assert (line["run"], line["shard"], line["lease"], line["worker"]) == (run.public_id, 0, 1, lease.worker)


# --- log lines and spans of one run ---


class Collector(BaseHTTPRequestHandler):
    """A collector of OpenTelemetry that keeps what it gets."""

    received: list[ExportTraceServiceRequest]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        assert self.path == "/v1/traces"
        self.received.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def collector() -> Iterator[tuple[str, type[Collector]]]:
    kind = type("Keeping", (Collector,), {"received": []})
    with serving(kind) as url:
        yield url, kind


def test_a_run_can_be_followed_by_its_log_lines_and_its_spans(
    slow: Project, start_workers: Start, collector: tuple[str, type[Collector]], eventually: Any
) -> None:
    slow.keep_credentials(username="ada", password=PASSWORD)
    slow.save()
    url, kind = collector
    workers = start_workers(SENTRI_LOG_FORMAT="json", SENTRI_OTLP_ENDPOINT=url)
    run = run_of(slow, 4)
    eventually(over(run))
    run.refresh_from_db()
    assert (run.status, run.verdict) == ("completed", "passed")
    assert workers.stop() == 0
    check_lines(run, workers.log.read_text())
    check_spans(run, [span for request in kind.received for span in spans_of(request)])


def check_lines(run: Run, text: str) -> None:
    lines = [line for line in logged(text) if line.get("run") == run.public_id]
    for lease in (lease for shard in run.shards.all() for lease in shard.leases.all()):
        own = {"shard": lease.shard.index, "lease": lease.number, "worker": lease.worker}
        said = [line["event"] for line in lines if own.items() <= line.items()]
        assert said[:2] == ["shard held", "shard finished"]
    assert [line["event"] for line in lines].count("run judged") == 1
    assert all({"timestamp", "level", "logger"} <= line.keys() for line in lines)
    assert PASSWORD not in text


def spans_of(request: ExportTraceServiceRequest) -> Iterator[Any]:
    for of_resource in request.resource_spans:
        names = {entry.key: entry.value.string_value for entry in of_resource.resource.attributes}
        assert names["service.name"] == "sentri"
        for scope in of_resource.scope_spans:
            yield from scope.spans


def check_spans(run: Run, spans: list[Any]) -> None:
    assert len({span.trace_id for span in spans}) == 1
    assert len({span.span_id for span in spans}) == len(spans)
    (root,) = [span for span in spans if not span.parent_span_id]
    assert root.name == run.public_id
    assert run.started_at
    assert abs(root.start_time_unix_nano / 1e9 - run.started_at.timestamp()) < 0.01
    tests = [span for span in spans if span.parent_span_id == root.span_id]
    assert sorted(span.name for span in tests) == [f"Test {number}" for number in range(4)]
    for test in tests:
        assert test.end_time_unix_nano - test.start_time_unix_nano > 0.4e9
        assert root.start_time_unix_nano <= test.start_time_unix_nano <= root.end_time_unix_nano
        steps = [span for span in spans if span.parent_span_id == test.span_id]
        assert steps
        assert all(step.status.code == 1 for step in steps)
    assert len(spans) == 1 + len(tests) + sum(len(a.steps) for r in run.results.all() for a in r.attempts.all())
