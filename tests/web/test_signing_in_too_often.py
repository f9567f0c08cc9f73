"""One throttle for all ways in: on the account as people mean it, from the address where the request really began."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.checks import Error
from django.db import connections
from django.http import HttpRequest
from django.test import Client
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from projects import passwords
from projects.models import FailedSignIns
from projects.throttling import PAUSE, PER_ACCOUNT, PER_ADDRESS, TooManySignIns, account_of, place_of
from sentri.checks import environment
from tests.web.conftest import PASSWORD, World

DOORS = ("/sign-in", "/admin/login/")


def tried(door: str, who: str, password: str = "wrong", **extra: Any) -> Any:
    return Client().post(door, {"username": who, "password": password}, **extra)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("other", DOORS)
def test_failures_at_one_door_count_at_every_door(world: World, door: str, other: str) -> None:
    User.objects.filter(username="admin").update(is_staff=True)
    for _ in range(PER_ACCOUNT):
        assert tried(door, "admin").status_code == 200
    refused = tried(other, "admin", PASSWORD)
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= PAUSE.total_seconds()
    assert "Too many failed sign-ins for this account from your address. Try again in 15 minutes." in str(
        refused.content.decode()
    )


@pytest.mark.parametrize(
    "spelling", ["\uff56\uff49\uff45\uff57\uff45\uff52", "VIEWER", " viewer ", "ⓥiewer", "viewe\u24e1"]
)
def test_other_letters_are_no_other_account(world: World, spelling: str) -> None:
    for _ in range(PER_ACCOUNT):
        tried("/sign-in", spelling)
    assert tried("/sign-in", "viewer", PASSWORD).status_code == 429


def test_accounts_are_counted_as_people_mean_them() -> None:
    assert account_of("\uff21da\u200a") == account_of("ada")
    assert account_of("STRASSE") == account_of("straße")
    assert len(account_of("ﷺ" * 10_000)) <= 150


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_an_address_is_one_place_however_many_a_customer_has(address: str, place: str) -> None:
    assert place_of(address) == place


def test_names_that_nobody_has_cost_an_address_a_bounded_number_of_comparisons(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    monkeypatch.setattr(User, "set_password", lambda *_: compared.append(1))
    statuses = [tried("/sign-in", f"nobody{number}").status_code for number in range(PER_ADDRESS + 10)]
    assert statuses == [200] * PER_ADDRESS + [429] * 10
    assert len(compared) == PER_ADDRESS
    assert tried("/sign-in", "viewer", PASSWORD, REMOTE_ADDR="10.9.9.9").status_code == 302


def test_a_success_gives_back_its_own_failures_and_not_those_of_others(world: World) -> None:
    for number in range(PER_ADDRESS - 1):
        tried("/sign-in", f"nobody{number}")
    assert tried("/sign-in", "viewer", PASSWORD).status_code == 302
    assert tried("/sign-in", "nobody").status_code == 200
    assert tried("/sign-in", "viewer", PASSWORD).status_code == 429


def test_a_pause_ends_by_itself_and_what_is_over_is_not_kept(world: World) -> None:
    for _ in range(PER_ACCOUNT):
        tried("/sign-in", "viewer")
    FailedSignIns.objects.update(until="2020-01-01T00:00:00Z")
    assert tried("/sign-in", "viewer", PASSWORD).status_code == 302
    assert not FailedSignIns.objects.filter(until__lt="2021-01-01T00:00:00Z").exists()


def test_comparisons_wait_for_a_seat_and_a_queue_that_is_full_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_queue", threading.BoundedSemaphore(1))
    request = HttpRequest()
    with passwords.seat(), pytest.raises(TooManySignIns, match="Too many people are signing in"):
        authenticate(request, username="viewer", password=PASSWORD)
    assert authenticate(request, username="viewer", password=PASSWORD) == world.people["viewer"]


# --- whose address it is ---


async def _client_of(forwarded: list[str], peer: str, trusted: list[str]) -> str:
    """The address that our application is told of."""
    seen: dict[str, Any] = {}

    async def inner(scope: Any, _receive: Any, send: Any) -> None:
        seen.update(scope)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"type": "http", "client": (peer, 5), "scheme": "http", "headers": headers, "path": "/", "method": "GET"}
    told = ApplicationCommunicator(ProxyHeadersMiddleware(inner, trusted), scope)
    await told.receive_output(timeout=60)
    return str(seen["client"][0])


async def test_only_a_trusted_proxy_is_believed_and_of_a_chain_the_last_address_that_it_did_not_trust() -> None:
    assert await _client_of(["1.1.1.1"], "127.0.0.1", []) == "127.0.0.1"
    assert await _client_of(["1.1.1.1"], "203.0.113.9", ["10.0.0.0/8"]) == "203.0.113.9"
    assert await _client_of(["1.1.1.1"], "10.0.0.7", ["10.0.0.0/8"]) == "1.1.1.1"
    assert await _client_of(["6.6.6.6, 1.1.1.1, 10.0.0.8"], "10.0.0.7", ["10.0.0.0/8"]) == "1.1.1.1"
    assert await _client_of(["6.6.6.6", "1.1.1.1"], "10.0.0.7", ["10.0.0.0/8"]) == "1.1.1.1"


@pytest.mark.django_db(transaction=True)
async def test_a_made_up_forwarding_header_does_not_evade_the_throttle() -> None:
    from sentri.asgi import application

    assert settings.ENV.trusted_proxies == ()
    statuses = []
    for number in range(PER_ACCOUNT + 1):
        body = b"username=ada&password=wrong&csrfmiddlewaretoken=" + b"a" * 32
        headers = {
            "host": "testserver",
            "content-type": "application/x-www-form-urlencoded",
            "content-length": str(len(body)),
            "cookie": "sentri_csrf=" + "a" * 32,
            "x-forwarded-for": f"198.51.100.{number}",
        }
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/sign-in",
            "query_string": b"",
            "client": ("127.0.0.1", 4000 + number),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        asked = ApplicationCommunicator(application, scope)
        await asked.send_input({"type": "http.request", "body": body})
        statuses.append((await asked.receive_output(timeout=60))["status"])
        await asked.wait()
    await sync_to_async(connections.close_all)()
    assert statuses == [200] * PER_ACCOUNT + [429]


@pytest.mark.parametrize("name", ["*", "proxy.internal", "10.0.0.300"])
def test_what_is_no_address_is_no_trusted_proxy(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, trusted_proxies=(name,)))
    found = [check for check in environment() if check.id == "sentri.E007"]
    assert isinstance(found[0], Error)
    assert name in found[0].msg
