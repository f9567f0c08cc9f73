"""What begins and ends with a web process: shared connections, numbers and spans, and an invitation for the first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from projects.first import key, nobody_yet
from runs import heartbeats, tracing
from sentri import connections

log = logging.getLogger(__name__)

Message = dict[str, Any]


def invite_the_first() -> None:
    """Says in the log where the first account is made, for who does not sit at this machine."""
    try:
        if nobody_yet():
            where = f"{settings.ENV.base_url.rstrip('/')}/welcome?key={key()}"
            log.info("nobody has an account yet; the first one is made at %s", where)
    except DatabaseError:  # it is away or not migrated yet, which /readyz says
        pass
    finally:
        connection.close()


async def lifespan(
    _: Any, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The ASGI application of the protocol `lifespan`."""
    await receive()
    await asyncio.to_thread(connections.share)
    flushing = heartbeats.Flushing()
    flushing.start()
    await asyncio.to_thread(invite_the_first)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await asyncio.to_thread(flushing.end)
    await asyncio.to_thread(tracing.end)
    await asyncio.to_thread(connections.unshare)
    await send({"type": "lifespan.shutdown.complete"})
