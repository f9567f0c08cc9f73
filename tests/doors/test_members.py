"""Members, invitations and activity, by page and by API."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone

from projects import membership
from projects.models import Activity, Invitation, Membership, Project, Workspace
from tests.web.conftest import PASSWORD, World, made

AT = "/workspaces/quality"


@pytest.fixture
def world(db: None) -> World:
    return made()


def held(world: World, who: str) -> Membership:
    return Membership.objects.get(user=world.people[who], workspace=world.project.workspace)


def said(client: Client, path: str = AT) -> str:
    return client.get(path).content.decode()


def noted() -> list[tuple[str, str, str]]:
    rows = Activity.objects.filter(workspace__isnull=False).order_by("pk")
    return [(row.actor_name, row.verb, row.subject) for row in rows]


def test_the_page_lists_members_and_explains_roles_and_only_admins_can_change_them(world: World) -> None:
    for who in ("viewer", "qa_lead", "admin"):
        page = said(world.client(who))
        for name in ("viewer", "qa_lead", "admin"):
            assert f'title="{name}"' in page
        assert "What roles may do" in page
        assert ('name="role"' in page) == (who == "admin")
        assert "stranger" not in page


def test_an_admin_gives_another_role_and_removes(world: World) -> None:
    client, lead = world.client("admin"), held(world, "qa_lead")
    client.post(f"{AT}/members/{lead.pk}", {"role": "admin"})
    assert held(world, "qa_lead").role == "admin"
    client.post(f"{AT}/members/{lead.pk}/remove")
    assert not Membership.objects.filter(pk=lead.pk).exists()
    assert world.client("qa_lead").get(world.at()).status_code == 404
    assert noted() == [("admin", "role changed", "qa_lead"), ("admin", "member removed", "qa_lead")]


def test_the_last_admin_is_neither_removed_nor_demoted(world: World) -> None:
    client, admin = world.client("admin"), held(world, "admin")
    for path, data in ((f"{AT}/members/{admin.pk}", {"role": "viewer"}), (f"{AT}/members/{admin.pk}/remove", {})):
        answer = client.post(path, data, follow=True)
        assert "This is the last admin of the workspace" in answer.content.decode()
    assert held(world, "admin").role == "admin"
    held(world, "qa_lead").delete()
    User.objects.filter(username="viewer").update(is_active=False)
    Membership.objects.filter(user__username="viewer").update(role="admin")
    assert "last admin" in client.post(f"{AT}/members/{admin.pk}/remove", follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_at_once_leave_one() -> None:
    world = made()
    Membership.objects.filter(user__username="qa_lead").update(role="admin")
    pairs = [("admin", held(world, "qa_lead").pk), ("qa_lead", held(world, "admin").pk)]
    together = threading.Barrier(2)

    def remove(who: str, other: int) -> None:
        client = world.client(who)
        together.wait(timeout=60)
        client.post(f"{AT}/members/{other}/remove")
        connections.close_all()

    threads = [threading.Thread(target=remove, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert Membership.objects.filter(workspace=world.project.workspace, role="admin").count() == 1


def test_anybody_leaves_by_themselves(world: World) -> None:
    client, viewer = world.client("viewer"), held(world, "viewer")
    assert client.post(f"{AT}/members/{viewer.pk}/remove")["Location"] == "/workspaces"
    assert client.get(AT).status_code == 404
    assert noted() == [("viewer", "left the workspace", "viewer")]


@pytest.mark.parametrize("role", ["boss", "", "ADMIN"])
def test_a_role_that_is_none_changes_nothing(world: World, role: str) -> None:
    answer = world.client("admin").post(f"{AT}/members/{held(world, 'viewer').pk}", {"role": role}, follow=True)
    assert "choose one of the roles" in answer.content.decode()
    assert held(world, "viewer").role == "viewer"


# --- invitations ---


def invited(world: World, role: str = "qa_lead") -> str:
    """The path of a new invitation's link, as the page shows it once."""
    client = world.client("admin")
    answer = client.post(f"{AT}/invitations", {"role": role, "note": "for Ada"}, follow=True)
    link: str = answer.context["link"]
    assert link in answer.content.decode()
    assert link not in said(client), "a reload neither shows it again nor makes another one"
    return link.removeprefix("http://testserver")


NEW = {"username": "ada", "password": "a long pass phrase"}


