"""Sign-ins beside the project's own: what is taken, what is refused, what stays hidden, and where they are used."""

import json
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Activity, AuthProfile, Project, Session
from tests.api.conftest import DOCUMENT, Refusal, World

EDITOR = {"name": "editor", "username": "eva", "password": "let me in", "totp": "jbsw y3dp-ehpk 3pxp"}


def made(admin: APIClient, world: World, **fields: Any) -> Any:
    answer = admin.post(world.at("/auth-profiles"), {**EDITOR, **fields}, format="json")
    assert answer.status_code == 201, answer.content
    return answer


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("HTTP://SHOP.test:80/a/../login", "/login"),
        (" login ", "/login"),
        ("\\login\n", "/login"),
        ("/anmelden/für alle", "/anmelden/f%C3%BCr%20alle"),
    ],
)
def test_the_page_of_a_sign_in_is_kept_as_browsers_read_it(
    admin: APIClient, world: World, written: str, kept: str
) -> None:
    assert made(admin, world, login_url=written).json()["login_url"] == kept


def test_a_sign_in_is_made_edited_and_deleted_and_its_secrets_never_come_out(
    admin: APIClient, world: World, refused: Refusal
) -> None:
    answer = made(admin, world, login_url="http://shop.test/login?from=top", exclusive=True)
    said = answer.json()
    path = world.at(f"/auth-profiles/{said['id']}")
    assert answer["Location"].endswith(path)
    assert {name: said[name] for name in ("name", "kind", "username", "has_totp", "headers", "login_url")} == {
        "name": "editor", "kind": "form", "username": "eva", "has_totp": True, "headers": [],
        "login_url": "/login?from=top",
    }  # fmt: skip
    for shown in (answer, admin.get(path), admin.get(world.at("/auth-profiles"))):
        assert b"let me in" not in shown.content
        assert b"JBSW" not in shown.content
    row = AuthProfile.objects.get()
    assert (str(row.secrets["password"]), str(row.secrets["totp"])) == ("let me in", "JBSWY3DPEHPK3PXP")
    assert "let me in" not in row.sealed
    edited = admin.patch(path, {"password": "other", "totp": None}, format="json", HTTP_IF_MATCH=answer["ETag"]).json()
    assert (edited["username"], edited["has_totp"], edited["exclusive"]) == ("eva", False, True)
    refused(admin.patch(path, {"name": "x"}, format="json", HTTP_IF_MATCH=answer["ETag"]), 412)
    row.refresh_from_db()
    assert str(row.secrets["password"]) == "other"
    assert admin.delete(path).status_code == 204
    refused(admin.get(path), 404)
    verbs = list(Activity.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["sign-in added", "sign-in changed", "sign-in deleted"]


def test_headers_show_their_names_only(admin: APIClient, world: World) -> None:
    body = {"name": "robot", "kind": "headers", "headers": {"X-Api-Key": "k-123"}}
    answer = admin.post(world.at("/auth-profiles"), body, format="json")
    assert answer.json()["headers"] == ["X-Api-Key"]
    assert b"k-123" not in answer.content


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"name": "account"}, "name", "“account” is the project's own sign-in"),
        ({"name": " Visitor "}, "name", "“visitor” is who is not signed in"),
        ({"name": ""}, "name", "Write at least 1 characters."),
        ({"name": "taken"}, "name", "This name is taken."),
        ({"kind": "magic"}, "kind", "Must be 'form', 'basic' or 'headers'."),
        ({"password": None}, "password", "A sign-in through a form needs this."),
        ({"totp": "0189"}, "totp", "This is no base32 secret"),
        ({"totp": "A"}, "totp", "This is no base32 secret"),
        ({"kind": "basic"}, "totp", "A sign-in by HTTP basic has no totp."),
        ({"headers": {"X": "1"}}, "headers", "A sign-in through a form has no headers."),
        ({"login_url": "https://evil.test/login"}, "login_url", "This is another site than the project's"),
        ({"login_url": "//evil.test/login"}, "login_url", "This is another site than the project's"),
        ({"login_url": "\\\\evil.test\\login"}, "login_url", "This is another site than the project's"),
        ({"login_url": "/\t/evil.test/login"}, "login_url", "This is another site than the project's"),
        ({"login_url": "http://[::1"}, "login_url", "This is no address; write the path of the page"),
        ({"colour": "red"}, "colour", "There is no such field here."),
    ],
)
def test_a_field_that_cannot_be_is_422_with_one_sentence(
    admin: APIClient, world: World, refused: Refusal, fields: dict[str, Any], field: str, sentence: str
) -> None:
    made(admin, world, name="taken")
    answer = admin.post(world.at("/auth-profiles"), {**EDITOR, **fields}, format="json")
    errors = refused(answer, 422, "invalid")["errors"]
    assert list(errors) == [field]
    assert errors[field][0].startswith(sentence)
    assert AuthProfile.objects.count() == 1


