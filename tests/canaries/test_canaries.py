"""More than twenty secrets are planted in every place; a site repeats them; nothing that is stored says one of them."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from projects.models import ApiToken, AuthProfile, Channel, Environment, Membership, Project, Test, Workspace
from runs import ledger
from runs.delivering import put_settings
from runs.engine.plan import CrawlOptions, RunOptions
from runs.models import Artifact, Attempt, CrawlPage, Run
from tests.canaries.searching import everything, needles
from tests.canaries.site import gossip
from tests.receivers import Answer, receiver
from tests.tasks.conftest import Start, start_workers  # noqa: F401 - a fixture
from tests.tasks.test_the_main_job import over

C: dict[str, str] = {
    "password": "pä/ss&w0rd \"of' <ali>",
    "second password": "3va-knows-this-one",
    "one-time secret": "JBSWY3DPEHPK3PXPQ3ZR",
    "basic password": "b4sic+challenge=answer",
    "sign-in header": "r0bot-comes-with-this",
    "header": "h3ader-of-the-pr0ject",
    "second header": "s3cond/header%20value",
    "authorization header": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.Zm9vYmFyLWJhei0x",
    "variable": "v4riable-of-the-project",
    "second variable": "5econd {variable} of \\it",
    "environment password": "env1ronment-passw0rd!",
    "environment header": "env1ronment-header-value",
    "environment variable": "env1ronment-variable-value",
    "webhook": "hook-t0ken-in-the-path",
    "teams": "te4ms-t0ken-in-the-path",
    "github": "ghp_c4naryc4naryc4nary",
    "session": "s3ss10nc00k1e4bcdef0123",
    "environment session": "0th3r5e5510nc00k1e9876",
    "stored token": "l0calst0rage-t0ken-12ab34cd",
    "environment token": "an0ther5t0red-t0ken-56ef78ab",
}


def document(title: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"title": title, "start": "/", "steps": list(steps), **more}


SAY = {"label": "Say"}
TESTS = [
    document(
        "Says the password",
        {"do": "fill", "target": SAY, "value": "{{account.password}} {{api_key}}"},
        {"do": "click", "target": {"role": "button", "name": "Say it"}},
        {"do": "expect_text", "target": {"css": "h2"}, "equals": "{{account.password}}"},
        auth="account",
    ),
    document("Looks for a secret", {"do": "expect_text", "target": {"css": "body"}, "contains": "x{{odd}}"}),
    document("Opens an address", {"do": "goto", "path": "/echo?v={{api_key}}"}, {"do": "expect_url", "path": "/no"}),
    document("Is challenged", {"do": "goto", "path": "/basic"}, {"do": "expect_title", "equals": "no"}, auth="basic"),
    document("Comes by header", {"do": "expect_title", "equals": "no"}, auth="robot"),
    document("Has a code", {"do": "expect_title", "equals": "no"}, auth="eva"),
    {
        "title": "Asks the API",
        "kind": "api",
        "steps": [
            {
                "do": "request",
                "method": "POST",
                "path": "/api/take?v={{odd}}",
                "json": {"p": "{{account.password}}", "k": "{{api_key}}"},
                "expect": {"json": [{"path": "$.heard", "equals": "{{odd}}"}]},
            }
        ],
    },
]


@pytest.fixture
def person(transactional_db: None) -> User:
    return User.objects.create(username="ada")


@pytest.fixture
def project(person: User) -> Project:
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    Membership.objects.create(workspace=workspace, user=person, role="admin")
    return Project(workspace=workspace, name="Gossip")


def entrusted(project: Project, url: str) -> None:
    project.url = f"{url}/"
    project.keep_credentials(username="ali", password=C["password"])
    for name, key in (("X-Key", "header"), ("X-Second", "second header"), ("X-Token", "authorization header")):
        project.entrust(f"header {name}", [url], {f"header {name}": C[key]})
    for name, key in (("api_key", "variable"), ("odd", "second variable")):
        project.entrust(f"variable {name}", [url], {f"variable {name}": C[key]})
    project.save()
    kinds: dict[str, tuple[str, dict[str, str]]] = {
        "eva": ("form", {"username": "eva", "password": C["second password"], "totp": C["one-time secret"]}),
        "basic": ("basic", {"username": "bob", "password": C["basic password"]}),
        "robot": ("headers", {"headers": json.dumps({"X-Robot": C["sign-in header"]})}),
    }
    for name, (kind, secrets) in kinds.items():
        profile = AuthProfile(project=project, name=name, kind=kind)
        profile.keep_credentials(**secrets)
        profile.save()


def channels(project: Project, url: str) -> None:
    settings: dict[str, dict[str, Any]] = {
        "webhook": {"url": f"{url}/{C['webhook']}"},
        "teams": {"url": f"{url}/{C['teams']}"},
        "github": {"repo": "a/b", "api": url, "token": C["github"]},
    }
    for kind, given in settings.items():
        channel = Channel(project=project, kind=kind, name=kind, when="always")
        put_settings(channel, given)
        channel.save()


def environment(project: Project, url: str) -> Environment:
    row = Environment(project=project, name="staging", base_url=f"{url}/")
    row.keep_credentials(username="ali", password=C["environment password"])
    row.entrust("header X-Env", [url], {"header X-Env": C["environment header"]})
    row.entrust("variable api_key", [url], {"variable api_key": C["environment variable"]})
    row.save()
    return row


def answers(project: Project, token: str) -> Iterator[tuple[str, bytes]]:
    """What the API says to an admin about everything."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    at = f"/api/v1/projects/{project.public_id}"
    paths = [at, "/api/v1/me", "/api/v1/runs", f"{at}/application"]
    paths += [f"{at}/{part}" for part in ("environments", "auth-profiles", "channels", "tests")]
    for run in Run.objects.all():
        own = f"/api/v1/runs/{run.public_id}"
        paths += [own, *(f"{own}/{part}" for part in ("results", "pages", "events", "changes", "differences"))]
        paths += [f"{own}/deliveries", *(f"/api/v1/results/{result.pk}" for result in run.results.all())]
    for path in paths:
        answer = client.get(path)
        assert answer.status_code in (200, 404), (path, answer.content)
        yield f"GET {path}", answer.content