def test_a_link_makes_an_account_that_belongs_to_the_workspace_and_is_signed_in(world: World) -> None:
    path, client = invited(world), Client()
    assert "Join Quality" in said(client, path)
    assert client.post(path, NEW)["Location"] == "/"
    assert client.get(world.at()).status_code == 200
    assert Membership.objects.get(user__username="ada").role == "qa_lead"
    assert Invitation.objects.get().used_by == User.objects.get(username="ada")
    assert ("ada", "joined the workspace", Invitation.objects.get().public_id) in noted()


def test_a_link_takes_in_the_person_who_is_signed_in(world: World) -> None:
    path, client = invited(world, "viewer"), world.client("stranger")
    assert "Make an account" not in said(client, path)
    client.post(path)
    assert client.get(world.at()).status_code == 200
    assert User.objects.count() == 4


def test_a_link_holds_once(world: World) -> None:
    path = invited(world)
    Client().post(path, NEW)
    for client in (Client(), world.client("stranger")):
        assert client.get(path).status_code == 404
        assert client.post(path, {**NEW, "username": "eve"}).status_code == 404
    assert not User.objects.filter(username="eve").exists()


@pytest.mark.parametrize("fields", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}])
def test_a_link_that_was_revoked_or_is_over_leads_nowhere(world: World, fields: dict[str, Any]) -> None:
    path = invited(world)
    Invitation.objects.update(**fields)
    answer = Client().post(path, NEW)
    assert answer.status_code == 404
    assert "Ask for a new one." in answer.content.decode()
    assert not User.objects.filter(username="ada").exists()


@pytest.mark.parametrize("text", ["x", "%00", "é", "x" * 3000])
def test_a_made_up_link_leads_nowhere(world: World, text: str) -> None:
    assert Client().get(f"/invitations/{text}").status_code == 404


@pytest.mark.parametrize(("name", "why"), [("VIEWER", "Somebody has this name"), ("", "required"), ("a b", "valid")])
def test_a_name_that_cannot_be_leaves_the_invitation_open(world: World, name: str, why: str) -> None:
    path = invited(world)
    answer = Client().post(path, {**NEW, "username": name})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert Client().post(path, NEW).status_code == 302


@pytest.mark.parametrize("who", ["qa_lead", "admin"])
def test_an_invitation_never_lowers_a_role_and_stays_open_for_whom_it_was_meant(world: World, who: str) -> None:
    path = invited(world, "qa_lead")
    answer = world.client(who).post(path, follow=True)
    assert "a member of Quality already" in answer.content.decode()
    assert held(world, who).role == who
    assert Invitation.objects.open().count() == 1
    world.client("viewer").post(path)
    assert held(world, "viewer").role == "qa_lead"


def test_the_link_is_not_stored(world: World) -> None:
    text = invited(world).rsplit("/", 1)[1]
    row = Invitation.objects.get()
    assert text not in repr(vars(row))
    assert row.expires_at <= timezone.now() + timedelta(days=7)


def test_an_invitation_is_revoked_by_page(world: World) -> None:
    path, row = invited(world), Invitation.objects.get()
    world.client("admin").post(f"{AT}/invitations/{row.public_id}/revoke")
    assert Client().get(path).status_code == 404
    assert ("admin", "invitation revoked", row.public_id) in noted()


# --- activity ---


def test_activity_of_a_workspace_holds_its_projects_and_nothing_of_others(world: World) -> None:
    membership.note(world.project.workspace, world.people["admin"], "role changed", "ada")
    Activity.objects.create(project=world.project, actor_name="Bob", verb="project created", subject="PRJ-1")
    elsewhere = Project.objects.create(workspace=Workspace.called("Other"), name="Secret", url="http://s.test")
    Activity.objects.create(project=elsewhere, actor_name="Eve", verb="token created", subject="TOK-1")
    page = said(world.client("viewer"), f"{AT}/activity")
    assert "Bob" in page
    assert "role changed" in page
    assert "Eve" not in page
    of_project = said(world.client("viewer"), world.at("/settings/activity"))
    assert "Bob" in of_project
    assert "role changed" not in of_project


def test_activity_is_narrowed_and_paged(world: World, django_assert_max_num_queries: Any) -> None:
    Activity.objects.bulk_create(
        Activity(project=world.project, actor_name=f"person {n}", verb=("run", "crawl")[n % 2], subject=f"RUN-{n}")
        for n in range(10_000)
    )
    client = world.client("viewer")
    with django_assert_max_num_queries(12):
        page = said(client, f"{AT}/activity?page=200")
    assert "of 10000" in page
    assert "person 0<" in page
    assert "5000" in said(client, f"{AT}/activity?verb=run")
    found = said(client, f"{AT}/activity?q=RUN-9999&verb=crawl")
    assert "person 9999" in found
    assert "person 9998" not in found
    assert "Nothing to show" in said(client, f"{AT}/activity?q=%00nothing")


