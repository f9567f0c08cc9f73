"""Channels and the signing secret: secrets go in and never come out."""

from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, Channel
from runs.engine.netguard import Guard
from runs.notifiers.http import signature
from tests.api.conftest import Refusal, World
from tests.receivers import Answer, Receiver, receiver

SECRET = "https://hooks.test/T0/very-secret"
TEAMS = {"kind": "teams", "name": "QA", "settings": {"url": SECRET}}
EMAIL = {"kind": "email", "name": "Mail", "settings": {"to": ["ada@shop.test"]}}


@pytest.fixture
def received() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def create(client: APIClient, world: World, body: Any) -> Any:
    answer = client.post(world.at("/channels"), body, format="json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_channel_shows_where_it_goes_and_no_secret(admin: APIClient, viewer: APIClient, world: World) -> None:
    made = create(admin, world, TEAMS)
    assert (made["kind"], made["when"], made["enabled"], made["target"]) == ("teams", "problems", True, "hooks.test")
    assert (made["settings"], made["secrets"]) == ({}, ["url"])
    shown = viewer.get(world.at("/channels"))
    assert [row["id"] for row in shown.json()["results"]] == [made["id"]]
    assert "very-secret" not in shown.content.decode()
    row = Channel.objects.get()
    assert "very-secret" not in row.sealed + str(row.settings)
    assert str.__str__(row.secrets["url"]) == SECRET
    assert list(Activity.objects.values_list("verb", flat=True)) == ["channel created"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({**TEAMS, "kind": "carrier-pigeon"}, "kind"),
        ({**TEAMS, "kind": "callback"}, "kind"),
        ({**TEAMS, "name": " "}, "name"),
        ({**TEAMS, "when": "sometimes"}, "when"),
        ({**TEAMS, "colour": "red"}, "colour"),
        ({**TEAMS, "settings": {}}, "settings.url"),
        ({**TEAMS, "settings": {"url": "nonsense"}}, "settings.url"),
        ({**TEAMS, "settings": {"url": 5}}, "settings.url"),
        ({**TEAMS, "settings": {"url": SECRET, "colour": "red"}}, "settings.colour"),
        ({**TEAMS, "settings": {"url": "http://169.254.169.254/latest"}}, "settings.url"),
        ({**EMAIL, "settings": {"to": ["nobody"]}}, "settings.to[0]"),
        ({**EMAIL, "settings": {"to": "ada@shop.test"}}, "settings.to"),
        ({"kind": "github", "name": "Checks", "settings": {}}, "settings"),
        ({"kind": "github", "name": "Checks", "settings": {"token": "x", "app_id": "5"}}, "settings.app_id"),
        ({"kind": "github", "name": "C", "settings": {"token": "x", "api": "http://[fd00:ec2::254]"}}, "settings.api"),
    ],
)
def test_a_channel_that_cannot_be_is_422_with_the_field_and_stores_nothing(
    admin: APIClient, world: World, refused: Refusal, body: Any, field: str
) -> None:
    answer = admin.post(world.at("/channels"), body, format="json")
    found = refused(answer, 422, "invalid")["errors"]
    assert field in found
    assert not Channel.objects.exists()


def test_a_private_address_needs_the_permission_of_the_installation(
    admin: APIClient, world: World, refused: Refusal, settings: Any
) -> None:
    settings.GUARD = Guard()
    answer = admin.post(world.at("/channels"), {**TEAMS, "settings": {"url": "http://10.0.0.8/"}}, format="json")
    (sentence,) = refused(answer, 422)["errors"]["settings.url"]
    assert sentence.startswith("Nothing is sent to this address: 10.0.0.8 is a private address")


def test_an_edit_keeps_secrets_that_it_does_not_give_and_replaces_the_other_settings(
    admin: APIClient, world: World, refused: Refusal
) -> None:
    github = {"kind": "github", "name": "Checks", "settings": {"token": "ghp_x", "repo": "octo/shop"}}
    made = create(admin, world, github)
    path = world.at(f"/channels/{made['id']}")
    edited = admin.patch(path, {"settings": {"repo": "octo/blog"}, "enabled": False}, format="json").json()
    assert (edited["settings"], edited["secrets"], edited["enabled"]) == ({"repo": "octo/blog"}, ["token"], False)
    refused(admin.patch(path, {"settings": {"token": None}}, format="json"), 422)
    refused(admin.patch(path, {"name": None}, format="json"), 422)
    refused(admin.patch(path, {"kind": "teams"}, format="json"), 422)
    refused(admin.patch(path, {"name": "x"}, format="json", HTTP_IF_MATCH='"old"'), 412)
    assert str.__str__(Channel.objects.get().secrets["token"]) == "ghp_x"


def test_a_name_is_taken_once(admin: APIClient, world: World, refused: Refusal) -> None:
    create(admin, world, TEAMS)
    assert "name" in refused(admin.post(world.at("/channels"), TEAMS, format="json"), 422)["errors"]


def test_a_channel_is_deleted_and_one_of_another_project_is_not_found(
    admin: APIClient, world: World, refused: Refusal
) -> None:
    made = create(admin, world, EMAIL)
    other = type(world.project).objects.create(workspace=world.workspace, name="Blog", url="http://blog.test/")
    refused(admin.delete(f"/api/v1/projects/{other.public_id}/channels/{made['id']}"), 404)
    assert admin.delete(world.at(f"/channels/{made['id']}")).status_code == 204
    assert not Channel.objects.exists()


def test_a_test_message_says_that_it_is_one_and_what_the_receiver_answered(
    admin: APIClient, world: World, received: Receiver, refused: Refusal
) -> None:
    made = create(admin, world, {"kind": "webhook", "name": "Hook", "settings": {"url": f"{received.url}/x"}})
    path = world.at(f"/channels/{made['id']}/test")
    answer = admin.post(path, {}, format="json")
    assert (answer.status_code, answer.json()) == (200, {"detail": f"127.0.0.1:{received.port} answered 200."})
    assert received.arrived[0].json["project"]["name"] == "Test message from Shop"
    received.answers = [Answer(500)]
    assert refused(admin.post(path, {}, format="json"), 409, "not_delivered")["detail"] == "It answered 500."


def test_the_signing_secret_is_shown_once_and_the_old_one_does_not_hold_any_more(
    admin: APIClient, world: World, received: Receiver
) -> None:
    old, new = (admin.post(world.at("/callback-secret"), {}, format="json").json()["secret"] for _ in range(2))
    assert old != new
    assert new.startswith("sntr_sig_")
    made = create(admin, world, {"kind": "webhook", "name": "Hook", "settings": {"url": received.url}})
    admin.post(world.at(f"/channels/{made['id']}/test"), {}, format="json")
    (request,) = received.arrived
    said = request.headers["x-sentri-signature"]
    assert said == signature(new, request.headers["x-sentri-timestamp"], request.body)
    assert new not in world.project.__class__.objects.get().callback_secret
    assert new not in admin.get(world.at()).content.decode()
