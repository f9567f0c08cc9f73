"""R23: the newest picture of each browser context, to those who may see the run, while they look."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import DatabaseError, connection, connections
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from projects.models import ApiToken, Membership
from runs import frames, ledger
from runs.engine.plan import RunOptions
from runs.frames import LOCK_MS, DatabaseFrames, FrameTransport, Keys, Picture, Window
from runs.models import Artifact, LiveFrame, LiveView, Run, RunEvent
from tests.live.test_sockets import closing_code, finish, made, opened, refused

pytestmark = pytest.mark.django_db(transaction=True)
WAYS: list[FrameTransport] = [DatabaseFrames(), Keys()]
MANY = 50


@pytest.fixture(autouse=True)
def through_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands between worker and viewer is tested the same way everywhere; both ways have tests of their own."""
    monkeypatch.setattr(frames, "way", DatabaseFrames)


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
async def connections_closed() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


def a_run() -> Run:
    return made()[0]


def picture(name: str = "one") -> Picture:
    return Picture("Cart", f"JPEG {name}".encode(), timezone.now())


@pytest.mark.parametrize("way", WAYS, ids=["rows", "keys"])
def test_R23_a_run_is_watched_only_as_long_as_somebody_says_so(
    way: FrameTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run()
    assert not way.wanted(run.pk)
    way.want(run.pk)
    way.want(run.pk)
    assert way.wanted(run.pk)
    assert not way.wanted(run.pk + 1)
    monkeypatch.setattr(frames, "WANTED_SECONDS", 0)
    way.want(run.pk)
    assert not way.wanted(run.pk)


@pytest.mark.parametrize("way", WAYS, ids=["rows", "keys"])
def test_R23_only_the_newest_picture_of_a_context_is_there(way: FrameTransport) -> None:
    run = a_run()
    way.want(run.pk)
    first, second, other = picture("first"), picture("second"), picture("other")
    way.put(run.pk, 0, {0: first, 3: other})
    way.put(run.pk, 0, {0: second})
    assert way.newer(run.pk, 1, {}) == {(0, 0): second, (0, 3): other}
    assert way.newer(run.pk, 1, {(0, 0): second.at, (0, 3): first.at}) == {(0, 3): other}
    assert way.newer(run.pk, 1, {(0, 0): second.at, (0, 3): other.at}) == {}


def test_R23_pictures_go_when_nobody_watches_any_more() -> None:
    run = a_run()
    order = ledger.RunRequest(run.project, None, "Ada")
    watched = ledger.open_test_run(order, RunOptions(), list(run.project.tests.all()))
    for each in (run, watched):
        DatabaseFrames().want(each.pk)
        DatabaseFrames().put(each.pk, 0, {0: picture()})
    LiveView.objects.filter(run=run).update(wanted_until=timezone.now() - timedelta(seconds=30))
    ledger.sweep()
    assert set(LiveFrame.objects.values_list("view__run", flat=True)) == {watched.pk}
    DatabaseFrames().put(run.pk, 0, {0: picture()})
    assert not LiveFrame.objects.filter(view__run=run).exists()


def test_R23_the_worker_hands_over_the_newest_while_somebody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "LOOK_SECONDS", 0)
    run = a_run()
    window = Window(run.pk, 0)
    window.show(0, "Cart", b"early")
    window.tick()
    assert not window.wanted()
    assert not LiveFrame.objects.exists()
    DatabaseFrames().want(run.pk)
    window.tick()
    assert window.wanted()
    assert not LiveFrame.objects.exists()
    for number in range(3):
        window.show(1, "Cart", f"{number}".encode())
    window.tick()
    window.tick()
    assert [bytes(row.jpeg) for row in LiveFrame.objects.all()] == [b"2"]
    LiveView.objects.update(wanted_until=timezone.now())
    window.tick()
    assert not window.wanted()


def test_R23_a_worker_without_watchers_asks_once_a_second(django_assert_num_queries: Any) -> None:
    window = Window(a_run().pk, 0)
    with django_assert_num_queries(1):
        for _ in range(20):
            window.tick()


def test_R23_what_cannot_be_written_is_left_out_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run()
    DatabaseFrames().want(run.pk)
    window = Window(run.pk, 0)
    window.tick()
    window.show(0, "Cart", b"picture")

    def broken(*_: Any, **__: Any) -> None:
        raise DatabaseError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(DatabaseFrames, "put", broken)
        window.tick()
    assert not window.wanted()
    assert Run.objects.filter(pk=run.pk).exists()


@pytest.mark.skipif("sqlite" not in connection.vendor, reason="PostgreSQL locks rows, which nobody else writes")
def test_R23_a_picture_does_not_wait_for_the_lock_that_runs_need() -> None:
    run = a_run()
    DatabaseFrames().want(run.pk)
    window = Window(run.pk, 0)
    window.tick()
    window.show(0, "Cart", b"picture")
    waits: list[int] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(("BEGIN", "INSERT", "UPDATE", "DELETE")):
            waits.append(connection.connection.execute("PRAGMA busy_timeout").fetchone()[0])
        return execute(sql, *rest)

    locking = connections.create_connection("default")
    with locking.cursor() as cursor, connection.execute_wrapper(note):
        cursor.execute("BEGIN IMMEDIATE")
        window.tick()
        cursor.execute("ROLLBACK")
    locking.close()
    assert waits
    assert set(waits) == {LOCK_MS}, "not the 20 seconds of others"
    assert not LiveFrame.objects.exists()
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone()[0] == 20_000


# --- the socket ---


