"""Signing in and out."""

import pytest
from django.test import Client

from projects.throttling import PER_ACCOUNT as FAILURES
from tests.web.conftest import PASSWORD, World


def tried(client: Client, password: str, who: str = "viewer", **extra: str) -> int:
    data = {"username": who, "password": password, "next": "/runs/RUN-1"}
    return client.post("/sign-in", data, **extra).status_code  # type: ignore[arg-type]


def test_signing_in_leads_to_where_the_person_wanted_to_go(world: World) -> None:
    answer = Client().post("/sign-in", {"username": "viewer", "password": PASSWORD, "next": "/projects/PRJ-1"})
    assert (answer.status_code, answer["Location"]) == (302, "/projects/PRJ-1")


def test_signing_in_never_leads_elsewhere(world: World) -> None:
    answer = Client().post("/sign-in", {"username": "viewer", "password": PASSWORD, "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_a_wrong_password_is_one_sentence_and_keeps_the_name(world: World) -> None:
    answer = Client().post("/sign-in", {"username": "viewer", "password": "wrong"})
    assert "User name and password do not match an account." in answer.content.decode()
    assert 'value="viewer"' in answer.content.decode()


def test_after_ten_failures_the_account_waits_even_with_the_right_password(world: World) -> None:
    client = Client()
    assert [tried(client, "wrong") for _ in range(FAILURES)] == [200] * FAILURES
    answer = client.post("/sign-in", {"username": "viewer", "password": PASSWORD})
    assert answer.status_code == 429
    assert answer["Retry-After"] == "900"
    assert "Too many failed sign-ins for this account from your address." in answer.content.decode()


def test_others_and_other_addresses_are_not_held_up(world: World) -> None:
    client = Client()
    for _ in range(FAILURES):
        tried(client, "wrong")
    assert tried(client, PASSWORD, "VIEWER ") == 429
    assert tried(Client(), PASSWORD, "qa_lead") == 302
    assert tried(Client(), PASSWORD, REMOTE_ADDR="10.0.0.9") == 302


def test_a_success_forgets_the_failures(world: World) -> None:
    for _ in range(3):
        client = Client()
        assert [tried(client, "wrong") for _ in range(FAILURES - 1)] == [200] * (FAILURES - 1)
        assert tried(client, PASSWORD) == 302


def test_signing_out_needs_a_form_and_ends_the_session(world: World) -> None:
    client = world.client("viewer")
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nothing"])
def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(world: World, path: str) -> None:
    answer = world.client(None if path == "/sign-in" else "admin").get(path)
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    text = answer.content.decode()
    assert " style=" not in text
    assert "<script>" not in text
    assert " onclick=" not in text
