"""Sockets tell a run's story from any number on, to those who may see it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth import get_user_model
from django.db import connections

from projects.models import ApiToken, Membership, Project, Test, Workspace
from runs import gates, ledger, reading
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
    run = ledger.open_test_run(ledger.Order(project, None, "Ada"), RunOptions(), tests)
    member, stranger = (ApiToken.issue("t", user=user)[1] for user in users)
    return run, member, stranger


async def opened(path: str, token: str | None = None) -> ApplicationCommunicator:
    from sentri.asgi import application

    headers = [(b"authorization", f"Bearer {token}".encode())] if token else [(b"origin", b"http://testserver")]
    path, _, query = path.partition("?")
    scope = {
        "type": "websocket",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"testserver"), *headers],
        "subprotocols": [],
    }
    communicator = ApplicationCommunicator(application, scope)
    await communicator.send_input({"type": "websocket.connect"})
    assert (await communicator.receive_output(timeout=5))["type"] == "websocket.accept"
    return communicator


async def closing_code(communicator: ApplicationCommunicator) -> int:
    message = await communicator.receive_output(timeout=5)
    assert message["type"] == "websocket.close"
    return int(message["code"])


async def lines(communicator: ApplicationCommunicator) -> list[dict[str, Any]]:
    """All messages until the server closes."""
    found = []
    while (message := await communicator.receive_output(timeout=10))["type"] == "websocket.send":
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


async def test_a_socket_without_a_person_is_closed_with_4401() -> None:
    run, _, _ = await sync_to_async(made)()
    assert await closing_code(await opened(f"/ws/runs/{run.public_id}")) == 4401
    assert await closing_code(await opened(f"/ws/runs/{run.public_id}", "sntr_pat_wrong")) == 4401


async def test_a_socket_of_a_stranger_or_on_nothing_is_closed_with_4404() -> None:
    run, token, stranger = await sync_to_async(made)()
    assert await closing_code(await opened(f"/ws/runs/{run.public_id}", stranger)) == 4404
    assert await closing_code(await opened("/ws/runs/RUN-999999", token)) == 4404
    assert await closing_code(await opened("/ws/nothing", token)) == 4404


@pytest.mark.parametrize("after", ["x", "-1", "٣", "99999999999"])
async def test_a_number_that_is_none_closes_the_socket_with_4400(after: str) -> None:
    run, token, _ = await sync_to_async(made)()
    assert await closing_code(await opened(f"/ws/runs/{run.public_id}?after={after}", token)) == 4400
