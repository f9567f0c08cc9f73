"""/metrics: what processes counted and how things stand, for those who may read it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from projects.models import Project
from runs import heartbeats, ledger, meters
from runs.engine.plan import RunOptions
from runs.models import Delivery, Meter, Run
from tests.watching.conftest import approved, reported

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted_yet() -> None:
    meters.drain()


def scraped(client: Client, **headers: Any) -> Mapping[tuple[str, str], float]:
    """(sample, value of its label) → value."""
    answer = client.get("/metrics", **headers)
    assert answer.status_code == 200, answer.content
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_quiet_installation_shows_zeros_that_alarms_can_stand_on(client: Client) -> None:
    found = scraped(client)
    for name in (meters.CLAIMS, meters.LEASES_LOST, meters.RESTARTS, "sentri_queue_messages"):
        assert found[name, ""] == 0
    assert found[meters.REFUSED, "lease"] == found[meters.RESENT, "judge"] == 0
    assert found["sentri_claim_seconds_count", ""] == 0
    assert found["sentri_results", "pending"] == 0
    assert found["sentri_workers", "fit"] == 0
    assert found["sentri_deliveries", "owed"] == 0


def test_work_that_waits_is_counted(client: Client, project: Project) -> None:
    ledger.open_test_run(ledger.RunRequest(project, None, "Ada"), RunOptions(shards=2), approved(project, 3))
    found = scraped(client)
    assert found["sentri_queue_messages", ""] == 2
    assert (found["sentri_runs", "queued"], found["sentri_runs", "running"]) == (1, 0)
    assert (found["sentri_results", "pending"], found["sentri_results", "running"]) == (3, 0)
    assert found["sentri_run_longest_wait_seconds", ""] > 0


def test_numbers_of_all_processes_add_up(client: Client) -> None:
    for _ in range(2):
        meters.count(meters.RESENT, 3, "shard")
        meters.observe(meters.CLAIM_SECONDS, 0.004)
        heartbeats.flush()
    meters.observe(meters.CLAIM_SECONDS, 4.0)
    found = scraped(client)
    assert found[meters.RESENT, "shard"] == 6
    assert found["sentri_claim_seconds_count", ""] == 3
    assert found["sentri_claim_seconds_sum", ""] == pytest.approx(4.008)
    assert found["sentri_claim_seconds_bucket", "0.0025"] == 0
    assert found["sentri_claim_seconds_bucket", "0.005"] == 2
    assert found["sentri_claim_seconds_bucket", "5"] == 3
    assert found["sentri_claim_seconds_bucket", "+Inf"] == 3


def test_workers_that_hung_are_counted(client: Client) -> None:
    assert scraped(client)[meters.HUNG, "task"] == 0
    meters.count(meters.HUNG, label="task")
    assert scraped(client)[meters.HUNG, "task"] == 1


def test_numbers_that_could_not_be_written_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    meters.count(meters.CLAIMS, 5)
    monkeypatch.setattr(Meter._meta, "db_table", "no_such_table")
    with pytest.raises(Error), transaction.atomic():
        heartbeats.flush()
    monkeypatch.undo()
    heartbeats.flush()
    assert Meter.objects.get(name=meters.CLAIMS).value == 5


def test_nothing_is_written_where_nothing_was_counted() -> None:
    meters.count(meters.CLAIMS, 0)
    with CaptureQueriesContext(connection) as queries:
        heartbeats.flush()
    assert len(queries) == 0


def test_workers_are_counted_by_state_and_their_memory_by_machine(client: Client) -> None:
    reported("a:1", memory_mb=100)
    reported("a:2", memory_mb=50, unfit="No browser found.")
    reported("b:1", stopping=True)
    reported("b:2", silent=30)
    reported("b:3", silent=90)
    found = scraped(client)
    assert [found["sentri_workers", state] for state in ("fit", "unfit", "stopping", "silent")] == [1, 1, 1, 1]
    assert found["sentri_worker_memory_bytes", "a"] == 150 * 2**20


def test_deliveries_are_counted_by_state(client: Client, project: Project) -> None:
    run = ledger.open_test_run(ledger.RunRequest(project, None, "Ada"), RunOptions(), approved(project, 1))
    now = timezone.now()
    Delivery.objects.create(run=run, kind="callback", occasion="ended", key="1", next_try_at=now)
    Delivery.objects.create(
        run=run, kind="teams", occasion="ended", key="2", next_try_at=now, state="given_up", settled_at=now
    )
    meters.count(meters.DELIVERIES, 2, "refused")
    found = scraped(client)
    assert [found["sentri_deliveries", state] for state in ("owed", "sent", "given_up")] == [1, 0, 1]
    assert found[meters.DELIVERIES, "refused"] == 2
    assert found["sentri_delivery_longest_owed_seconds", ""] > 0


def test_the_number_of_queries_does_not_grow(client: Client, project: Project) -> None:
    def open_runs(count: int) -> None:
        for _ in range(count):
            ledger.open_test_run(ledger.RunRequest(project, None, "Ada"), RunOptions(shards=2), approved(project, 4))

    open_runs(1)
    with CaptureQueriesContext(connection) as few:
        scraped(client)
    open_runs(5)
    assert Run.objects.count() == 6
    with CaptureQueriesContext(connection) as many:
        scraped(client)
    assert len(many) == len(few) <= 12


def test_without_a_token_only_this_machine_may_read(client: Client, settings: Any) -> None:
    settings.ENV = replace(settings.ENV, metrics_token="")
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200
    elsewhere: tuple[dict[str, Any], ...] = (
        {"REMOTE_ADDR": "10.0.0.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "10.0.0.7"},
    )
    for place in elsewhere:
        answer = client.get("/metrics", **place)
        assert answer.status_code == 403
        assert "SENTRI_METRICS_TOKEN" in answer.content.decode()


def test_with_a_token_everybody_needs_it(client: Client, settings: Any) -> None:
    settings.ENV = replace(settings.ENV, metrics_token="geheim-ü")
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer wrong").status_code == 403
    assert scraped(client, REMOTE_ADDR="10.0.0.7", HTTP_AUTHORIZATION="Bearer geheim-ü")
