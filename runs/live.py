"""The only sender on the channel layer: a bell that says "run 42 has news up to 317".

Every ring may be lost; whoever listens reads the event log afterwards. Processes wake each other by the channel
layer where Redis is configured, by NOTIFY on PostgreSQL, by watching `data_version` on SQLite.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection, transaction

log = logging.getLogger(__name__)
CHANNEL = "sentri_runs"
GROUP = "runs"
NO_LAYER = "No channel layer is configured although SENTRI_REDIS_URL is set."
# Half of the news are noticed within 27 ms, for 2.6 % of a core; at 0.1 s within 54 ms, for 1.7 %.
SQLITE_POLL_SECONDS = 0.05
SEND_SECONDS = 5.0


def ring(run_id: int, seq: int) -> None:
    """Says that the run has news up to seq; heard after the caller's transaction has committed."""
    if settings.ENV.redis_url:
        transaction.on_commit(lambda: Ringer.current().ring(run_id, seq))
    elif connection.vendor == "postgresql":
        # In the caller's transaction: PostgreSQL notifies with its commit, and not at all where it is rolled back.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{run_id}:{seq}"])


class Ringer:
    """This process's thread that sends on the channel layer, so that no commit ever waits for Redis.

    Rings for one run that come while another one is on its way become one. What cannot be sent is left out: whoever
    listens looks at the log by itself after some seconds.
    """

    _current: Ringer | None = None

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._due: dict[int, int] = {}
        self._lock = threading.Lock()
        self._rung = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        threading.Thread(
            target=self._loop.run_until_complete, args=(self._send_all(),), name="ringer", daemon=True
        ).start()

    @classmethod
    def current(cls) -> Ringer:
        """Made anew after a fork."""
        if cls._current is None or cls._current.pid != os.getpid():
            cls._current = cls()
        return cls._current

    def ring(self, run_id: int, seq: int) -> None:
        with self._lock:
            self._due[run_id] = seq
        self._loop.call_soon_threadsafe(self._rung.set)

    async def _send_all(self) -> None:
        away = False
        while True:
            await self._rung.wait()
            self._rung.clear()
            with self._lock:
                due, self._due = self._due, {}
            try:
                layer = get_channel_layer()
                if layer is None:
                    raise RuntimeError(NO_LAYER)
                for run_id, seq in due.items():
                    await asyncio.wait_for(layer.group_send(GROUP, _news(run_id, seq)), SEND_SECONDS)
            except Exception as error:  # noqa: BLE001 - a bell that is not heard is no reason to stop
                if not away:
                    log.warning("Redis is away, sockets look for news by themselves: %s", error)
                away = True
                await asyncio.sleep(1)
            else:
                away = False


def _news(run_id: int, seq: int) -> dict[str, Any]:
    return {"type": "news", "run": run_id, "seq": seq}


class Bell:
    """One listener's bell; rings collapse into one."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def strike(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> bool:
        """True when there may be news, False after `seconds` without a ring."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            return False
        self._rung.clear()
        return True


@dataclass
class Tower:
    """All bells of one event loop and the one watcher that strikes them."""

    bells: dict[int, set[Bell]] = field(default_factory=lambda: defaultdict(set))
    watcher: asyncio.Task[None] | None = None

    def strike(self, run_id: int) -> None:
        for bell in self.bells.get(run_id, ()):
            bell.strike()

    def strike_all(self) -> None:
        for run_id in list(self.bells):
            self.strike(run_id)


_towers: dict[asyncio.AbstractEventLoop, Tower] = {}


@contextlib.asynccontextmanager
async def listen(run_id: int) -> AsyncIterator[Bell]:
    """A bell for one run. One watcher per process and loop serves all listeners."""
    loop = asyncio.get_running_loop()
    tower = _towers.setdefault(loop, Tower())
    bell = Bell()
    tower.bells[run_id].add(bell)
    if tower.watcher is None or tower.watcher.done():
        tower.watcher = asyncio.create_task(_watch(tower))
    try:
        yield bell
    finally:
        tower.bells[run_id].discard(bell)
        if not tower.bells[run_id]:
            del tower.bells[run_id]
        if not tower.bells:
            tower.watcher.cancel()
            _towers.pop(loop, None)


async def _watch(tower: Tower) -> None:
    """Watches by the way that this installation has; begins anew after any interruption."""
    way = _by_layer if settings.ENV.redis_url else WAYS[settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[-1]]
    while True:
        try:
            await way(tower)
        except Exception:  # noqa: BLE001 - the database or Redis is away: listeners go on reading the log on time-out
            tower.strike_all()
            await asyncio.sleep(1)


async def _by_layer(tower: Tower) -> None:
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError(NO_LAYER)
    name = await layer.new_channel()
    await layer.group_add(GROUP, name)
    try:
        while True:
            tower.strike((await layer.receive(name))["run"])
    finally:
        await layer.group_discard(GROUP, name)


async def _by_notify(tower: Tower) -> None:
    import psycopg

    parameters: dict[str, Any] = connection.get_connection_params()
    wanted = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if parameters.get(key)}
    async with await psycopg.AsyncConnection.connect(**wanted, autocommit=True) as listening:
        await listening.execute(f"LISTEN {CHANNEL}")
        # Notifications that came before LISTEN were heard by nobody here.
        tower.strike_all()
        async for note in listening.notifies():
            tower.strike(int(note.payload.split(":")[0]))


async def _by_data_version(tower: Tower) -> None:
    watched = await asyncio.to_thread(_sqlite_watch, str(settings.DATABASES["default"]["NAME"]))
    try:
        seen = -1
        while True:
            version = watched()
            if version != seen:
                seen = version
                tower.strike_all()
            await asyncio.sleep(SQLITE_POLL_SECONDS)
    finally:
        watched.close()  # type: ignore[attr-defined]


def _sqlite_watch(path: str) -> Callable[[], int]:
    """A reader of the number that SQLite changes with every commit of another connection; a call takes ~10 µs."""
    # Opened in another thread than it is used in.
    watching = sqlite3.connect(path, timeout=1, check_same_thread=False, isolation_level=None)

    def version() -> int:
        return int(watching.execute("PRAGMA data_version").fetchone()[0])

    version.close = watching.close  # type: ignore[attr-defined]
    return version


WAYS = {"sqlite3": _by_data_version, "postgresql": _by_notify}