@pytest.mark.slow
def test_nothing_that_is_stored_says_a_secret(
    person: User,
    project: Project,
    start_workers: Start,  # noqa: F811
    eventually: Any,
    tmp_path: Path,
) -> None:
    with (
        gossip(C["session"], C["stored token"], C["one-time secret"]) as (site, heard),
        gossip(C["environment session"], C["environment token"], "-") as (elsewhere, heard_elsewhere),
        receiver() as inbox,
    ):
        inbox.answer = lambda request: Answer(500, f"{request.path} {request.headers}".encode())
        entrusted(project, site.url)
        channels(project, inbox.url)
        staging = environment(project, elsewhere.url)
        tokens = [ApiToken.issue("CI", project=project)[1], ApiToken.issue("Laptop", user=person)[1]]
        planted = {**C, "callback": str.__str__(project.signing_secret()), "CI": tokens[0], "personal": tokens[1]}
        assert len(planted) >= 20
        tests = [Test.write(project, None, str(one["title"]), one) for one in TESTS]
        for test in tests:
            test.decide("approve", None)
        order = ledger.RunRequest(project, None, "Ada", callback_url=f"{inbox.url}/callback")
        workers = start_workers()
        small: dict[str, Any] = {"max_pages": 5, "max_states": 2, "test_count": 4, "replays": 1, "max_breakages": 1}
        crawl = ledger.open_crawl(order, CrawlOptions(mode="states", same_template=1, parallel=2, **small))
        eventually(over(crawl), seconds=420)
        kept: dict[str, Any] = {"trace": "on", "screenshot": "on", "retries": 0, "timeout_ms": 4_000}
        run = ledger.open_test_run(order, RunOptions(**kept), tests)
        there = ledger.RunRequest(project, None, "Ada", environment=staging)
        second = ledger.open_test_run(there, RunOptions(**kept), [tests[0], tests[2]])
        eventually(over(run), seconds=240)
        eventually(over(second))
        eventually(lambda: len(inbox.arrived) >= 3)
        told = dict(answers(project, tokens[1]))
        workers.stop()
    whole_of_the_work_was_done(crawl, run, second)
    assert {C[key] for key in ("password", "second password", "basic password", "sign-in header", "header")} <= set(
        heard.heard
    ), "the site was told, or this shows nothing"
    assert C["environment password"] in heard_elsewhere.heard
    others = {**told, **the_database_file()}
    found = [
        (where, name)
        for where, content in everything(tmp_path, others)
        for name, secret in planted.items()
        if any(needle in content for needle in needles(secret))
    ]
    assert found == []


def whole_of_the_work_was_done(crawl: Run, *runs: Run) -> None:
    """What is searched has something in it: pages, proofs, attempts, and a trace of each test."""
    crawl.refresh_from_db()
    assert (crawl.status, crawl.error) == ("completed", "")
    assert CrawlPage.objects.filter(run=crawl, status="done").count() >= 3
    assert crawl.results.exists()
    for run in runs:
        run.refresh_from_db()
        assert (run.status, run.error) == ("completed", "")
        attempts = Attempt.objects.filter(result__run=run)
        assert attempts.count() == run.results.count()
        assert Artifact.objects.filter(attempt__in=attempts, kind="trace").count() == run.results.count()
        assert any("•••" in json.dumps([one.steps, one.failure, one.requests], ensure_ascii=False) for one in attempts)


def the_database_file() -> dict[str, bytes]:
    """Where the database is one file, all of it, and what is still to be written to it."""
    if connection.vendor != "sqlite":
        return {}
    name = str(connection.settings_dict["NAME"])
    sqlite3.connect(name).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    return {"the database": Path(name).read_bytes()}
