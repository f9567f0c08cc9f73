"""Sockets tell a run's story from any number on, to those who may see it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client
from django.utils import timezone

from projects.models import ApiToken, Membership, Project, Test, Workspace
from runs import consumers, gates, ledger, reading
from runs.engine.plan import RunOptions
from runs.models import Run
from tests.ledger.conftest import DOCUMENT, Hand

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def connections_closed() -> AsyncIterator[None]:
    """The thread that serves asynchronous code has a connection of its own; a database in use cannot be dropped."""
    yield
    await sync_to_async(connections.close_all)()


def made() -> tuple[Run, str, str]:
    """A queued run, the token of a member and the token of a stranger."""
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    project = Project.objects.create(workspace=workspace, name="Shop", url="http://shop.test/")
    users = [get_user_model().objects.create_user(name) for name in ("member", "stranger")]
    Membership.objects.create(workspace=workspace, user=users[0], role="viewer")
    tests = [Test.write(project, None, f"Test {number}", DOCUMENT) for number in range(3)]
    run = ledger.open_test_run(ledger.RunRequest(project, None, "Ada"), RunOptions(), tests)
    member, stranger = (ApiToken.issue("t", user=user)[1] for user in users)
    return run, member, stranger


def socket(path: str, token: str | None = None, **headers: str) -> ApplicationCommunicator:
    """A socket before its handshake: a program's with a token, a browser's without."""
    from sentri.asgi import application

    path, _, query = path.partition("?")
    sent = {
        "host": "testserver",
        **({"authorization": f"Bearer {token}"} if token else {"origin": "http://testserver"}),
    }
    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (sent | headers).items()],
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
    return ApplicationCommunicator(application, scope)


async def opened(path: str, token: str | None = None, **headers: str) -> ApplicationCommunicator:
    communicator = socket(path, token, **headers)
    await communicator.send_input({"type": "websocket.connect"})
    assert (await communicator.receive_output(timeout=60))["type"] == "websocket.accept"
    return communicator


async def refused(path: str, token: str | None = None, **headers: str) -> tuple[int, str]:
    """The status and the problem's code with which a handshake is answered."""
    communicator = socket(path, token, **headers)
    await communicator.send_input({"type": "websocket.connect"})
    head = await communicator.receive_output(timeout=60)
    assert head["type"] == "websocket.http.response.start"
    assert dict(head["headers"])[b"content-type"] == b"application/problem+json"
    problem = json.loads((await communicator.receive_output(timeout=60))["body"])
    assert problem["status"] == head["status"]
    assert problem["detail"].endswith(".")
    await communicator.wait(timeout=60)
    return head["status"], problem["code"]


async def closing_code(communicator: ApplicationCommunicator) -> int:
    message = await communicator.receive_output(timeout=60)
    assert message["type"] == "websocket.close"
    return int(message["code"])


async def lines(communicator: ApplicationCommunicator) -> list[dict[str, Any]]:
    """All messages until the server closes."""
    found = []
    while (message := await communicator.receive_output(timeout=60))["type"] == "websocket.send":
        found.append(json.loads(message["text"]))
    return found


def finish(run: Run) -> None:
    Hand(run).work_off()
    run.refresh_from_db()
    ledger.close(run.pk, gates.judge(reading.report(run)))


async def test_R22_a_socket_gives_what_was_missed_and_then_what_comes_without_gaps() -> None:
    run, token, _ = await sync_to_async(made)()
    communicator = await opened(f"/ws/runs/{run.public_id}", token)
    follower = asyncio.create_task(lines(communicator))
    await sync_to_async(finish)(run)
    told = await follower
    assert [line["seq"] for line in told] == list(range(1, len(told) + 1))
    assert told[0]["type"] == "queued"
    assert told[-1]["type"] == "done"


async def test_R22_a_client_that_comes_back_gets_what_it_missed() -> None:
    run, token, _ = await sync_to_async(made)()
    await sync_to_async(finish)(run)
    told = await lines(await opened(f"/ws/runs/{run.public_id}?after=4", token))
    assert told[0]["seq"] == 5
    assert told[-1]["type"] == "done"


async def test_a_socket_of_nobody_is_refused_before_the_handshake_with_401() -> None:
    run, _, _ = await sync_to_async(made)()
    for way in (f"/ws/runs/{run.public_id}", f"/ws/runs/{run.public_id}/live", "/ws/runs/RUN-999999"):
        assert await refused(way) == (401, "not_authenticated")
        assert await refused(way, "sntr_pat_wrong") == (401, "not_authenticated")
        assert await refused(way, cookie="sentri_session=made-up") == (401, "not_authenticated")


