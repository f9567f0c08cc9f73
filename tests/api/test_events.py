"""A run's story as JSON and as a stream."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import ApiToken, Membership
from runs import ledger
from runs.api import events
from runs.models import Run
from tests.api.conftest import Refusal, World
from tests.ledger.conftest import Hand


def test_events_are_told_from_a_number_on(viewer: APIClient, world: World, refused: Refusal) -> None:
    run = world.run()
    Hand(run).work_off()
    path = f"/api/v1/runs/{run.public_id}/events"
    every = viewer.get(path).json()
    assert [row["seq"] for row in every["results"]] == list(range(1, len(every["results"]) + 1))
    assert every["results"][0]["type"] == "queued"
    assert every["results"][0]["at"].endswith("Z")
    assert every["next"] is None
    assert viewer.get(f"{path}?after=2").json()["results"][0]["seq"] == 3
    assert viewer.get(f"{path}?after=99999").json()["results"] == []
    seen, url = [], f"{path}?page_size=1"
    while url:
        page = viewer.get(url).json()
        seen += page["results"]
        url = page["next"]
    assert seen == every["results"]
    for wrong in ("after=-1", "after=x", "after=99999999999999", "page_size=201", "since=1"):
        refused(viewer.get(f"{path}?{wrong}"), 422)


def test_a_stream_starts_from_a_number_only(viewer: APIClient, world: World, refused: Refusal) -> None:
    path = f"/api/v1/runs/{world.run().public_id}/events"
    for odd in ("x", "-1", "1.5", "99999999999999999", "9" * 5_000, "0" * 5_000, "0" * 11 + "9" * 12, "²"):
        answer = viewer.get(path, HTTP_ACCEPT="text/event-stream", HTTP_LAST_EVENT_ID=odd)
        assert set(refused(answer, 422)["errors"]) == {"Last-Event-ID"}
    refused(world.client("stranger").get(path, HTTP_ACCEPT="text/event-stream"), 404)
    refused(world.client(None).get(path, HTTP_ACCEPT="text/event-stream"), 401)


def test_a_stream_of_an_ended_run_that_was_seen_to_its_end_is_told_not_to_come_back(
    viewer: APIClient, world: World
) -> None:
    run = world.run()
    ledger.abort(run.pk, "Ada")
    run.refresh_from_db()
    answer = viewer.get(
        f"/api/v1/runs/{run.public_id}/events", HTTP_ACCEPT="text/event-stream", HTTP_LAST_EVENT_ID=str(run.last_seq)
    )
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.fixture
async def connections_closed() -> AsyncIterator[None]:
    """The thread that serves asynchronous code has a connection of its own; a database in use cannot be dropped."""
    yield
    await sync_to_async(connections.close_all)()


class Stream:
    """A client of the ASGI application that reads one stream."""

    def __init__(self, path: str, token: str, **headers: str) -> None:
        from sentri.asgi import application

        sent = {"host": "testserver", "authorization": f"Bearer {token}", "accept": "text/event-stream", **headers}
        self.scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
        }
        self.text = ""
        self.communicator = ApplicationCommunicator(application, self.scope)

    async def start(self) -> dict[str, Any]:
        await self.communicator.send_input({"type": "http.request", "body": b"", "more_body": False})
        answer: dict[str, Any] = await self.communicator.receive_output(timeout=60)
        return answer

    async def until(self, type_: str) -> list[dict[str, Any]]:
        """Every event so far, once one of this type has come."""
        while not any(event["type"] == type_ for event in self.events()):
            await self.more()
        return self.events()

    async def more(self) -> bool:
        """Whether the stream goes on after its next part."""
        message = await self.communicator.receive_output(timeout=60)
        self.text += message.get("body", b"").decode()
        return bool(message.get("more_body"))

    def events(self) -> list[dict[str, Any]]:
        whole = self.text[: self.text.rfind("\n\n") + 2]
        return [json.loads(row.removeprefix("data: ")) for row in whole.splitlines() if row.startswith("data: ")]

    async def leave(self) -> None:
        await self.communicator.send_input({"type": "http.disconnect"})
        await self.communicator.wait(timeout=60)


@pytest.mark.django_db(transaction=True)
async def test_a_stream_tells_what_was_missed_then_what_happens_and_ends(
    world: World, connections_closed: None
) -> None:
    run, token = await sync_to_async(lambda: (world.run(), world.token("viewer")))()
    stream = Stream(f"/api/v1/runs/{run.public_id}/events", token)
    started = await stream.start()
    assert started["status"] == 200
    headers = dict(started["headers"])
    assert headers[b"Content-Type"].startswith(b"text/event-stream")
    await stream.until("queued")
    await sync_to_async(ledger.abort)(run.pk, "Ada")
    told = await stream.until("done")
    assert [event["seq"] for event in told] == list(range(1, len(told) + 1))
    assert f"id: {told[-1]['seq']}\nevent: done\n" in stream.text
    while await stream.more():
        pass
    await stream.communicator.wait(timeout=60)


@pytest.mark.django_db(transaction=True)
async def test_a_client_that_comes_back_gets_what_it_missed(world: World, connections_closed: None) -> None:
    run, token = await sync_to_async(lambda: (world.run(), world.token("viewer")))()
    await sync_to_async(ledger.abort)(run.pk, "Ada")
    stream = Stream(f"/api/v1/runs/{run.public_id}/events", token, last_event_id="1")
    assert (await stream.start())["status"] == 200
    told = await stream.until("done")
    assert told[0]["seq"] == 2
    while await stream.more():
        pass
    await stream.communicator.wait(timeout=60)


@pytest.mark.django_db(transaction=True)
async def test_a_client_may_leave_at_any_time(world: World, connections_closed: None) -> None:
    run, token = await sync_to_async(lambda: (world.run(), world.token("viewer")))()
    stream = Stream(f"/api/v1/runs/{run.public_id}/events", token)
    await stream.start()
    await stream.until("queued")
    await stream.leave()


@pytest.mark.django_db(transaction=True)
async def test_a_stream_goes_on_when_the_client_that_came_first_has_left(
    world: World, connections_closed: None
) -> None:
    run, token = await sync_to_async(lambda: (world.run(), world.token("viewer")))()
    first, second = (Stream(f"/api/v1/runs/{run.public_id}/events", token) for _ in range(2))
    for stream in (first, second):
        await stream.start()
        await stream.until("queued")
    await first.leave()
    await sync_to_async(ledger.abort)(run.pk, "Ada")
    assert (await second.until("done"))[-1]["type"] == "done"
    while await second.more():
        pass
    await second.communicator.wait(timeout=60)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["token", "membership", "project", "person"])
async def test_a_stream_ends_with_the_right_that_opened_it(
    world: World, connections_closed: None, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(events, "BREATH_SECONDS", 0.1)
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.1)
    run, token = await sync_to_async(lambda: (world.run(), world.token("viewer")))()
    stream = Stream(f"/api/v1/runs/{run.public_id}/events", token)
    await stream.start()
    await stream.until("queued")
    while ": still here" not in stream.text:
        await stream.more()
    await sync_to_async(ENDS[end])(run)
    async with asyncio.timeout(60):
        while await stream.more():
            pass
    await stream.communicator.wait(timeout=60)
    assert "done" not in {event["type"] for event in stream.events()}


ENDS: dict[str, Callable[[Run], Any]] = {
    "token": lambda run: ApiToken.objects.update(revoked_at=timezone.now()),
    "membership": lambda run: Membership.objects.all().delete(),
    "project": lambda run: run.project.delete_softly(),
    "person": lambda run: User.objects.update(is_active=False),
}
