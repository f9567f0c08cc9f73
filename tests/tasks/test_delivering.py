"""The deliver task from a run's end to what arrives at receivers on loopback, with workers killed on the way."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import OrmQ

from projects.models import Channel, Project, Test, Workspace
from runs import gates, ledger, reading, states, tasks
from runs.delivering import put_settings
from runs.engine.netguard import Guard
from runs.engine.plan import RunOptions
from runs.models import Delivery, Run, TestHistory
from runs.notifiers.http import signature
from tests.held import Held
from tests.ledger.conftest import DOCUMENT, Hand
from tests.notifiers.test_email import Mailbox, mail_server
from tests.receivers import Answer, Receiver, receiver
from tests.tasks.conftest import ROOT, Start

pytestmark = pytest.mark.django_db(transaction=True)
Open = Callable[..., Run]


@pytest.fixture
def project(transactional_db: None) -> Project:
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    return Project.objects.create(workspace=workspace, name="Shop", url="http://shop.test/")


@pytest.fixture
def opened(project: Project) -> Open:
    def make(count: int = 1, shards: int = 1, **fields: Any) -> Run:
        tests = [Test.write(project, None, f"Test {number}", DOCUMENT) for number in range(count)]
        for test in tests:
            test.decide("approve", None)
        order = ledger.RunRequest(project=project, actor=None, actor_name="Ada", **fields)
        return ledger.open_test_run(order, RunOptions(shards=shards), tests)

    return make


@pytest.fixture
def received() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def channel(project: Project, url: str, kind: str = "webhook", **settings: Any) -> Channel:
    row = Channel(project=project, kind=kind, name=f"{kind} {Channel.objects.count()}", when="always")
    put_settings(row, {"url": url} if kind in ("webhook", "teams") else settings)
    row.save()
    return row


def finish(run: Run, outcome: str = "passed") -> Run:
    Hand(run).work_off(outcome)
    run.refresh_from_db()
    ledger.close(run.pk, gates.judge(reading.report(run)))
    run.refresh_from_db()
    return run


def deliver_all(run: Run) -> list[str]:
    """Makes everything due and tries it once; the states afterwards."""
    Delivery.objects.filter(run=run, state=states.OWED).update(next_try_at=timezone.now() - timedelta(seconds=1))
    for row in run.deliveries.all():
        tasks.deliver(row.pk)
    return [row.state for row in run.deliveries.all()]


def worker(environment: Mapping[str, str], delivery: int) -> subprocess.Popen[bytes]:
    """A process that does what a worker does with the message of a delivery."""
    script = f"import django; django.setup(); from runs import tasks; tasks.deliver({delivery})"
    return subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "sentri.settings"},
    )


@pytest.mark.parametrize("end", ["completed", "failed", "aborted"])
def test_R19_the_callback_of_every_end_arrives_signed_with_the_projects_secret(
    opened: Open, project: Project, received: Receiver, end: str
) -> None:
    secret = project.renew_signing_secret()
    run = opened(2, callback_url=f"{received.url}/done")
    if end == "completed":
        finish(run, "failed")
    elif end == "failed":
        ledger.fail(run.pk, "shop.test refuses connections.", "refused")
    else:
        ledger.abort(run.pk, "Ada")
    assert set(deliver_all(run)) == {"sent"}
    (request,) = received.arrived
    said = request.json
    assert (said["runId"], said["status"]) == (run.public_id, end)
    assert said["passed"] + said["failed"] + said["flaky"] + said["skipped"] == said["total"] == 2
    assert said["url"] == f"http://127.0.0.1:8000/runs/{run.public_id}"
    expected = signature(secret, request.headers["x-sentri-timestamp"], request.body)
    assert request.headers["x-sentri-signature"] == expected
    assert request.headers["x-sentri-delivery"] == f"{run.public_id}:callback:ended"


def test_K8_a_worker_killed_right_after_the_terminal_write_loses_no_effect(
    opened: Open, project: Project, received: Receiver
) -> None:
    """The finalizer's work ended with the commit; all messages are lost. The sweep knows what is owed."""
    channel(project, f"{received.url}/hook")
    run = finish(opened(1, callback_url=f"{received.url}/done"))
    OrmQ.objects.all().delete()
    then = timezone.now() - timedelta(seconds=11)
    Delivery.objects.update(queued_at=then, next_try_at=then)
    assert ledger.sweep().deliveries_sent == 3
    for message in OrmQ.objects.all():
        tasks.deliver(*message.args())
    assert sorted(request.path for request in received.arrived) == ["/done", "/hook"]
    assert run.events.filter(type="done").count() == 1


