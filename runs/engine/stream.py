"""The one pump of all pipelines: what their work says leaves masked, and the work ends where nobody listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from runs.engine.events import Event
from runs.engine.masking import Masking, leaving

# Promise R20: a running browser stops within two seconds.
STOP_SECONDS = 2.0
Events = asyncio.Queue[Event | None]


async def streamed(
    events: Events, masking: Masking, work: Callable[[], Coroutine[Any, Any, object]]
) -> AsyncGenerator[Event, None]:
    """What `work` puts into the queue, masked, until it ends; then what it raised is raised, masked too.

    Closing the stream cancels the work, once, and gives it two seconds to clean up.
    """
    working = asyncio.ensure_future(work())
    working.add_done_callback(lambda _: events.put_nowait(None))
    try:
        async for event in leaving(events, masking, working):
            yield event
    finally:
        working.cancel()
        await asyncio.wait({working}, timeout=STOP_SECONDS)


async def together(*jobs: Coroutine[Any, Any, None]) -> None:
    """Until all are done, or one has failed: its error is raised when the others, cancelled once, have cleaned up."""
    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job)
    except BaseExceptionGroup as errors:
        # Callers catch errors by their class, which a group hides; the other jobs were cancelled for the first error.
        raise errors.exceptions[0] from None