async def heard(communicator: ApplicationCommunicator, count: int) -> list[Any]:
    """So many messages: captions as objects, pictures as (shard, slot, bytes)."""
    found: list[Any] = []
    for _ in range(count):
        message = await communicator.receive_output(timeout=60)
        assert message["type"] == "websocket.send", message
        data = message.get("bytes")
        found.append((data[0], data[1], data[2:]) if data else json.loads(message["text"]))
    return found


@sync_to_async
def shown(run: Run, slot: int, seen: Picture) -> None:
    DatabaseFrames().put(run.pk, 0, {slot: seen})


@sync_to_async
def wanted(run: Run) -> bool:
    return DatabaseFrames().wanted(run.pk)


async def watched(run: Run, token: str) -> ApplicationCommunicator:
    communicator = await opened(f"/ws/runs/{run.public_id}/live", token)
    async with asyncio.timeout(60):
        while not await wanted(run):  # noqa: ASYNC110 - the server is another
            await asyncio.sleep(0.02)
    return communicator


async def test_R23_a_socket_gives_the_newest_pictures_and_closes_when_the_run_is_over() -> None:
    run, token, _ = await sync_to_async(made)()
    communicator = await watched(run, token)
    await shown(run, 2, picture("one"))
    caption = {"shard": 0, "slot": 2, "title": "Cart"}
    assert await heard(communicator, 2) == [caption, (0, 2, b"JPEG one")]
    await shown(run, 2, picture("two"))
    assert await heard(communicator, 1) == [(0, 2, b"JPEG two")]
    await sync_to_async(finish)(run)
    assert await closing_code(communicator) == 1000
    assert await sync_to_async(RunEvent.objects.filter(data__icontains="JPEG").exists)() is False
    assert await sync_to_async(Artifact.objects.exists)() is False


async def test_R23_a_picture_is_read_once_for_all_who_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    run, token, _ = await sync_to_async(made)()
    watching = [await watched(run, token) for _ in range(MANY)]
    said = statements(monkeypatch)
    await shown(run, 1, picture("one"))
    for communicator in watching:
        assert (await heard(communicator, 2))[1] == (0, 1, b"JPEG one")
    late = await watched(run, token)
    assert (await heard(late, 2))[1] == (0, 1, b"JPEG one")
    assert len([sql for sql in said if sql.startswith("SELECT") and '"jpeg"' in sql]) == 1
    await sync_to_async(finish)(run)
    for communicator in [*watching, late]:
        assert await closing_code(communicator) == 1000


def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said to the database from now on, in any thread."""
    said: list[str] = []
    usual = CursorWrapper.execute

    def noting(cursor: CursorWrapper, sql: str, params: Any = None) -> Any:
        said.append(sql)
        return usual(cursor, sql, params)

    monkeypatch.setattr(CursorWrapper, "execute", noting)
    return said


async def test_R23_a_watcher_who_loses_the_right_leaves_the_others_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.consumers.LOOK_SECONDS", 0.1)
    run, token, _ = await sync_to_async(made)()
    member = await sync_to_async(get_user_model().objects.get)(username="member")
    _, other = await sync_to_async(ApiToken.issue)("other", user=member)
    going, staying = await watched(run, token), await watched(run, other)
    revoked = ApiToken.objects.exclude(name="other").filter(user=member)
    await sync_to_async(revoked.update)(revoked_at=timezone.now())
    assert await closing_code(going) == 4401
    await shown(run, 0, picture("one"))
    assert (await heard(staying, 2))[1] == (0, 0, b"JPEG one")
    await sync_to_async(finish)(run)
    assert await closing_code(staying) == 1000


async def test_R23_a_slow_client_gets_the_newest_and_no_backlog() -> None:
    run, token, _ = await sync_to_async(made)()
    communicator = await watched(run, token)
    for number in range(40):
        await shown(run, 0, picture(str(number)))
    told: list[Any] = []
    while not told or told[-1] != (0, 0, b"JPEG 39"):
        told += await heard(communicator, 1)
    assert len(told) < 20
    await communicator.send_input({"type": "websocket.disconnect", "code": 1001})
    await communicator.wait(timeout=60)


async def test_R23_who_closes_the_socket_watches_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "WANTED_SECONDS", 1)
    monkeypatch.setattr("runs.viewing.WANT_EVERY_SECONDS", 0.2)
    run, token, _ = await sync_to_async(made)()
    communicator = await watched(run, token)
    await asyncio.sleep(1.5)
    assert await wanted(run)
    await communicator.send_input({"type": "websocket.disconnect", "code": 1001})
    await communicator.wait(timeout=60)
    await asyncio.sleep(1.1)
    assert not await wanted(run)


async def test_R23_only_members_watch() -> None:
    run, token, stranger = await sync_to_async(made)()
    assert (await refused(f"/ws/runs/{run.public_id}/live"))[0] == 401
    assert (await refused(f"/ws/runs/{run.public_id}/live", "sntr_pat_wrong"))[0] == 401
    assert (await refused(f"/ws/runs/{run.public_id}/live", stranger))[0] == 404
    assert (await refused("/ws/runs/RUN-999999/live", token))[0] == 404
    assert not await sync_to_async(LiveView.objects.exists)()


async def test_R23_who_leaves_the_workspace_sees_no_more() -> None:
    run, token, _ = await sync_to_async(made)()
    communicator = await watched(run, token)
    await sync_to_async(Membership.objects.all().delete)()
    assert await closing_code(communicator) == 4404


async def test_R23_a_run_that_is_over_has_no_pictures() -> None:
    run, token, _ = await sync_to_async(made)()
    await sync_to_async(finish)(run)
    assert await closing_code(await opened(f"/ws/runs/{run.public_id}/live", token)) == 1000
