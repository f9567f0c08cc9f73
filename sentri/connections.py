"""Connections of a web process to PostgreSQL: a few, which all its threads share.

Django answers each request in a thread of its own. Without a pool a hundred requests at a time were a hundred
connections, each opened for one request.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

AT_MOST = 10
WAIT_SECONDS = 10
NOBODY = -1  # as psycopg_pool counts those who may wait: less than are ever waiting


def _begin_anew(pool: Any) -> None:
    """Where the database refuses, all who wait are told so at once, and the next request begins another pool."""
    pools = connection._connection_pools  # type: ignore[attr-defined]
    if pools.get(connection.alias) is pool:
        del pools[connection.alias]
        # Who still finds out that its connection is broken comes back for another after the pool is closed, and would
        # wait there in vain: psycopg_pool (3.3) asks whether it is closed before the first connection only.
        pool.max_waiting = NOBODY
        threading.Thread(target=pool.close).start()  # which waits for the thread that called us


POOL: dict[str, Any] = {
    "min_size": 0,
    "max_size": AT_MOST,
    "timeout": WAIT_SECONDS,
    "max_idle": 60,
    "reconnect_timeout": 0,
    "reconnect_failed": _begin_anew,
}


def share() -> None:
    """From now on all threads of this process take their connections from one pool; SQLite needs none.

    Only for a process that does not fork: a child would have the pool without the threads that tend it.
    """
    if connection.vendor == "postgresql":
        connection.close()
        connection.settings_dict["OPTIONS"]["pool"] = POOL


def unshare() -> None:
    """Closes what is idle in the pool; every thread has a connection of its own again."""
    if connection.vendor == "postgresql":
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        connection.settings_dict["OPTIONS"].pop("pool", None)


@sync_and_async_middleware
def hand_back(answer: Callable[..., HttpResponseBase] | Callable[..., Awaitable[HttpResponseBase]]) -> Any:
    """A middleware, and a decorator of views of errors, that hands this thread's connection back with the answer.

    Before the answer is sent, because a slow client and an endless stream would keep it. After a view of errors,
    because Django renders those in threads of another kind, which stay and close nothing.
    """
    if iscoroutinefunction(answer):

        async def later(request: HttpRequest) -> HttpResponseBase:
            response: HttpResponseBase = await answer(request)
            await sync_to_async(_hand_back)()
            return response

        return later

    def now(request: HttpRequest, *about: Any, **more: Any) -> HttpResponseBase:
        response: Any = answer(request, *about, **more)
        _hand_back()
        return response  # type: ignore[no-any-return]

    return now


def _hand_back() -> None:
    """SQLite has nothing to hand back. Whoever is in a transaction goes on: a test asks from within its own."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