@pytest.mark.parametrize("headers", [{}, {"X\nY": "1"}, {"Host": "evil.test"}, {"X": "a\r\nb"}])
def test_headers_that_cannot_be_sent_are_422(
    admin: APIClient, world: World, refused: Refusal, headers: dict[str, str]
) -> None:
    body = {"name": "robot", "kind": "headers", "headers": headers}
    assert list(refused(admin.post(world.at("/auth-profiles"), body, format="json"), 422)["errors"]) == ["headers"]


@pytest.mark.parametrize("edit", [{"kind": "basic"}, {"password": None}, {"headers": {"X": "1"}}, {"name": None}])
def test_an_edit_that_cannot_be_changes_nothing(admin: APIClient, world: World, refused: Refusal, edit: Any) -> None:
    path = world.at(f"/auth-profiles/{made(admin, world).json()['id']}")
    before = AuthProfile.objects.values().get()
    refused(admin.patch(path, edit, format="json"), 422)
    assert AuthProfile.objects.values().get() == before


def test_a_change_forgets_the_sessions_of_what_it_was(admin: APIClient, world: World) -> None:
    path = world.at(f"/auth-profiles/{made(admin, world).json()['id']}")
    now = timezone.now()
    for role in ("editor", "account"):
        Session.objects.create(project=world.project, role=role, signed_in_at=now, probed_at=now)
    admin.patch(path, {"password": "other"}, format="json")
    assert list(Session.objects.values_list("role", flat=True)) == ["account"]


def test_what_a_lost_key_sealed_can_be_read_around_and_replaced(admin: APIClient, world: World, settings: Any) -> None:
    path = world.at(f"/auth-profiles/{made(admin, world).json()['id']}")
    settings.SECRET_KEY = "another key altogether"
    said = admin.get(path).json()
    assert (said["username"], said["headers"], said["has_totp"]) == (None, None, False)
    assert admin.patch(path, {"username": "eva"}, format="json").status_code == 422
    answer = admin.patch(path, {"username": "eva", "password": "new"}, format="json")
    assert answer.json()["username"] == "eva"


def test_a_sign_in_of_another_project_is_not_found_here(admin: APIClient, world: World, refused: Refusal) -> None:
    other = Project.objects.create(workspace=world.workspace, name="Blog", url="http://blog.test")
    row = AuthProfile.objects.create(project=other, name="editor")
    refused(admin.get(world.at(f"/auth-profiles/{row.public_id}")), 404)
    refused(admin.delete(world.at(f"/auth-profiles/{row.public_id}")), 404)


def test_a_test_starts_as_somebody_whom_the_project_knows(admin: APIClient, world: World, refused: Refusal) -> None:
    made(admin, world)
    for auth in ("account", "editor"):
        answer = admin.post(world.at("/tests"), {"document": {**DOCUMENT, "auth": auth}}, format="json")
        assert answer.status_code == 201, answer.content
    answer = admin.post(world.at("/tests"), {"document": {**DOCUMENT, "auth": "boss"}}, format="json")
    assert refused(answer, 422)["errors"] == {
        "document.auth": ["There is no sign-in called “boss”; there are account, editor."]
    }
    path = f"/api/v1/tests/{world.test().public_id}"
    refused(admin.patch(path, {"document": {**DOCUMENT, "auth": "visitor"}}, format="json"), 422)


def test_a_crawl_goes_as_roles_that_are_known(admin: APIClient, world: World, refused: Refusal) -> None:
    made(admin, world)
    answer = admin.post(world.at("/crawl"), {"roles": ["visitor", "boss"]}, format="json")
    assert refused(answer, 422)["errors"] == {
        "roles": ["There is no sign-in called “boss”; there are account, visitor, editor."]
    }
    run = admin.post(world.at("/crawl"), {"roles": ["visitor", "editor"]}, format="json").json()
    pages = admin.get(f"/api/v1/runs/{run['id']}/pages").json()["results"]
    assert [page["role"] for page in pages] == ["visitor", "editor"]
    as_editor = admin.get(f"/api/v1/runs/{run['id']}/pages?role=editor").json()["results"]
    assert [page["role"] for page in as_editor] == ["editor"]
    assert "let me in" not in json.dumps([run, pages])
