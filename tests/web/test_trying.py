"""The pages that try a sign-in: a worker does it, and what it told is shown."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from projects.models import Activity, AuthProfile, Environment
from runs import ledger
from runs.engine.events import SignInTried, StepEnded, StepReport
from runs.heartbeats import worker_name
from runs.models import Run, Trial, Worker
from tests.web.conftest import World


@pytest.fixture
def editor(world: World) -> AuthProfile:
    row = AuthProfile(project=world.project, name="editor")
    row.keep_credentials(username="eva", password="let me in")
    row.save()
    return row


def asked(world: World, role: str = "editor", **data: str) -> Trial:
    answer = world.client("qa_lead").post(world.at(f"/settings/sign-ins/{role}/try"), data)
    assert answer.status_code == 302, answer.content.decode()
    row = Trial.objects.latest("pk")
    assert answer["Location"] == world.at(f"/settings/tried/{row.pk}")
    return row


def step(number: int, sentence: str) -> StepEnded:
    return StepEnded(number, 1, StepReport(index=0, do="sign_in", sentence=sentence, ok=True, duration_ms=12))


def test_a_try_is_queued_for_a_worker_and_is_no_run(world: World, editor: AuthProfile) -> None:
    row = asked(world)
    assert (row.status, row.role, row.site["secrets"]) == ("queued", "editor", [])
    assert OrmQ.objects.count() == 1
    assert not Run.objects.exists()
    assert Activity.objects.filter(verb="sign-in tried", detail="editor").exists()
    text = world.client("qa_lead").get(world.at(f"/settings/tried/{row.pk}")).content.decode()
    assert "Waits for a worker" in text
    assert 'hx-trigger="every 1s"' in text


def test_what_was_done_is_shown_with_a_picture_and_why_it_failed(world: World, editor: AuthProfile) -> None:
    row = asked(world)
    assert ledger.begin_trial(row.pk) is not None
    assert ledger.begin_trial(row.pk) is None, "a message that comes twice does nothing"
    ledger.record_trial(row.pk, [step(row.pk, "Typed the password")])
    ledger.record_trial(row.pk, [SignInTried(row.pk, "The site did not accept it.", b"\xff\xd8\xffpicture")])
    client, at = world.client("qa_lead"), world.at(f"/settings/tried/{row.pk}")
    text = client.get(at).content.decode()
    assert "Typed the password" in text
    assert "The site did not accept it." in text
    assert "every 1s" not in text
    fragment = client.get(at, headers={"HX-Request": "true"})
    assert (fragment.status_code, b"<html" in fragment.content) == (286, False)
    shown = client.get(f"{at}/picture")
    assert (shown["Content-Type"], shown.content) == ("image/jpeg", b"\xff\xd8\xffpicture")
    ledger.record_trial(row.pk, [SignInTried(row.pk, "", None)])
    row.refresh_from_db()
    assert row.status == "failed", "what is over stays as it is"


def test_a_sign_in_that_works_says_so(world: World, editor: AuthProfile) -> None:
    row = asked(world)
    ledger.begin_trial(row.pk)
    ledger.record_trial(row.pk, [SignInTried(row.pk, "")])
    text = world.client("qa_lead").get(world.at(f"/settings/tried/{row.pk}")).content.decode()
    assert "It works" in text
    assert world.client("qa_lead").get(world.at(f"/settings/tried/{row.pk}/picture")).status_code == 404


@pytest.mark.parametrize(
    ("since", "heard", "told"),
    [(50, None, False), (70, None, True), (70, 90, True), (70, 5, False), (400, 5, False), (430, 5, True)],
)
def test_a_worker_that_is_lost_is_told(
    world: World, editor: AuthProfile, since: int, heard: int | None, told: bool
) -> None:
    """After a minute without a sign of life; one that lives may take as long as a one-time code and signing in do."""
    row = asked(world)
    ledger.begin_trial(row.pk)
    now = timezone.now()
    Trial.objects.update(started_at=now - timedelta(seconds=since))
    if heard is not None:
        about = {"name": worker_name(), "host": "here", "pid": 1, "started_at": now}
        Worker.objects.create(**about, seen_at=now - timedelta(seconds=heard))
    text = world.client("qa_lead").get(world.at(f"/settings/tried/{row.pk}")).content.decode()
    assert ("The worker that tried it was lost; try it again." in text) == told


def test_nothing_secret_is_tried_elsewhere(world: World, editor: AuthProfile) -> None:
    staging = Environment.objects.create(project=world.project, name="staging", base_url="https://evil.example")
    client = world.client("qa_lead")
    at = world.at("/settings/sign-ins/editor/try")
    answer = client.post(at, {"environment": staging.public_id}, follow=True)
    assert "The sign-in “editor” was entered for http://shop.test" in answer.content.decode().replace("&quot;", '"')
    assert not Trial.objects.exists()


def test_only_the_last_ones_are_kept(world: World, editor: AuthProfile) -> None:
    rows = [asked(world) for _ in range(12)]
    assert set(Trial.objects.values_list("pk", flat=True)) == {row.pk for row in rows[-10:]}


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("stranger", 404)])
def test_trying_needs_a_qa_lead(world: World, editor: AuthProfile, who: str, status: int) -> None:
    row = asked(world)
    client = world.client(who)
    for path in (f"/settings/tried/{row.pk}", f"/settings/tried/{row.pk}/picture"):
        assert client.get(world.at(path)).status_code == status
    assert client.post(world.at("/settings/sign-ins/editor/try")).status_code == status


def test_an_unknown_sign_in_cannot_be_tried(world: World) -> None:
    assert world.client("admin").post(world.at("/settings/sign-ins/nobody/try")).status_code == 404
