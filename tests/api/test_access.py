"""Who may do what: a stranger finds nothing, a viewer reads, a QA lead works, an admin does the rest."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import ApiToken, AuthProfile, Invitation, Membership, Test
from runs import ledger, states
from runs.models import Result, Run
from tests.api.applications import learnt
from tests.api.conftest import DOCUMENT, Refusal, World

WHO = ("stranger", "viewer", "qa_lead", "admin", "ci")
SECRET = {"username": "ada", "password": "x"}
CHANNEL = {"kind": "email", "name": "Mail", "settings": {"to": ["ada@shop.test"]}}
Call = Callable[[World], tuple[str, str, Any]]


def channel(world: World) -> str:
    made = world.project.channels.create(kind="email", name="Letters", settings={"to": ["ada@shop.test"]})
    return made.public_id


def profile(world: World) -> str:
    return AuthProfile.objects.create(project=world.project, name="editor", kind="basic").public_id


def delivery(world: World) -> int:
    run = world.run(callback_url="https://ci.invalid/done")
    ledger.abort(run.pk, "Ada")
    return int(run.deliveries.get().pk)


def at_workspace(world: World, rest: str = "") -> str:
    return f"/api/v1/workspaces/{world.workspace.slug}{rest}"


def member(world: World) -> str:
    """Somebody beside those who ask."""
    user = User.objects.create(username="colleague")
    return at_workspace(
        world, f"/members/{Membership.objects.create(workspace=world.workspace, user=user, role='viewer').pk}"
    )


def invitation(world: World) -> str:
    return at_workspace(world, f"/invitations/{Invitation.issue(world.workspace, 'viewer', None)[0].public_id}")


def aborted(world: World) -> Run:
    run = world.run()
    ledger.abort(run.pk, "Ada")
    return run


def unproved(world: World) -> Run:
    """A crawl that ended before it had proved what it proposed."""
    crawl = world.crawl()
    proposal = {"signature": "a" * 64, "family": "page", "template": "t", "page_url": "/", "why": "seen"}
    left = {"status": states.SKIPPED, "skip_reason": "unproved", "finished_at": timezone.now(), "proposal": proposal}
    Result.objects.create(run=crawl, position=0, title="Left", document=DOCUMENT, **left)
    ledger.abort(crawl.pk, "Ada")
    return crawl


def comment(world: World) -> str:
    test = world.test()
    return f"/api/v1/tests/{test.public_id}/comments/{test.comments.create(author_name='Eva', text='Why?').pk}"


def deleted(world: World) -> Test:
    test = world.test()
    test.delete_softly()
    return test


def superuser(world: World) -> int:
    return User.objects.filter(username="admin").update(is_superuser=True)


def gone(world: World) -> str:
    world.project.delete_softly()
    return world.project.public_id


def own_token(world: World) -> str:
    return ApiToken.issue("Old", user=world.people["admin"])[0].public_id


# A project token belongs to its project and to no workspace.
OF_PEOPLE: dict[str, tuple[str, Call]] = {
    "list members": ("viewer", lambda w: ("get", at_workspace(w, "/members"), None)),
    "give a role": ("admin", lambda w: ("patch", member(w), {"role": "qa_lead"})),
    "remove a member": ("admin", lambda w: ("delete", member(w), None)),
    "list invitations": ("admin", lambda w: ("get", at_workspace(w, "/invitations"), None)),
    "invite": ("admin", lambda w: ("post", at_workspace(w, "/invitations"), {"role": "viewer"})),
    "revoke an invitation": ("admin", lambda w: ("delete", invitation(w), None)),
    "read activity": ("viewer", lambda w: ("get", at_workspace(w, "/activity"), None)),
}
CALLS: dict[str, tuple[str, Call]] = {
    **OF_PEOPLE,
    "read the project": ("viewer", lambda w: ("get", w.at(), None)),
    "rename the project": ("qa_lead", lambda w: ("patch", w.at(), {"name": "Other"})),
    "set credentials": ("admin", lambda w: ("patch", w.at(), {"credentials": SECRET})),
    "delete the project": ("admin", lambda w: ("delete", w.at(), None)),
    "list environments": ("viewer", lambda w: ("get", w.at("/environments"), None)),
    "create an environment": (
        "qa_lead",
        lambda w: ("post", w.at("/environments"), {"name": "s", "base_url": "https://s.test"}),
    ),
    "create an environment with credentials": (
        "admin",
        lambda w: ("post", w.at("/environments"), {"name": "s", "base_url": "https://s.test", "credentials": SECRET}),
    ),
    "read an environment": ("viewer", lambda w: ("get", w.at(f"/environments/{w.environment().public_id}"), None)),
    "delete an environment": ("admin", lambda w: ("delete", w.at(f"/environments/{w.environment().public_id}"), None)),
    "list sign-ins": ("viewer", lambda w: ("get", w.at("/auth-profiles"), None)),
    "add a sign-in": ("admin", lambda w: ("post", w.at("/auth-profiles"), {"name": "editor", **SECRET})),
    "read a sign-in": ("viewer", lambda w: ("get", w.at(f"/auth-profiles/{profile(w)}"), None)),
    "change a sign-in": ("admin", lambda w: ("patch", w.at(f"/auth-profiles/{profile(w)}"), SECRET)),
    "delete a sign-in": ("admin", lambda w: ("delete", w.at(f"/auth-profiles/{profile(w)}"), None)),
    "list project tokens": ("admin", lambda w: ("get", w.at("/tokens"), None)),
    "create a project token": ("admin", lambda w: ("post", w.at("/tokens"), {"name": "CI"})),
    "list differences": ("viewer", lambda w: ("get", f"/api/v1/runs/{learnt(w).public_id}/differences", None)),
    "read the application": ("viewer", lambda w: ("get", (learnt(w), w.at("/application"))[1], None)),
    "list its pages": ("viewer", lambda w: ("get", (learnt(w), w.at("/application/pages"))[1], None)),
    "read it as OpenAPI": ("viewer", lambda w: ("get", (learnt(w), w.at("/application/openapi.json"))[1], None)),
    "list tests": ("viewer", lambda w: ("get", w.at("/tests"), None)),
    "write a test": ("qa_lead", lambda w: ("post", w.at("/tests"), {"document": DOCUMENT})),
    "read a test": ("viewer", lambda w: ("get", f"/api/v1/tests/{w.test().public_id}", None)),
    "read versions": ("viewer", lambda w: ("get", f"/api/v1/tests/{w.test().public_id}/versions", None)),
    "edit a test": ("qa_lead", lambda w: ("patch", f"/api/v1/tests/{w.test().public_id}", {"title": "T"})),
    "delete a test": ("admin", lambda w: ("delete", f"/api/v1/tests/{w.test().public_id}", None)),
    "approve a test": ("qa_lead", lambda w: ("post", f"/api/v1/tests/{w.test().public_id}/approve", {})),
    "reject a test": ("qa_lead", lambda w: ("post", f"/api/v1/tests/{w.test().public_id}/reject", {})),
    "restore a test": ("qa_lead", lambda w: ("post", f"/api/v1/tests/{w.test('rejected').public_id}/restore", {})),
    "review in bulk": ("qa_lead", lambda w: ("post", w.at("/tests/bulk"), {"action": "approve", "filter": {}})),
    "run a test": ("qa_lead", lambda w: ("post", f"/api/v1/tests/{w.test('approved').public_id}/run", {})),
    "crawl": ("qa_lead", lambda w: ("post", w.at("/crawl"), {})),
    "run": ("qa_lead", lambda w: ("post", w.at("/run"), {"tests": [w.test("approved").public_id]})),
    "trigger": ("qa_lead", lambda w: ("post", w.at("/trigger"), {"tests": [w.test("approved").public_id]})),
    "poll": ("viewer", lambda w: ("get", w.at(f"/trigger/runs/{w.run().public_id}"), None)),
    "read a run": ("viewer", lambda w: ("get", f"/api/v1/runs/{w.run().public_id}", None)),
    "read results": ("viewer", lambda w: ("get", f"/api/v1/runs/{w.run().public_id}/results", None)),
    "read a result": ("viewer", lambda w: ("get", f"/api/v1/results/{w.run().results.get().pk}", None)),
    "read pages": ("viewer", lambda w: ("get", f"/api/v1/runs/{w.crawl().public_id}/pages", None)),
    "read changes": ("viewer", lambda w: ("get", f"/api/v1/runs/{w.crawl().public_id}/changes", None)),
    "read events": ("viewer", lambda w: ("get", f"/api/v1/runs/{w.run().public_id}/events", None)),
    "read a report": ("viewer", lambda w: ("get", f"/api/v1/runs/{w.run().public_id}/report", None)),
    "list channels": ("viewer", lambda w: ("get", w.at("/channels"), None)),
    "create a channel": ("admin", lambda w: ("post", w.at("/channels"), CHANNEL)),
    "read a channel": ("viewer", lambda w: ("get", w.at(f"/channels/{channel(w)}"), None)),
    "edit a channel": ("admin", lambda w: ("patch", w.at(f"/channels/{channel(w)}"), {"enabled": False})),
    "delete a channel": ("admin", lambda w: ("delete", w.at(f"/channels/{channel(w)}"), None)),
    "renew the signing secret": ("admin", lambda w: ("post", w.at("/callback-secret"), {})),
    "read deliveries": ("viewer", lambda w: ("get", f"/api/v1/runs/{w.run().public_id}/deliveries", None)),
    "send a delivery again": ("qa_lead", lambda w: ("post", f"/api/v1/deliveries/{delivery(w)}/redeliver", {})),
    "abort": ("qa_lead", lambda w: ("post", f"/api/v1/runs/{w.run().public_id}/abort", {})),
    "run again": ("qa_lead", lambda w: ("post", f"/api/v1/runs/{aborted(w).public_id}/rerun", {})),
    "prove the rest": ("qa_lead", lambda w: ("post", f"/api/v1/runs/{unproved(w).public_id}/prove-rest", {})),
    "send back to review": ("qa_lead", lambda w: ("post", f"/api/v1/runs/{w.crawl().public_id}/back-to-review", {})),
    "comment": ("qa_lead", lambda w: ("post", f"/api/v1/tests/{w.test().public_id}/comments", {"text": "Why?"})),
    "delete a comment": ("admin", lambda w: ("delete", comment(w), None)),
    "bring back a test": ("admin", lambda w: ("post", f"/api/v1/tests/{deleted(w).public_id}/undelete", {})),
    "change an environment": (
        "qa_lead",
        lambda w: ("patch", w.at(f"/environments/{w.environment().public_id}"), {"name": "other"}),
    ),
    "revoke a project token": (
        "admin",
        lambda w: ("delete", w.at(f"/tokens/{ApiToken.issue('Old', project=w.project)[0].public_id}"), None),
    ),
}
# What a person has, whatever their role somewhere, and what only people may do.
OWN: dict[str, Call] = {
    "make a project": lambda w: ("post", "/api/v1/projects", {"name": "New", "url": "https://new.test"}),
    "make a workspace": lambda w: ("post", "/api/v1/workspaces", {"name": superuser(w) and "New"}),
    "make a token": lambda w: ("post", "/api/v1/tokens", {"name": "Mine"}),
    "revoke a token": lambda w: ("delete", f"/api/v1/tokens/{own_token(w)}", None),
    "bring back a project": lambda w: ("post", f"/api/v1/projects/{gone(w)}/undelete", {}),
}
RANK = {"stranger": 0, "viewer": 1, "qa_lead": 2, "ci": 2, "admin": 3}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("what", CALLS)
def test_each_role_may_do_what_it_is_for_and_a_stranger_finds_nothing(
    world: World, refused: Refusal, what: str, who: str
) -> None:
    needed, call = CALLS[what]
    method, path, body = call(world)
    answer = getattr(world.client(who), method)(path, body, format="json")
    if who == "stranger" or (who == "ci" and what in OF_PEOPLE):
        refused(answer, 404, "not_found")
    elif RANK[who] < RANK[needed]:
        refused(answer, 403, "role_too_low")
    else:
        assert answer.status_code in (200, 201, 202, 204), answer.content


@pytest.mark.parametrize("what", CALLS)
def test_nobody_does_anything_without_a_token_or_session(world: World, refused: Refusal, what: str) -> None:
    method, path, body = CALLS[what][1](world)
    answer = getattr(world.client(None), method)(path, body, format="json")
    refused(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("what", [what for what, (needed, _) in CALLS.items() if needed != "viewer"])
def test_a_token_that_may_only_read_writes_nothing(world: World, refused: Refusal, what: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token('admin', scopes=['read'])}")
    method, path, body = CALLS[what][1](world)
    if method == "get":
        assert client.get(path).status_code == 200
    else:
        refused(getattr(client, method)(path, body, format="json"), 403, "scope_too_low")


def test_a_project_token_sees_its_project_only(world: World, ci: APIClient, refused: Refusal) -> None:
    other = type(world.project).objects.create(workspace=world.workspace, name="Blog", url="http://blog.test")
    names = [row["name"] for row in ci.get("/api/v1/projects").json()["results"]]
    assert names == ["Shop"]
    refused(ci.get(f"/api/v1/projects/{other.public_id}"), 404)
    refused(ci.post(f"/api/v1/projects/{other.public_id}/trigger", {}, format="json"), 404)


def test_a_project_token_makes_neither_projects_nor_tokens(ci: APIClient, refused: Refusal) -> None:
    refused(ci.post("/api/v1/projects", {"name": "New", "url": "https://new.test"}, format="json"), 403)
    refused(ci.get("/api/v1/tokens"), 403)
    refused(ci.post("/api/v1/tokens", {"name": "mine"}, format="json"), 403)


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer a b", "Bearer sntr_pat_unknown", "Bearer \xff\xfe", "bearer sntr_prj_", "Bearer " + "x" * 9000],
)
def test_a_token_that_is_none_is_401(world: World, refused: Refusal, header: str) -> None:
    answer = APIClient().get("/api/v1/projects", HTTP_AUTHORIZATION=header)
    refused(answer, 401, "token_invalid")


@pytest.mark.parametrize(
    "fields",
    [
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"revoked_at": timezone.now()},
    ],
)
@pytest.mark.parametrize("who", ["admin", "ci"])
def test_an_expired_or_revoked_token_is_401(world: World, refused: Refusal, who: str, fields: Any) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(who, **fields)}")
    refused(client.get("/api/v1/projects"), 401, "token_invalid")


def test_tokens_of_a_deleted_project_and_of_an_inactive_person_are_401(world: World, refused: Refusal) -> None:
    of_project, of_person = world.client("ci"), world.client("viewer")
    world.project.delete_softly()
    User.objects.filter(username="viewer").update(is_active=False)
    refused(of_project.get("/api/v1/projects"), 401, "token_invalid")
    refused(of_person.get("/api/v1/projects"), 401, "token_invalid")


def test_the_use_of_a_token_is_noted(world: World, viewer: APIClient) -> None:
    viewer.get("/api/v1/projects")
    assert ApiToken.objects.get().last_used_at is not None


def test_a_session_reads_and_needs_csrf_to_write(world: World, refused: Refusal) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(world.people["qa_lead"])
    assert client.get(world.at()).status_code == 200
    refused(client.patch(world.at(), {"name": "Other"}, format="json"), 403, "permission_denied")
    client.cookies["sentri_csrf"] = "a" * 32
    answer = client.patch(world.at(), {"name": "Other"}, format="json", HTTP_X_CSRFTOKEN="a" * 32)
    assert answer.status_code == 200


def test_someone_who_leaves_the_workspace_finds_nothing_any_more(
    world: World, viewer: APIClient, refused: Refusal
) -> None:
    assert viewer.get(world.at()).status_code == 200
    Membership.objects.filter(user=world.people["viewer"]).delete()
    refused(viewer.get(world.at()), 404)


def test_me_says_who_asks(world: World, admin: APIClient, ci: APIClient) -> None:
    assert admin.get("/api/v1/me").json() == {
        "kind": "person",
        "name": "Admin",
        "project": None,
        "workspaces": [{"slug": "quality", "name": "Quality", "role": "admin"}],
    }
    said = ci.get("/api/v1/me").json()
    assert (said["kind"], said["project"]) == ("project_token", world.project.public_id)
