"""Connections of a real web process to PostgreSQL, as the server counts them."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from psycopg import OperationalError
from psycopg_pool import ConnectionPool, TooManyRequests
from websockets.asyncio.client import ClientConnection, connect

from runs import ledger
from runs.models import Run
from sentri.connections import AT_MOST, POOL, _begin_anew
from tests.doors.test_bodies import Sending
from tests.live.test_sockets import made, signed_in
from tests.servers import restartable_postgresql
from tests.tasks.conftest import ROOT
from tests.watching.conftest import Web

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
MANY = 3 * AT_MOST
LISTENS = 1  # by LISTEN, where there is no Redis


def held(name: str = "web") -> int:
    """How many connections the processes of that name have to the database of this test; this one has none."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s", [name]
        )
        return int(cursor.fetchone()[0])


class Most:
    """The most that a web process held so far."""

    seen = 0


@contextmanager
def counted() -> Iterator[Most]:
    most, over = Most(), threading.Event()

    def count() -> None:
        while not over.wait(0.005):
            most.seen = max(most.seen, held())
        connections.close_all()

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


class Visitors:
    """People at one web process: each asks, follows a stream or a socket."""

    def __init__(self, address: str, run: Run, token: str) -> None:
        self.address, self.run = address, run.public_id
        self.headers = {"Authorization": f"Bearer {token}"}
        self.staying = AsyncExitStack()
        self.client = httpx.AsyncClient(
            base_url=address, headers=self.headers, timeout=60, limits=httpx.Limits(max_connections=None)
        )

    async def __aenter__(self) -> "Visitors":
        await self.staying.enter_async_context(self.client)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.staying.aclose()

    async def ask(self) -> int:
        return (await self.client.get("/api/v1/projects")).status_code

    async def leave_before_the_answer(self) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(self.client.get("/api/v1/projects"), 0.001)

    async def stream(self) -> AsyncIterator[str]:
        """Lines of a stream that has begun to tell."""
        asked = self.client.stream("GET", f"/api/v1/runs/{self.run}/events", headers={"Accept": "text/event-stream"})
        lines = (await self.staying.enter_async_context(asked)).aiter_lines()
        await until(lines, "event: queued")
        return lines

    async def socket(self, way: str = "") -> ClientConnection:
        url = f"{self.address.replace('http', 'ws')}/ws/runs/{self.run}{way}"
        asked = connect(url, additional_headers=self.headers, open_timeout=60)
        return await self.staying.enter_async_context(asked)


async def until(lines: AsyncIterator[str], wanted: str) -> None:
    async with asyncio.timeout(60):
        async for line in lines:
            if line == wanted:
                return
    raise AssertionError(f"the stream ended before {wanted!r}")


async def many(visit: Callable[[], Awaitable[Any]]) -> list[Any]:
    return await asyncio.gather(*(visit() for _ in range(MANY)))


def test_however_many_ask_at_a_time_a_web_process_has_few_connections_and_none_when_it_ends(
    web: Web, tmp_path: Path
) -> None:
    run, token, _ = made()

    async def asked(address: str) -> None:
        async with Visitors(address, run, token) as visitors:
            assert set(await many(visitors.ask)) == {200}
            await many(visitors.leave_before_the_answer)
            assert set(await many(visitors.ask)) == {200}

    with web() as address, counted() as most:
        asyncio.run(asked(address))
    assert 0 < most.seen <= AT_MOST
    assert held() == 0
    assert "Traceback" not in (tmp_path / "web.log").read_text()


def test_who_follows_a_run_keeps_no_connection_from_those_who_ask(web: Web, tmp_path: Path) -> None:
    run, token, _ = made()

    async def followed(address: str) -> None:
        async with Visitors(address, run, token) as visitors:
            streams = await many(visitors.stream)
            sockets = await many(visitors.socket)
            pictures = await many(lambda: visitors.socket("/live"))
            assert set(await many(visitors.ask)) == {200}
            await sync_to_async(ledger.abort)(run.pk, "Ada")
            await sync_to_async(connections.close_all)()  # of the thread that wrote
            await asyncio.gather(*(until(lines, "event: done") for lines in streams))
            for socket in (*sockets, *pictures):
                await asyncio.wait_for(socket.wait_closed(), 60)
                assert socket.close_code == 1000

    with web() as address, counted() as most:
        asyncio.run(followed(address))
    assert 0 < most.seen <= AT_MOST + LISTENS
    assert held() == 0
    assert "Traceback" not in (tmp_path / "web.log").read_text()


def test_a_database_that_is_away_is_told_at_once_and_asked_again_when_it_is_back(
    web: Web, product_environment: Mapping[str, str], eventually: Any, tmp_path: Path
) -> None:
    with restartable_postgresql() as server:
        environment = {**product_environment, "SENTRI_DATABASE_URL": server.url}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True)
        with web(SENTRI_DATABASE_URL=server.url) as address, httpx.Client(base_url=address, timeout=60) as client:
            assert client.get("/readyz").json()["parts"]["database"] == "ok"
            server.stop()
            assert client.get("/readyz").json()["parts"]["database"] == "The database does not answer."
            assert "couldn't get a connection after" not in (tmp_path / "web.log").read_text()
            server.start()
            eventually(lambda: client.get("/readyz").json()["parts"]["database"] == "ok")


def then(done: threading.Event, act: Callable[[], None]) -> Callable[[], None]:
    """The act, which says afterwards that it is done."""

    def acted() -> None:
        act()
        done.set()

    return acted


def test_who_finds_a_broken_connection_while_the_pool_closes_does_not_wait_in_vain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused_meanwhile(_: object) -> None:
        _begin_anew(pool)
        assert closed.wait(60)
        raise OperationalError("the server closed the connection")

    closed = threading.Event()
    url = connection.get_connection_params()
    pool: ConnectionPool[Any] = ConnectionPool(
        kwargs={name: url[name] for name in ("dbname", "user", "host", "port") if name in url},
        check=refused_meanwhile,
        open=True,
        **POOL,
    )
    monkeypatch.setattr(pool, "close", then(closed, pool.close))
    monkeypatch.setitem(connection._connection_pools, connection.alias, pool)  # type: ignore[attr-defined]
    with pytest.raises(TooManyRequests):
        pool.getconn()


async def test_a_page_of_an_error_that_says_who_is_signed_in_keeps_no_connection() -> None:
    """Django makes it in a thread of its own kind, which stays."""
    _, session = await sync_to_async(signed_in)()
    before = await sync_to_async(held)("")
    status, _, body = await Sending("/nothing", 1, {"cookie": f"sentri_session={session}"}).answered()
    assert (status, b"member" in body) == (404, True)
    assert await sync_to_async(held)("") == before
    await sync_to_async(connections.close_all)()
