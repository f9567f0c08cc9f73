"""Bodies are bounded before they are read: by who sends them, whatever they say about themselves."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from projects.models import ApiToken
from sentri.bodies import OF_STRANGERS

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 1024 * 1024
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
KINDS = (FORM, MULTIPART, "application/json", "application/octet-stream", "text/plain")


@pytest.fixture(autouse=True)
async def connections_closed() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


class Sending:
    """A client that sends a body in pieces for as long as somebody reads them."""

    def __init__(self, path: str, total: int, headers: dict[str, str] | None = None, piece: int = 64 * 1024) -> None:
        self.left, self.piece, self.read = total, piece, 0
        self.sent = False
        self.answer: list[dict[str, Any]] = []
        given = {"host": "testserver"} | (headers or {})
        self.scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "client": ("127.0.0.1", 1),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }

    async def receive(self) -> dict[str, Any]:
        if self.sent:
            await asyncio.Event().wait()  # it stays and listens
        size = min(self.piece, self.left)
        self.left -= size
        self.read += size
        self.sent = self.left == 0
        return {"type": "http.request", "body": b"x" * size, "more_body": self.left > 0}

    async def send(self, message: dict[str, Any]) -> None:
        self.answer.append(message)

    async def answered(self) -> tuple[int, dict[bytes, bytes], bytes]:
        from sentri.asgi import application

        await application(self.scope, self.receive, self.send)  # type: ignore[arg-type]
        body = b"".join(message.get("body", b"") for message in self.answer)
        return self.answer[0]["status"], dict(self.answer[0]["headers"]), body


@pytest.mark.parametrize("path", ["/sign-in", "/admin/login/", "/nothing", "/"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_strangers_long_body_is_refused_without_reading_it(path: str, kind: str) -> None:
    client = Sending(path, 100 * MIB, {"content-type": kind, "content-length": str(100 * MIB)})
    status, headers, body = await client.answered()
    assert (status, client.read) == (413, 0)
    assert headers[b"connection"] == b"close"
    assert b"A request body may have at most 16 KiB before you are signed in." in body
    assert (headers[b"content-type"], b'<html lang="en">' in body) == (b"text/html; charset=utf-8", True)
    assert int(headers[b"content-length"]) == len(body)


@pytest.mark.parametrize("path", ["/api/v1/projects", "/api/v1/nothing", "/api/v1/projects/PRJ-1/trigger"])
@pytest.mark.parametrize("authorization", ["", "Bearer sntr_pat_wrong", "Basic YTpi", "Bearer"])
async def test_in_the_api_that_is_a_problem(path: str, authorization: str) -> None:
    given = {"authorization": authorization} if authorization else {}
    client = Sending(path, MIB, {"content-type": "application/json", "content-length": str(MIB)} | given)
    status, headers, body = await client.answered()
    problem = json.loads(body)
    assert (status, client.read, headers[b"content-type"]) == (413, 0, b"application/problem+json")
    assert (problem["status"], problem["code"]) == (413, "too_large")


@pytest.mark.parametrize("said", [{}, {"content-length": "10"}, {"content-length": "x"}, {"content-length": "-5"}])
async def test_what_does_not_say_its_length_or_lies_about_it_is_read_no_further(said: dict[str, str]) -> None:
    client = Sending("/sign-in", 100 * MIB, {"content-type": MULTIPART, "content-encoding": "gzip"} | said)
    status, _, _ = await client.answered()
    assert status == 413
    assert client.read <= OF_STRANGERS + client.piece


async def test_nothing_of_a_body_goes_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    rolled: list[Any] = []

    def rollover(file: Any) -> None:
        rolled.append(file)

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", rollover)
    client = Sending("/sign-in", 100 * MIB, {"content-type": MULTIPART})
    await client.answered()
    member = Sending("/", 100 * MIB, {"authorization": f"Bearer {await token()}", "content-type": MULTIPART})
    await member.answered()
    assert rolled == []


@sync_to_async
def token() -> str:
    return ApiToken.issue("t", user=User.objects.create_user("member"))[1]


@sync_to_async
def session() -> str:
    client = Client()
    client.force_login(User.objects.create_user("somebody"))
    return client.cookies["sentri_session"].value


async def test_a_member_may_send_more_and_not_without_end() -> None:
    bearer = {"authorization": f"Bearer {await token()}", "content-type": "application/json"}
    assert (await Sending("/api/v1/projects", MIB, bearer).answered())[0] == 400  # it is no JSON: it was read
    client = Sending("/api/v1/projects", 100 * MIB, bearer)
    status, _, body = await client.answered()
    assert (status, json.loads(body)["detail"]) == (413, "A request body may have at most 2560 KiB.")
    assert client.read <= 2560 * 1024 + client.piece


async def test_a_session_is_a_member_and_a_made_up_one_is_not() -> None:
    cookie = {"cookie": f"sentri_session={await session()}", "content-type": FORM}
    assert (await Sending("/nothing", MIB, cookie).answered())[0] == 404
    assert (await Sending("/nothing", MIB, {"cookie": "sentri_session=made-up"}).answered())[0] == 413


async def test_a_form_of_a_stranger_arrives_as_it_was_sent() -> None:
    client = Sending("/nothing", OF_STRANGERS, {"content-type": "text/plain"}, piece=7)
    assert (await client.answered())[0] == 404
    assert client.read == OF_STRANGERS


async def test_a_client_that_goes_away_while_it_sends_is_no_error() -> None:
    from sentri.asgi import application

    gone = ApplicationCommunicator(application, Sending("/sign-in", 1).scope)
    await gone.send_input({"type": "http.request", "body": b"x", "more_body": True})
    await gone.send_input({"type": "http.disconnect"})
    assert await gone.receive_nothing(timeout=0.5)
    await gone.wait(timeout=60)
