"""Tokens: shown once, listed without their text, revoked for good, never stronger than what made them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Activity, ApiToken
from tests.api.conftest import Refusal, World


def bearer(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_a_personal_token_is_shown_once_works_and_is_revoked(viewer: APIClient, refused: Refusal) -> None:
    answer = viewer.post("/api/v1/tokens", {"name": "Laptop 2"}, format="json")
    assert answer.status_code == 201
    made = answer.json()
    assert made["token"].startswith("sntr_pat_")
    assert made["token"].startswith(made["hint"])
    mine = bearer(made["token"])
    assert mine.get("/api/v1/me").json()["name"] == "Viewer"
    listed = viewer.get("/api/v1/tokens").json()["results"]
    assert [row["name"] for row in listed] == ["Laptop 2", "Laptop"]
    assert "token" not in listed[0]
    assert "digest" not in listed[0]
    assert not ApiToken.objects.filter(digest=made["token"]).exists()
    assert viewer.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    refused(mine.get("/api/v1/me"), 401, "token_invalid")
    refused(viewer.delete(f"/api/v1/tokens/{made['id']}"), 404)
    assert len(viewer.get("/api/v1/tokens").json()["results"]) == 1


def test_nobody_sees_or_revokes_the_tokens_of_others(world: World, admin: APIClient, refused: Refusal) -> None:
    world.token("viewer")
    row = ApiToken.objects.get(user=world.people["viewer"])
    refused(admin.delete(f"/api/v1/tokens/{row.public_id}"), 404)
    assert row.public_id not in str(admin.get("/api/v1/tokens").json())


def test_a_project_token_is_made_by_an_admin_and_works_for_ci(world: World, admin: APIClient, refused: Refusal) -> None:
    made = admin.post(world.at("/tokens"), {"name": "CI"}, format="json").json()
    assert made["token"].startswith("sntr_prj_")
    assert made["project"] == world.project.public_id
    world.test("approved")
    assert bearer(made["token"]).post(world.at("/trigger"), {}, format="json").status_code == 202
    assert admin.delete(world.at(f"/tokens/{made['id']}")).status_code == 204
    refused(bearer(made["token"]).post(world.at("/trigger"), {}, format="json"), 401)
    verbs = list(Activity.objects.filter(subject=made["id"]).order_by("pk").values_list("verb", flat=True))
    assert verbs == ["token created", "token revoked"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "x", "scopes": ["admin"]}, "scopes[0]"),
        ({"name": "x", "scopes": "read"}, "scopes"),
        ({"name": "x", "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "x", "expires_at": "tomorrow"}, "expires_at"),
        ({"name": "x", "expires_at": "2999-01-01T00:00:00"}, "expires_at"),
        ({"name": "x", "expires_at": 5}, "expires_at"),
        ({"name": "x", "user": 1}, "user"),
    ],
)
def test_a_token_that_cannot_be_is_422(viewer: APIClient, refused: Refusal, body: object, field: str) -> None:
    assert set(refused(viewer.post("/api/v1/tokens", body, format="json"), 422)["errors"]) == {field}


def test_a_token_makes_none_that_may_more_or_lives_longer(world: World, refused: Refusal) -> None:
    soon = timezone.now() + timedelta(hours=1)
    client = bearer(world.token("admin", scopes=["write"], expires_at=soon))
    for scopes in ([], ["read", "write"], ["write"], ["read"]):
        answer = client.post("/api/v1/tokens", {"name": "x", "scopes": scopes}, format="json")
        if scopes:
            assert answer.status_code == 201
            assert answer.json()["expires_at"] == soon.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        else:
            assert set(refused(answer, 422)["errors"]) == {"scopes"}
    later = (soon + timedelta(hours=1)).isoformat()
    body = {"name": "x", "scopes": ["read"], "expires_at": later}
    assert set(refused(client.post("/api/v1/tokens", body, format="json"), 422)["errors"]) == {"expires_at"}
    assert set(refused(client.post(world.at("/tokens"), body, format="json"), 422)["errors"]) == {"expires_at"}
