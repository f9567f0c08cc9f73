"""A write that carries an Idempotency-Key has one effect and one answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import ApiToken, IdempotentReply, Project
from runs.models import Run
from tests.api.conftest import Refusal, World

BODY = {"name": "New", "url": "https://new.test"}


def send(client: APIClient, path: str, body: Any, key: str = "k1") -> Any:
    return client.post(path, body, format="json", HTTP_IDEMPOTENCY_KEY=key)


def test_the_same_request_sent_twice_has_one_effect_and_the_same_answer(admin: APIClient) -> None:
    first, second = (send(admin, "/api/v1/projects", BODY) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert (second["ETag"], second["Location"]) == (first["ETag"], first["Location"])
    assert second["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Project.objects.filter(name="New").count() == 1


@pytest.mark.parametrize(
    ("path", "body"), [("/api/v1/projects", {**BODY, "name": "Newer"}), ("/api/v1/tokens", {"name": "t"})]
)
def test_the_key_of_another_request_is_422(admin: APIClient, refused: Refusal, path: str, body: Any) -> None:
    send(admin, "/api/v1/projects", BODY)
    refused(send(admin, path, body), 422, "idempotency_key_reused")
    assert Project.objects.filter(name="Newer").count() == ApiToken.objects.filter(name="t").count() == 0


def test_a_request_that_was_refused_may_be_put_right_under_its_key(admin: APIClient, refused: Refusal) -> None:
    refused(send(admin, "/api/v1/projects", {**BODY, "name": ""}), 422)
    refused(send(admin, "/api/v1/projects", {**BODY, "name": "Shop"}), 422)
    assert send(admin, "/api/v1/projects", BODY).status_code == 201


def test_keys_of_different_owners_have_nothing_to_do_with_each_other(world: World) -> None:
    names = [send(world.client(who), "/api/v1/tokens", {"name": who}).json()["name"] for who in ("viewer", "admin")]
    assert names == ["viewer", "admin"]


def test_a_key_is_forgotten_after_a_day(admin: APIClient) -> None:
    send(admin, "/api/v1/tokens", {"name": "t"})
    IdempotentReply.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    send(admin, "/api/v1/tokens", {"name": "t"})
    assert ApiToken.objects.filter(name="t").count() == 2


def test_a_token_that_is_shown_once_is_not_readable_in_the_kept_answer(admin: APIClient) -> None:
    first, second = (send(admin, "/api/v1/tokens", {"name": "t"}).json()["token"] for _ in range(2))
    assert first == second
    assert first not in str(IdempotentReply.objects.get().body)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "ключ", "a\tb"])
def test_a_key_that_cannot_be_one_is_422(admin: APIClient, refused: Refusal, key: str) -> None:
    assert set(refused(send(admin, "/api/v1/tokens", {"name": "t"}, key), 422)["errors"]) == {"Idempotency-Key"}


def test_edits_and_deletions_take_keys_too(admin: APIClient, world: World) -> None:
    tag = admin.get(world.at())["ETag"]
    for _ in range(2):
        answer = admin.patch(
            world.at(), {"name": "Store"}, format="json", HTTP_IF_MATCH=tag, HTTP_IDEMPOTENCY_KEY="edit"
        )
        assert (answer.status_code, answer.json()["name"]) == (200, "Store")
    for _ in range(2):
        assert admin.delete(world.at(), HTTP_IDEMPOTENCY_KEY="delete").status_code == 204


Race = Callable[..., list[Any]]


def race(calls: list[Callable[[], Any]]) -> list[Any]:
    """The answers of calls that start at once, each in a thread with a connection of its own."""
    start = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


@pytest.mark.django_db(transaction=True)
def test_the_same_key_sent_many_times_at_once_has_exactly_one_effect(world: World) -> None:
    token = world.token("admin")

    def call() -> Any:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return send(client, "/api/v1/projects", BODY)

    answers = race([call] * 6)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer for answer in answers) == 1
    assert Project.objects.filter(name="New").count() == 1


@pytest.mark.django_db(transaction=True)
def test_R5_a_trigger_sent_many_times_at_once_starts_one_run_whoever_sends_it(world: World) -> None:
    world.test("approved")
    clients = [world.client("ci"), world.client("ci"), world.client("qa_lead"), world.client("admin")]
    answers = race([partial(send, client, world.at("/trigger"), {}) for client in clients])
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["runId"] for answer in answers} == {Run.objects.get().public_id}


@pytest.mark.django_db(transaction=True)
def test_one_of_two_edits_of_the_same_state_at_once_is_412(world: World) -> None:
    clients = [world.client("qa_lead"), world.client("admin")]
    tag = clients[0].get(world.at())["ETag"]

    def edit(client: APIClient, name: str) -> Any:
        return client.patch(world.at(), {"name": name}, format="json", HTTP_IF_MATCH=tag)

    answers = race([partial(edit, client, name) for client, name in zip(clients, "AB", strict=True)])
    assert sorted(answer.status_code for answer in answers) == [200, 412]