async def test_a_socket_of_a_stranger_or_on_nothing_is_refused_before_the_handshake_with_404() -> None:
    run, token, stranger = await sync_to_async(made)()
    assert await refused(f"/ws/runs/{run.public_id}", stranger) == (404, "not_found")
    assert await refused("/ws/runs/RUN-999999", token) == (404, "not_found")
    assert await refused("/ws/runs/RUN-0", token) == (404, "not_found")
    assert await refused("/ws/nothing", token) == (404, "not_found")


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=%D9%A3", "after=99999999999", "grouped=2"])
async def test_a_number_that_is_none_is_refused_before_the_handshake_with_400(query: str) -> None:
    run, token, _ = await sync_to_async(made)()
    assert await refused(f"/ws/runs/{run.public_id}?{query}", token) == (400, "malformed")


async def test_a_server_that_cannot_answer_a_handshake_closes_with_the_code() -> None:
    run, _, stranger = await sync_to_async(made)()
    communicator = socket(f"/ws/runs/{run.public_id}", stranger)
    del communicator.scope["extensions"]
    await communicator.send_input({"type": "websocket.connect"})
    assert await closing_code(communicator) == 4404


# --- origins ---


def signed_in() -> tuple[Run, str]:
    run, _, _ = made()
    client = Client()
    client.force_login(get_user_model().objects.get(username="member"))
    return run, client.cookies["sentri_session"].value


@pytest.mark.parametrize(
    "origin",
    [
        "http://testserver:8081",
        "http://testserver.evil.example",
        "http://evil.example",
        "http://user@testserver:81",
        "https://testserver",
        "null",
        "file://",
        "http://testserver:x",
        "testserver",
        "",
    ],
)
async def test_a_cookie_opens_no_socket_for_a_page_of_another_origin_or_port(origin: str) -> None:
    run, session = await sync_to_async(signed_in)()
    cookie = f"sentri_session={session}"
    assert await refused(f"/ws/runs/{run.public_id}", cookie=cookie, origin=origin) == (403, "origin")


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("testserver", "http://testserver"),
        ("testserver", "http://testserver:80"),
        ("testserver:8000", "http://testserver:8000"),
        ("TESTSERVER:80", "http://testserver"),
        ("inner:8000", "https://sentri.example"),
    ],
)
async def test_a_cookie_opens_a_socket_for_our_own_pages(host: str, origin: str, settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://sentri.example"]
    run, session = await sync_to_async(signed_in)()
    cookie = f"sentri_session={session}"
    communicator = await opened(f"/ws/runs/{run.public_id}", cookie=cookie, origin=origin, host=host)
    await communicator.send_input({"type": "websocket.disconnect", "code": 1001})
    await communicator.wait(timeout=60)


async def test_a_host_that_is_not_served_opens_no_socket_although_the_origin_is_the_same(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["sentri.example"]
    run, session = await sync_to_async(signed_in)()
    sent = {"cookie": f"sentri_session={session}", "host": "rebound.example", "origin": "http://rebound.example"}
    assert await refused(f"/ws/runs/{run.public_id}", **sent) == (403, "origin")


# --- an open socket ends with the right that opened it ---


def new_password() -> None:
    member = get_user_model().objects.get(username="member")
    member.set_password("another pass phrase")
    member.save()


def sign_out(session: str) -> None:
    client = Client()
    client.cookies["sentri_session"] = session
    assert client.post("/sign-out").status_code == 302


ENDS: dict[str, tuple[int, Callable[[str], Any]]] = {
    "signed out": (4401, sign_out),
    "new password": (4401, lambda _: new_password()),
    "deactivated": (4401, lambda _: get_user_model().objects.update(is_active=False)),
    "membership gone": (4404, lambda _: Membership.objects.all().delete()),
    "project deleted": (4404, lambda _: Project.objects.get().delete_softly()),
}


@pytest.mark.parametrize("way", ["", "/live"])
@pytest.mark.parametrize("end", ENDS)
async def test_a_socket_ends_with_the_right_that_opened_it(end: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "LOOK_SECONDS", 0.1)
    run, session = await sync_to_async(signed_in)()
    communicator = await opened(f"/ws/runs/{run.public_id}{way}", cookie=f"sentri_session={session}")
    code, ending = ENDS[end]
    await sync_to_async(ending)(session)
    assert await code_at_the_end(communicator) == code


async def test_a_socket_ends_when_its_token_is_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "LOOK_SECONDS", 0.1)
    run, token, _ = await sync_to_async(made)()
    communicator = await opened(f"/ws/runs/{run.public_id}", token)
    await sync_to_async(ApiToken.objects.update)(revoked_at=timezone.now())
    assert await code_at_the_end(communicator) == 4401


async def test_what_happens_after_the_right_has_ended_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "LOOK_SECONDS", 0.0)
    run, token, _ = await sync_to_async(made)()
    communicator = await opened(f"/ws/runs/{run.public_id}?after=1", token)

    def taken_away_and_then_worked_on() -> None:
        Membership.objects.all().delete()
        finish(run)

    await sync_to_async(taken_away_and_then_worked_on)()
    assert await closing_code(communicator) == 4404


async def code_at_the_end(communicator: ApplicationCommunicator) -> int:
    while (message := await communicator.receive_output(timeout=60))["type"] != "websocket.close":
        pass
    return int(message["code"])
