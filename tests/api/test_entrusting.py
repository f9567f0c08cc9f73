"""Secrets over the API: entered, never shown, and left behind where somebody changes an address."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, AuthProfile, Environment, Project
from tests.api.conftest import World
from tests.api.test_projects import CREDENTIALS

pytestmark = pytest.mark.django_db
EVIL, IDP = "https://evil.test", "https://idp.test/x"


@pytest.fixture
def admin(world: World) -> APIClient:
    return world.client("admin")


@pytest.fixture
def sealed(admin: APIClient, world: World) -> dict[str, Any]:
    Project.objects.filter(pk=world.project.pk).update(url="https://shop.test")
    body = {
        "credentials": CREDENTIALS,
        "secret_headers": {"X-Key": "k3y-of-the-site"},
        "secret_variables": {"api_key": "k3y-for-the-api"},
    }
    answer = admin.patch(world.at(), body, format="json")
    assert answer.status_code == 200, answer.content
    said: dict[str, Any] = answer.json()
    return said


def patched(client: APIClient, at: str, **body: Any) -> Any:
    return client.patch(at, body, format="json")


def test_secret_headers_and_variables_go_in_and_never_come_out(
    admin: APIClient, world: World, sealed: dict[str, Any]
) -> None:
    assert (sealed["secret_headers"], sealed["secret_variables"], sealed["left_behind"]) == (["X-Key"], ["api_key"], [])
    assert sealed["credentials"]["origins"] == ["https://shop.test"]
    world.project.refresh_from_db()
    stored = Project.objects.filter(pk=world.project.pk).values().get()
    assert not any(secret in str(stored) for secret in ("k3y-of-the-site", "k3y-for-the-api"))
    assert str.__str__(world.project.secrets["header X-Key"]) == "k3y-of-the-site"
    said = patched(admin, world.at(), secret_headers={"X-Key": None, "X-Other": "0ther-key"}).json()
    assert said["secret_headers"] == ["X-Other"]
    verbs = list(Activity.objects.order_by("pk").values_list("verb", "detail"))
    assert ("secret entered", "the header X-Key for https://shop.test") in verbs
    assert ("secret taken away", "the header X-Key") in verbs
    assert ("credentials entered", "for https://shop.test") in verbs


@pytest.mark.parametrize("who", ["qa_lead", "ci", "viewer"])
@pytest.mark.parametrize(
    "body",
    [
        {"secret_headers": {"X-Key": "k3y-of-the-site"}},
        {"secret_variables": {"x": "k3y-for-the-api"}},
        {"secrets_follow": True, "url": EVIL},
        {"credentials": None},
    ],
)
def test_secrets_are_an_admins_to_enter_and_to_move(world: World, who: str, body: dict[str, Any]) -> None:
    assert patched(world.client(who), world.at(), **body).status_code == 403


@pytest.mark.parametrize("who", ["qa_lead", "ci", "admin"])
def test_a_changed_address_leaves_secrets_behind_and_says_so(world: World, sealed: dict[str, Any], who: str) -> None:
    answer = patched(world.client(who), world.at(), url=EVIL)
    assert answer.status_code == 200
    left = answer.json()["left_behind"]
    assert sorted(left) == [
        "The credentials were entered for https://shop.test, and may not be sent to https://evil.test.",
        "The header X-Key was entered for https://shop.test, and may not be sent to https://evil.test.",
        "The variable api_key was entered for https://shop.test, and may not be sent to https://evil.test.",
    ]
    moved = Activity.objects.get(verb="address changed")
    assert moved.detail == (
        "https://shop.test → https://evil.test; "
        "the credentials, the header X-Key and the variable api_key may not be sent there"
    )
    started = world.client("qa_lead").post(world.at("/crawl"), {}, format="json")
    assert (started.status_code, started.json()["code"]) == (409, "secret_elsewhere")
    back = patched(world.client(who), world.at(), url="https://shop.test/other")
    assert back.json()["left_behind"] == []


def test_an_admin_may_let_secrets_follow(admin: APIClient, world: World, sealed: dict[str, Any]) -> None:
    admin.post(
        world.at("/auth-profiles"), {"name": "editor", "username": "eva", "password": "let me in"}, format="json"
    )
    said = patched(admin, world.at(), url="https://new.test", secrets_follow=True).json()
    assert said["left_behind"] == []
    assert said["credentials"]["origins"] == ["https://shop.test", "https://new.test"]
    detail = Activity.objects.get(verb="address changed").detail
    follow = "the credentials, the header X-Key, the sign-in editor and the variable api_key"
    assert f"{follow} may be sent there too" in detail
    assert AuthProfile.objects.get().origins == {"credentials": ["https://shop.test", "https://new.test"]}


def test_another_path_of_the_same_origin_is_no_change(world: World, sealed: dict[str, Any]) -> None:
    patched(world.client("qa_lead"), world.at(), url="https://shop.test/start")
    assert not Activity.objects.filter(verb="address changed").exists()


def test_credentials_entered_anew_are_for_the_new_address(
    admin: APIClient, world: World, sealed: dict[str, Any]
) -> None:
    patched(admin, world.at(), url="https://new.test")
    said = patched(admin, world.at(), credentials=CREDENTIALS).json()
    assert said["credentials"]["origins"] == ["https://new.test"]


def test_an_environment_keeps_secrets_for_its_own_address(admin: APIClient, world: World) -> None:
    body = {
        "name": "staging",
        "base_url": "https://s.test",
        "credentials": CREDENTIALS,
        "secret_headers": {"X-K": "k3yk3y"},
    }
    made = admin.post(world.at("/environments"), body, format="json").json()
    at = world.at(f"/environments/{made['id']}")
    left = patched(world.client("qa_lead"), at, base_url=EVIL).json()["left_behind"]
    assert [sentence.split(" entered")[0] for sentence in left] == ["The header X-K was", "The credentials were"]
    run = world.client("qa_lead").post(world.at("/crawl"), {"environment": made["id"]}, format="json")
    assert (run.status_code, run.json()["code"]) == (409, "secret_elsewhere")
    assert Activity.objects.get(verb="address changed").subject == made["id"]
    assert patched(admin, at, base_url="https://t.test", secrets_follow=True).json()["left_behind"] == []
    assert Environment.objects.get().origins["credentials"] == ["https://s.test", "https://t.test"]


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"secret_headers": {"X-Key": "abc"}}, "secret_headers.X-Key", "at least 4 characters"),
        ({"secret_variables": {"x": "password"}}, "secret_variables.x", "an ordinary word"),
        ({"secret_headers": {"X Key": "abcdef"}}, "secret_headers", "'X Key' is not the name of a header."),
        ({"secret_headers": {"Host": "abcdef"}}, "secret_headers", "is set by the browser"),
        ({"secret_variables": {"1x": "abcdef"}}, "secret_variables", "'1x' is not a name"),
        (
            {"credentials": {**CREDENTIALS, "login_url": "https://idp.test/x"}},
            "credentials.login_url",
            "name it in origins",
        ),
        ({"credentials": {**CREDENTIALS, "origins": ["https://idp.test/x"]}}, "credentials.origins[0]", "port only"),
    ],
)
def test_what_cannot_be_a_secret_is_refused_in_one_sentence(
    admin: APIClient, world: World, body: dict[str, Any], field: str, sentence: str
) -> None:
    answer = patched(admin, world.at(), **body)
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert list(errors) == [field]
    assert sentence in errors[field][0]


def test_single_sign_on_is_named_by_an_admin(admin: APIClient, world: World) -> None:
    sso = {**CREDENTIALS, "login_url": "https://idp.test/x", "origins": ["https://idp.test"]}
    said = patched(admin, world.at(), url="https://shop.test", credentials=sso).json()["credentials"]
    assert said["origins"] == ["https://shop.test", "https://idp.test"]


def test_a_header_that_is_marked_secret_is_no_plain_one_any_more(admin: APIClient, world: World) -> None:
    patched(admin, world.at(), headers={"X-Key": "k3y-of-the-site", "X-Team": "qa"})
    said = patched(admin, world.at(), secret_headers={"x-key": "k3y-of-the-site"}).json()
    assert (said["headers"], said["secret_headers"]) == ({"X-Team": "qa"}, ["x-key"])
    answer = patched(admin, world.at(), headers={"X-KEY": "plain"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "headers": ["X-KEY is a secret one already; leave it out here, or take the secret away first."]
    }


def test_viewers_see_no_value_of_a_header(admin: APIClient, world: World) -> None:
    patched(admin, world.at(), headers={"X-Team": "for reviewers"})
    made = {"name": "staging", "base_url": "https://s.test", "headers": {"X-Stage": "for reviewers"}}
    admin.post(world.at("/environments"), made, format="json")
    viewer = world.client("viewer")
    for at in (world.at(), "/api/v1/projects", world.at("/environments")):
        answer = viewer.get(at)
        assert answer.status_code == 200
        assert b"for reviewers" not in answer.content
    assert viewer.get(world.at()).json()["headers"] == {"X-Team": "•••"}
    assert world.client("qa_lead").get(world.at()).json()["headers"] == {"X-Team": "for reviewers"}


def test_a_password_that_cannot_be_masked_is_taken_and_that_is_told(admin: APIClient, world: World) -> None:
    weak = patched(admin, world.at(), credentials={**CREDENTIALS, "password": "admin"}).json()
    assert weak["credentials"]["masked"] is False
    strong = patched(admin, world.at(), credentials=CREDENTIALS).json()
    assert strong["credentials"]["masked"] is True


def test_a_sign_in_names_its_origins(admin: APIClient, world: World) -> None:
    body = {"name": "editor", "username": "eva", "password": "let me in", "origins": ["https://Staging.test:443"]}
    made = admin.post(world.at("/auth-profiles"), body, format="json").json()
    own = made["origins"][0]
    assert made["origins"] == [own, "https://staging.test"]
    at = world.at(f"/auth-profiles/{made['id']}")
    assert patched(admin, at, password="another one").json()["origins"] == [own, "https://staging.test"]
    assert patched(admin, at, origins=[]).json()["origins"] == [own]