# --- API ---


def test_the_api_invites_lists_and_removes(world: World) -> None:
    client, at = world.client("admin"), "/api/v1/workspaces/quality"
    made_one = client.post(f"{at}/invitations", {"role": "viewer", "note": "Ada"}, content_type="application/json")
    assert made_one.status_code == 201
    path = made_one.json()["link"].removeprefix("http://testserver")
    assert "link" not in client.get(f"{at}/invitations").json()["results"][0]
    Client().post(path, NEW)
    rows = client.get(f"{at}/members").json()["results"]
    ada = next(row for row in rows if row["name"] == "ada")
    answer = client.patch(f"{at}/members/{ada['id']}", {"role": "boss"}, content_type="application/json")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["role"])
    assert client.delete(f"{at}/members/{ada['id']}").status_code == 204
    verbs = [row["verb"] for row in client.get(f"{at}/activity").json()["results"]]
    assert verbs == ["member removed", "joined the workspace", "invitation made"]
    last = client.delete(f"{at}/members/{held(world, 'admin').pk}")
    assert (last.status_code, last.json()["code"]) == (409, "last_admin")
    assert client.delete(f"{at}/members/x").status_code == 404
    assert client.post("/api/v1/workspaces", {"name": "New"}, content_type="application/json").status_code == 403


# --- one's own account ---


def test_a_new_password_ends_every_other_session_and_keeps_this_one(world: World) -> None:
    here, there = world.client("viewer"), world.client("viewer")
    answer = here.post("/account/password", {"old": PASSWORD, "new": "quite another phrase"}, follow=True)
    assert "Your password is changed." in answer.content.decode()
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("wrong", "quite another phrase", "This is not your password."),
        (PASSWORD, "short", "at least 10 characters"),
        ("", "", "required"),
    ],
)
def test_a_password_that_cannot_be_is_refused_with_a_reason(world: World, old: str, new: str, why: str) -> None:
    answer = world.client("viewer").post("/account/password", {"old": old, "new": new})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert world.people["viewer"].check_password(PASSWORD)


def test_guessing_the_old_password_is_paused_like_signing_in(world: World) -> None:
    client = world.client("viewer")
    data = {"old": "wrong", "new": "quite another phrase"}
    statuses = [client.post("/account/password", data).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    assert Client().post("/sign-in", {"username": "viewer", "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize(
    ("who", "path", "count"),
    [
        ("viewer", "/account", lambda world: world.people["viewer"].api_tokens.count()),
        ("admin", "{project}/settings/tokens", lambda world: world.project.api_tokens.count()),
    ],
)
def test_creating_a_token_survives_a_reload(world: World, who: str, path: str, count: Any) -> None:
    client, address = world.client(who), path.format(project=world.at())
    answer = client.post(address, {"name": "mine", "scope": "write", "days": "30"})
    assert answer.status_code == 302
    first = client.get(answer["Location"])
    issued = first.context["issued"]
    assert issued.startswith("sntr_")
    assert issued in first.content.decode()
    assert "no-store" in first["Cache-Control"]
    assert issued not in client.get(answer["Location"]).content.decode()
    assert count(world) == 1
    assert issued not in str(dict(client.session.items()))


def test_a_signing_secret_survives_a_reload_as_well(world: World) -> None:
    client = world.client("admin")
    answer = client.post(world.at("/settings/notifications/secret"))
    kept = Project.objects.get(pk=world.project.pk).callback_secret
    assert client.get(answer["Location"]).context["issued"].startswith("sntr_sig_")
    assert client.get(answer["Location"]).context["issued"] == ""
    assert Project.objects.get(pk=world.project.pk).callback_secret == kept


def test_a_personal_token_is_revoked_by_its_person_only(world: World) -> None:
    client = world.client("viewer")
    client.post("/account", {"name": "mine", "scope": "read", "days": "0"})
    row = world.people["viewer"].api_tokens.get()
    assert world.client("admin").post(f"/account/tokens/{row.pk}/revoke").status_code == 404
    client.post(f"/account/tokens/{row.pk}/revoke")
    assert not world.people["viewer"].api_tokens.filter(revoked_at=None).exists()
    assert row.scopes == ["read"]