def test_K9_a_worker_killed_between_two_effects_loses_neither_and_repeats_none(
    opened: Open, project: Project, received: Receiver
) -> None:
    channel(project, f"{received.url}/hook")
    run = finish(opened(1, callback_url=f"{received.url}/done"))
    first, second = run.deliveries.exclude(kind="feedback")
    tasks.deliver(first.pk)
    # Here it is killed; another worker gets every message once more.
    for row in (first, second):
        tasks.deliver(row.pk)
    assert [request.path for request in received.arrived] == ["/done", "/hook"]
    assert [row.state for row in run.deliveries.exclude(kind="feedback")] == ["sent", "sent"]


def test_K9_a_worker_killed_between_sending_and_settling_leads_to_another_try_under_the_same_key(
    opened: Open, received: Receiver, product_environment: Mapping[str, str], eventually: Any
) -> None:
    run = opened(1, callback_url=f"{received.url}/done")
    ledger.abort(run.pk, "Ada")
    row = run.deliveries.get()
    hang = threading.Event()
    received.answers = [Answer(before=lambda: hang.wait(30)), Answer()]
    process = worker(product_environment, row.pk)
    eventually(lambda: received.arrived)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    hang.set()
    tasks.deliver(row.pk)
    assert len(received.arrived) == 1, "as long as its claim holds nobody else tries"
    Delivery.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    tasks.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.tries) == ("sent", 2)
    assert received.keys == [row.key, row.key]
    assert received.arrived[0].body == received.arrived[1].body
    assert [entry.sent for entry in row.log.all()] == [False, True]


def test_K10_a_failed_run_tells_done_stops_its_siblings_and_owes_its_effects_at_once(
    opened: Open, received: Receiver
) -> None:
    run = opened(4, shards=2, callback_url=f"{received.url}/done")
    hands = [Hand(run, 0, "a:1"), Hand(run, 1, "b:1")]
    ledger.fail(run.pk, "The browser cannot start.", "browser")
    # Killed here: what the failing shard's worker would have done next is done already.
    assert list(run.events.order_by("seq").values_list("type", flat=True))[-1] == "done"
    for hand in hands:
        with pytest.raises(ledger.StaleLease):
            ledger.wanted(hand.held)
    assert deliver_all(run) == ["sent"]
    assert received.arrived[0].json["error"] == "The browser cannot start."


def test_a_receiver_that_fails_is_tried_again_under_the_same_key(opened: Open, received: Receiver) -> None:
    received.answers = [Answer(500), Answer(503, headers={"Retry-After": "60"}), Answer(204, b"")]
    run = opened(1, callback_url=received.url)
    ledger.abort(run.pk, "Ada")
    assert deliver_all(run) == ["owed"]
    tasks.deliver(run.deliveries.get().pk)
    assert len(received.arrived) == 1, "not before its time"
    assert deliver_all(run) == ["owed"]
    assert (run.deliveries.get().next_try_at - timezone.now()).total_seconds() > 50
    assert deliver_all(run) == ["sent"]
    assert len(set(received.keys)) == 1
    assert [entry.http_status for entry in run.deliveries.get().log.all()] == [500, 503, 204]


