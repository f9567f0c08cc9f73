"""The admin: every page opens, state is looked at and not edited, actions go through the ledger."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.accounts import keep_session
from projects.models import (
    Activity,
    ApiToken,
    AuthProfile,
    Channel,
    Environment,
    Membership,
    Project,
    Session,
    Test,
    Workspace,
)
from runs import ledger
from runs.engine.plan import CrawlOptions, RunOptions
from runs.models import Artifact, Delivery, Meter, Run, Worker
from tests.ledger.conftest import DOCUMENT, Hand

LOOKED_AT = {"run", "shard", "result", "attempt", "crawlpage", "runevent", "worker", "meter", "delivery"}
LOOKED_AT |= {"test", "apitoken", "activity", "channel", "authprofile", "session"}
SECRET = "correct horse battery"


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def run(operator: Client) -> Run:
    """A run with a failed result, and a row in every table that the admin shows."""
    user = User.objects.get()
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    Membership.objects.create(workspace=workspace, user=user, role="admin")
    project = Project(workspace=workspace, name="Shop", url="http://shop.test/")
    project.keep_credentials(username="ada", password=SECRET)
    project.save()
    Environment.objects.create(project=project, name="staging", base_url="https://staging.shop.test")
    ApiToken.issue("Laptop", user=user)
    ApiToken.issue("CI", project=project)
    test = Test.write(project, user, str(DOCUMENT["title"]), DOCUMENT)
    test.decide("approve", user)
    letters = Channel(project=project, kind="teams", name="QA", when="always")
    letters.keep_secrets(url=f"https://hooks.test/{SECRET}")
    letters.save()
    editor = AuthProfile(project=project, name="editor")
    editor.keep_credentials(username="eva", password=SECRET)
    editor.save()
    keep_session((project.pk, None), "editor", "mark", {"state": {"cookies": [SECRET]}, "page": "http://shop.test/"})
    order = ledger.RunRequest(project, user, "Ada", callback_url="https://ci.invalid/done")
    ledger.open_crawl(order, CrawlOptions())
    ledger.abort(ledger.open_test_run(order, RunOptions(), [test]).pk, "Ada")
    made = ledger.open_test_run(order, RunOptions(), [test])
    Hand(made).work_off("failed")
    attempt = made.results.get().attempts.get()
    Artifact.objects.create(attempt=attempt, kind="trace", path="a", content_type="application/zip", size=1)
    user.groups.create(name="testers")
    now = timezone.now()
    Worker.objects.create(name="here:1", host="here", pid=1, started_at=now, seen_at=now)
    Meter.objects.create(name="sentri_claims_total", value=1)
    return made


def registered() -> list[Any]:
    return sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.mark.parametrize("model", registered(), ids=lambda model: model._meta.label_lower)
def test_every_page_of_every_table_opens(operator: Client, run: Run, model: type[Any]) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    add = operator.get(reverse(f"{name}_add"))
    assert add.status_code == (403 if model._meta.model_name in LOOKED_AT else 200)
    rows = list(model._default_manager.all()[:3])
    assert rows, "the fixture makes a row of every table"
    changelist = reverse(f"{name}_changelist")
    for address in (
        changelist,
        f"{changelist}?q=shop",
        *(reverse(f"{name}_change", args=[row.pk]) for row in rows),
        *(reverse(f"{name}_history", args=[row.pk]) for row in rows),
    ):
        answer = operator.get(address)
        assert answer.status_code == 200, address
        assert SECRET not in answer.content.decode()
        assert not any(token.digest in answer.content.decode() for token in ApiToken.objects.all())
    if model._meta.model_name in LOOKED_AT:
        assert operator.post(reverse(f"{name}_change", args=[rows[0].pk]), {"status": "passed"}).status_code == 403
        assert operator.post(reverse(f"{name}_delete", args=[rows[0].pk]), {"post": "yes"}).status_code == 403


def test_the_front_page_names_our_tables_and_hides_the_queues(operator: Client, run: Run) -> None:
    text = operator.get(reverse("admin:index")).content.decode()
    for name in ("Workspaces", "Projects", "Environments", "Runs"):
        assert name in text
    assert "django_q" not in text
    assert not any(model._meta.app_label == "django_q" for model in registered())


@pytest.mark.parametrize("filters", ["?status__exact=failed", "?run__id__exact=1", "?status=failed&o=-1"])
def test_results_are_filtered(operator: Client, run: Run, filters: str) -> None:
    assert operator.get(reverse("admin:runs_result_changelist") + filters).status_code == 200


def act(client: Client, model: str, action: str, *rows: Any) -> list[str]:
    """The messages that an action on rows leaves."""
    body = {"action": action, "_selected_action": [row.pk for row in rows]}
    answer = client.post(reverse(f"admin:{model}_changelist"), body, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def test_runs_are_aborted_by_the_ledger_and_ended_ones_refuse(operator: Client, run: Run) -> None:
    crawl = Run.objects.get(kind="crawl")
    assert act(operator, "runs_run", "abort", crawl) == [f"{crawl.public_id} was aborted."]
    crawl.refresh_from_db()
    assert crawl.status == "aborted"
    assert Activity.objects.filter(verb="run aborted", subject=crawl.public_id, actor_name="operator").exists()
    (message,) = act(operator, "runs_run", "abort", crawl)
    assert "is aborted and cannot abort" in message


def test_runs_are_queued_again_by_the_ledger_and_ended_ones_refuse(operator: Client, run: Run) -> None:
    crawl = Run.objects.get(kind="crawl")
    assert act(operator, "runs_run", "requeue", crawl) == [f"{crawl.public_id}: 1 messages sent."]
    ledger.abort(crawl.pk, "Ada")
    (message,) = act(operator, "runs_run", "requeue", crawl)
    assert "start a new run instead" in message


def test_tests_are_reviewed_by_their_table(operator: Client, run: Run) -> None:
    test = Test.objects.get()
    assert act(operator, "projects_test", "reject", test) == [f"{test.public_id} was rejected."]
    assert "cannot be rejected" in act(operator, "projects_test", "reject", test)[0]
    assert act(operator, "projects_test", "restore", test) == [f"{test.public_id} was restored."]
    assert act(operator, "projects_test", "approve", test) == [f"{test.public_id} was approved."]


def test_tokens_are_revoked(operator: Client, run: Run) -> None:
    assert act(operator, "projects_apitoken", "revoke", *ApiToken.objects.all()) == ["2 revoked."]
    assert not ApiToken.living().exists()


def test_sessions_are_forgotten(operator: Client, run: Run) -> None:
    assert act(operator, "projects_session", "forget", *Session.objects.all()) == ["1 forgotten."]
    assert not Session.objects.exists()


def test_projects_are_deleted_softly_and_edited(operator: Client, run: Run) -> None:
    project = Project.objects.get()
    address = reverse("admin:projects_project_change", args=[project.pk])
    body = {"name": "Store", "url": "https://store.test/", "workspace": project.workspace_id, "headers": "{}"}
    assert operator.post(address, {**body, "variables": "{}"}).status_code == 302
    for wrong in ({"url": "ftp://x.test"}, {"url": "https://a:b@x.test"}, {"headers": "[]"}, {"variables": '{"a": 1}'}):
        answer = operator.post(address, {**body, "variables": "{}", **wrong})
        assert answer.status_code == 200
        assert answer.context["adminform"].form.errors, wrong
    project.refresh_from_db()
    assert (project.name, project.url) == ("Store", "https://store.test/")
    assert str.__str__(project.secrets["password"]) == SECRET
    working = "Store has runs that are not over; abort them, or wait for their end."
    assert act(operator, "projects_project", "delete_softly", project) == [working]
    for living in Run.objects.living():
        ledger.abort(living.pk, "Ada")
    assert act(operator, "projects_project", "delete_softly", project) == ["Store was deleted."]
    assert not Project.objects.alive().exists()
    assert Run.objects.exists()
    assert act(operator, "projects_project", "undelete", project) == ["Store is back."]
    noted = Activity.objects.filter(subject=project.public_id, verb__startswith="project ").values_list(
        "verb", flat=True
    )
    assert set(noted) == {"project deleted", "project restored"}


def test_a_new_address_is_told_in_the_log_as_it_is_on_pages(operator: Client, run: Run) -> None:
    project, environment = Project.objects.get(), Environment.objects.get()
    project.entrust("header X-Key", [project.url], {"header X-Key": SECRET})
    project.save()
    plain = {"headers": "{}", "variables": "{}"}
    body = {"name": "Shop", "url": "https://store.test/", "workspace": project.workspace_id, **plain}
    answer = operator.post(reverse("admin:projects_project_change", args=[project.pk]), body, follow=True)
    left = "The header X-Key was entered for http://shop.test, and may not be sent to https://store.test."
    assert left in [str(message) for message in answer.context["messages"]]
    body = {"name": "staging", "base_url": "https://qa.shop.test/", "project": project.pk, **plain}
    address = reverse("admin:projects_environment_change", args=[environment.pk])
    assert operator.post(address, body).status_code == 302
    assert operator.post(address, body).status_code == 302, "the same address again is no move"
    moves = (
        Activity.objects.filter(verb="address changed").order_by("pk").values_list("subject", "actor_name", "detail")
    )
    assert list(moves) == [
        (
            project.public_id,
            "operator",
            "http://shop.test → https://store.test; the credentials and the header X-Key may not be sent there",
        ),
        (environment.public_id, "operator", "https://staging.shop.test → https://qa.shop.test"),
    ]


def test_an_environment_does_not_take_its_secrets_to_another_project(operator: Client, run: Run) -> None:
    project, environment = Project.objects.get(), Environment.objects.get()
    other = Project.objects.create(workspace=project.workspace, name="Other", url="https://other.test/")
    environment.entrust("header X-Key", [environment.base_url], {"header X-Key": SECRET})
    environment.save()
    address = reverse("admin:projects_environment_change", args=[environment.pk])
    body = {"name": "staging", "base_url": environment.base_url, "headers": "{}", "variables": "{}"}
    answer = operator.post(address, {**body, "project": other.pk})
    (sentence,) = answer.context["adminform"].form.errors["project"]
    assert sentence.startswith("This environment has secrets, which stay with their project; take them away first")
    environment.refresh_from_db()
    assert environment.project_id == project.pk
    assert operator.post(address, {**body, "project": project.pk}).status_code == 302
    environment.forget("header X-Key", ["header X-Key"])
    environment.save()
    assert operator.post(address, {**body, "project": other.pk}).status_code == 302
    environment.refresh_from_db()
    assert environment.project_id == other.pk


@pytest.mark.parametrize(("column", "given"), [("headers", '{"x-key": "open"}'), ("variables", '{"api_key": "open"}')])
def test_what_is_secret_is_not_written_down_in_the_open(operator: Client, run: Run, column: str, given: str) -> None:
    project = Project.objects.get()
    for name in ("header X-Key", "variable api_key"):
        project.entrust(name, [project.url], {name: SECRET})
    project.save()
    body = {"name": "Shop", "url": project.url, "workspace": project.workspace_id, "headers": "{}", "variables": "{}"}
    answer = operator.post(reverse("admin:projects_project_change", args=[project.pk]), {**body, column: given})
    (sentence,) = answer.context["adminform"].form.errors[column]
    assert "is a secret one already; its value is entered, or taken away, in the settings of the project" in sentence
    project.refresh_from_db()
    assert getattr(project, column) == {}
    assert str.__str__(project.secrets["header X-Key"]) == SECRET


def test_staff_who_may_only_look_have_no_actions(operator: Client, run: Run) -> None:
    from django.contrib.auth.models import Permission

    watcher = User.objects.create(username="watcher", is_staff=True)
    watcher.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(watcher)
    crawl = Run.objects.get(kind="crawl")
    answer = client.post(reverse("admin:runs_run_changelist"), {"action": "abort", "_selected_action": [crawl.pk]})
    assert answer.status_code in (200, 302, 403)
    crawl.refresh_from_db()
    assert crawl.status == "queued"


def test_the_admin_is_for_staff(db: None, client: Client) -> None:
    client.force_login(User.objects.create_user("person"))
    assert client.get(reverse("admin:index")).status_code == 302


def test_deliveries_are_sent_again_and_channels_are_disabled(operator: Client, run: Run) -> None:
    rows = Delivery.objects.filter(kind="callback")
    taken = ledger.take_delivery(rows.get().pk)
    assert taken is not None
    address = reverse("admin:runs_delivery_changelist")
    asked = {"action": "redeliver", "_selected_action": [rows.get().pk]}
    assert "is being sent right now" in operator.post(address, asked, follow=True).content.decode()
    ledger.settle_delivery(taken, ledger.DeliveryOutcome(True, "It answered 200.", 12, 200))
    assert "is sent again" in operator.post(address, asked, follow=True).content.decode()
    assert rows.get().state == "owed"
    channel = Channel.objects.get()
    asked = {"action": "disable", "_selected_action": [channel.pk]}
    operator.post(reverse("admin:projects_channel_changelist"), asked)
    channel.refresh_from_db()
    assert not channel.enabled
