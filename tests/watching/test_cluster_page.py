"""/cluster: who works, on what, what waits and why; runs of other workspaces are not named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.models import Membership, Project, Workspace
from runs import heartbeats, ledger
from runs.engine.plan import RunOptions
from runs.models import Delivery, Lease, Run
from tests.ledger.conftest import Hand
from tests.watching.conftest import approved, reported


@pytest.fixture
def member(project: Project) -> Client:
    return signed_in("member", project.workspace)


@pytest.fixture
def stranger(project: Project) -> Client:
    return signed_in("stranger", Workspace.objects.create(name="Elsewhere", slug="elsewhere"))


def signed_in(name: str, workspace: Workspace) -> Client:
    client = Client()
    user = User.objects.create_user(name)
    Membership.objects.create(workspace=workspace, user=user, role="viewer")
    client.force_login(user)
    return client


def run_of(project: Project, **fields: Any) -> Run:
    order = ledger.RunRequest(**{"project": project, "actor": None, "actor_name": "Ada", **fields})
    return ledger.open_test_run(order, RunOptions(shards=2), approved(project, 2))


def doing(run: Run, title: str) -> list[dict[str, Any]]:
    since = (datetime.now(UTC) - timedelta(seconds=3)).isoformat()
    return [{"slot": 0, "run": run.pk, "shard": 0, "title": title, "since": since}]


def shown(client: Client, **headers: Any) -> str:
    answer = client.get("/cluster", **headers)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_without_workers_it_says_how_to_start_one(member: Client) -> None:
    page = shown(member)
    assert "No worker has reported" in page
    assert "manage.py sentri_worker" in page
    assert "No run waits to be begun." in page


def test_each_worker_shows_its_state_and_what_it_does(member: Client, project: Project) -> None:
    run = run_of(project)
    reported("a:1", memory_mb=321, doing=doing(run, "Buying a mug"))
    reported("a:2", unfit="No browser found: install one.", browser="")
    reported("a:3", stopping=True)
    reported("a:4", silent=20, doing=doing(run, "What it did before"))
    reported("a:5", silent=120)
    page = shown(member)
    for word in ("fit", "unfit", "stopping", "silent", "gone"):
        assert f"</span> {word}</span>" in page
    for words in ("Buying a mug", run.public_id, "321 MB", "headless-shell 156.0", "No browser found: install one."):
        assert words in page
    assert "What it did before" not in page


def test_leases_are_shown_with_run_shard_and_time_left(member: Client, project: Project) -> None:
    run = run_of(project)
    Hand(run, 1, worker="a:77")
    reported("a:77")
    page = shown(member)
    assert "a:77" in page
    assert '<td class="fit number" data-label="Shard">1</td>' in page
    assert "expired" not in page
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "expired" in shown(member)


def test_waiting_runs_come_in_order_with_the_reason(member: Client, project: Project) -> None:
    first, second = run_of(project), run_of(project)
    assert "no worker is there" in shown(member)
    worker = reported("a:1", unfit="No browser found.")
    assert "no worker has a browser" in shown(member)
    worker.unfit = ""
    worker.save()
    page = shown(member)
    assert page.count("waits for a worker") == 2
    assert page.index(first.public_id) < page.index(second.public_id)
    Run.objects.filter(pk=second.pk).update(priority=5)
    page = shown(member)
    assert page.index(second.public_id) < page.index(first.public_id)


def test_a_run_that_waits_for_others_of_its_project_says_so(member: Client, project: Project) -> None:
    project.max_concurrent_runs = 1
    project.save()
    reported("a:1")
    Hand(run_of(project))
    run_of(project)
    assert "waits for other runs of its project, of which 1 at most are under way at once" in shown(member)


def test_owed_deliveries_are_shown(member: Client, project: Project) -> None:
    fields = {"run": run_of(project), "next_try_at": timezone.now(), "tries": 2, "error": "It answered 500."}
    Delivery.objects.create(kind="callback", occasion="ended", key="1", **fields)
    page = shown(member)
    assert "callback" in page
    assert "It answered 500." in page


def test_runs_of_other_workspaces_are_not_named(stranger: Client, project: Project) -> None:
    run, waiting = run_of(project), run_of(project)
    Hand(run, worker="a:1")
    reported("a:1", doing=doing(run, "Buying a secret mug"))
    Delivery.objects.create(
        run=run, kind="callback", occasion="ended", key="1", next_try_at=timezone.now(), error="http://secret.test"
    )
    page = shown(stranger)
    assert page.count("another workspace") == 4
    for secret in ("secret", "Shop", run.public_id, waiting.public_id):
        assert secret not in page


def test_the_page_refreshes_by_its_fragment(member: Client) -> None:
    fragment = shown(member, HTTP_HX_REQUEST="true")
    assert "<html" not in fragment
    assert 'hx-trigger="every 2s"' in shown(member)


def test_nobody_who_is_not_signed_in_sees_it(project: Project) -> None:
    assert Client().get("/cluster")["Location"].startswith("/sign-in")


def test_the_number_of_queries_does_not_grow(member: Client, project: Project) -> None:
    def more(number: int) -> None:
        run = run_of(project)
        Hand(run, worker=f"a:{number}")
        reported(f"a:{number}", doing=doing(run, "Buying"))
        run_of(project)

    project.max_concurrent_runs = 50
    project.save()
    more(1)
    with CaptureQueriesContext(connection) as few:
        shown(member)
    for number in range(2, 6):
        more(number)
    with CaptureQueriesContext(connection) as many:
        shown(member)
    assert len(many) == len(few)


def test_a_worker_that_hung_says_how_that_showed(member: Client) -> None:
    heartbeats.hung(4711, "the process gave no sign of life for 16 s")
    page = shown(member)
    assert ":4711" in page
    assert "the process gave no sign of life for 16 s; killed and replaced" in page
    assert page.count("hung") >= 2