def test_no_redirect_leads_a_callback_elsewhere(opened: Open, received: Receiver) -> None:
    received.answers = [Answer(307, headers={"Location": "/elsewhere"})]
    run = opened(1, callback_url=f"{received.url}/done")
    ledger.abort(run.pk, "Ada")
    assert deliver_all(run) == ["given_up"]
    assert [request.path for request in received.arrived] == ["/done"]
    assert "redirects are not followed" in run.deliveries.get().error


def test_a_forbidden_address_is_given_up_with_a_clear_sentence(opened: Open, received: Receiver, settings: Any) -> None:
    run = opened(1, callback_url=received.url)
    settings.GUARD = Guard()
    ledger.abort(run.pk, "Ada")
    assert deliver_all(run) == ["given_up"]
    assert run.deliveries.get().error.startswith("The address is not sent to: 127.0.0.1 is a private address")
    assert received.arrived == []


def test_R19_one_receiver_that_is_away_delays_no_other(opened: Open, project: Project, received: Receiver) -> None:
    channel(project, "http://127.0.0.1:9/nobody")
    channel(project, f"{received.url}/hook")
    run = finish(opened(1))
    assert deliver_all(run) == ["sent", "owed", "sent"]
    assert [request.path for request in received.arrived] == ["/hook"]


@pytest.mark.parametrize("change", ["deleted", "disabled", "unreadable"])
def test_a_channel_that_is_gone_disabled_or_unreadable_is_given_up_with_the_reason(
    opened: Open, project: Project, received: Receiver, settings: Any, change: str
) -> None:
    row = channel(project, received.url)
    run = finish(opened(1))
    if change == "deleted":
        row.delete()
    elif change == "disabled":
        Channel.objects.update(enabled=False)
    else:
        settings.ENV = replace(settings.ENV, credential_keys=("another",))
    assert deliver_all(run) == ["sent", "given_up"]
    reasons = {
        "deleted": "The channel was deleted.",
        "disabled": "The channel is disabled; enable it and send this again.",
        "unreadable": "Stored credentials cannot be read",
    }
    assert run.deliveries.get(kind="webhook").error.startswith(reasons[change])
    assert received.arrived == []


@pytest.mark.parametrize("said", ["ghp%2Fvery%26secret", "ghp/very&amp;secret", "Z2hwL3Zlcnkmc2VjcmV0"])
def test_the_log_keeps_secrets_in_no_other_form_either(
    opened: Open, project: Project, received: Receiver, said: str
) -> None:
    token = "ghp/very&secret"
    received.answers = [Answer(401, json.dumps({"message": f"{said} is no good"}).encode())]
    channel(project, "", "github", token=token, api=received.url)
    run = opened(1, commit={"repo": "octo/shop", "sha": "a" * 40})
    assert deliver_all(run) == ["given_up"]
    assert run.deliveries.get().error == "GitHub answered 401: ••• is no good"


def test_the_log_does_not_keep_secrets_that_a_receiver_repeats(
    opened: Open, project: Project, received: Receiver
) -> None:
    token = "ghp_very_secret"
    received.answers = [Answer(401, f'{{"message": "{token} is no good"}}'.encode())]
    channel(project, "", "github", token=token, api=received.url)
    run = opened(1, commit={"repo": "octo/shop", "sha": "a" * 40})
    assert deliver_all(run) == ["given_up"]
    row = run.deliveries.get()
    assert row.error == "GitHub answered 401: ••• is no good"
    assert token not in row.log.get().detail


def test_a_check_that_was_owed_while_queued_says_how_the_run_stands_when_it_gets_through(
    opened: Open, project: Project, received: Receiver
) -> None:
    channel(project, "", "github", token="ghp_x", api=received.url)
    received.answers = [Answer(503), Answer(201, b'{"id": 7}')]
    run = opened(1, commit={"repo": "octo/shop", "sha": "a" * 40})
    assert deliver_all(run) == ["owed"]
    finish(run)
    received.answer = lambda request: Answer(200, b'{"check_runs": []}' if request.method == "GET" else b'{"id": 7}')
    queued = run.deliveries.get(occasion="queued")
    Delivery.objects.filter(pk=queued.pk).update(next_try_at=timezone.now() - timedelta(seconds=1))
    tasks.deliver(queued.pk)
    assert received.arrived[-1].json["status"] == "completed"


