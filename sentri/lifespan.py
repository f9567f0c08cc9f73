"""What begins and ends with a web process: numbers are handed over, spans are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from runs import heartbeats, tracing

Message = dict[str, Any]


async def lifespan(
    _: Any, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The ASGI application of the protocol `lifespan`."""
    await receive()
    flushing = heartbeats.Flushing()
    flushing.start()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await asyncio.to_thread(flushing.end)
    await asyncio.to_thread(tracing.end)
    await send({"type": "lifespan.shutdown.complete"})