def test_R21_feedback_reaches_the_histories_once(opened: Open) -> None:
    run = finish(opened(2))
    assert deliver_all(run) == ["sent"]
    ledger.redeliver(run.deliveries.get().pk)
    assert deliver_all(run) == ["sent"]
    histories = list(TestHistory.objects.all())
    assert len(histories) == 2
    assert [[outcome["run"] for outcome in history.outcomes] for history in histories] == [[run.pk]] * 2


def test_two_processes_with_the_same_message_send_it_once(
    opened: Open, received: Receiver, product_environment: Mapping[str, str]
) -> None:
    received.answers = [Answer(before=lambda: threading.Event().wait(0.5))]
    run = opened(1, callback_url=received.url)
    ledger.abort(run.pk, "Ada")
    row = run.deliveries.get()
    workers = [worker(product_environment, row.pk) for _ in range(2)]
    assert [process.wait(60) for process in workers] == [0, 0]
    assert len(received.arrived) == 1
    row.refresh_from_db()
    assert row.state == "sent"


def test_a_running_cluster_delivers_what_a_run_owes_and_comes_back_to_a_receiver_that_failed(
    opened: Open, received: Receiver, start_workers: Start, eventually: Any
) -> None:
    received.answers = [Answer(500), Answer()]
    start_workers()
    run = opened(1, callback_url=received.url)
    ledger.abort(run.pk, "Ada")
    eventually(lambda: run.deliveries.get().state == "sent")
    assert len(received.arrived) == 2
    assert len(set(received.keys)) == 1


def test_a_try_holds_no_transaction_and_no_lock_while_the_receiver_thinks(
    opened: Open, project: Project, received: Receiver
) -> None:
    """The receiver writes to the run and to its delivery before it answers: on one database, by another connection."""
    run = opened(1, callback_url=received.url)
    ledger.abort(run.pk, "Ada")

    def write() -> None:
        try:
            with transaction.atomic():
                Run.objects.select_for_update().get(pk=run.pk)
                Delivery.objects.select_for_update().get(run=run)
                Project.objects.filter(pk=project.pk).update(name="Written meanwhile")
        finally:
            connection.close()

    received.answers = [Answer(before=write)]
    assert deliver_all(run) == ["sent"]
    project.refresh_from_db()
    assert project.name == "Written meanwhile"


@pytest.mark.slow
def test_a_receiver_that_keeps_silent_for_ten_seconds_is_tried_again_under_the_same_key(
    opened: Open, received: Receiver
) -> None:
    silence = Held()
    received.answers = [Answer(before=silence.wait), Answer()]
    run = opened(1, callback_url=received.url)
    ledger.abort(run.pk, "Ada")
    assert deliver_all(run) == ["owed"]
    assert silence.is_held
    silence.release()
    row = run.deliveries.get()
    assert row.error == "127.0.0.1 did not answer within 10 s."
    assert row.log.get().duration_ms >= 9_900
    assert deliver_all(run) == ["sent"]
    assert received.keys == [row.key, row.key]


def test_a_lost_key_stops_what_is_signed_and_nothing_else(
    opened: Open, project: Project, received: Receiver, settings: Any
) -> None:
    project.renew_signing_secret()
    run = opened(1, callback_url=received.url)
    ledger.abort(run.pk, "Ada")
    settings.ENV = replace(settings.ENV, credential_keys=("another",))
    assert deliver_all(run) == ["given_up"]
    assert run.deliveries.get().error.startswith("Stored credentials cannot be read")
    channel(project, "", "email", to=["ada@shop.test"])
    with mail_server(box := Mailbox()) as port:
        settings.ENV = replace(settings.ENV, smtp_url=f"smtp://localhost:{port}?tls=none", mail_from="s@shop.test")
        assert deliver_all(finish(opened(1))) == ["sent", "sent"]
    assert len(box.envelopes) == 1
