"""Live pictures of pages in use: taken while somebody wants them, the newest only, kept nowhere."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, Self

from playwright.async_api import Error, Page

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.25
ENOUGH_SECONDS = 0.5
SWITCH_SECONDS = 2.0
# A frame is answered for a little later, which is what slows a page down that moves all the time. The browser drops
# frames while five are unanswered, so a longer pause would leave a page at rest with an old picture.
PACE_SECONDS = 0.1
QUALITY = 50
LONGER_SIDE = 640


class Frames(Protocol):
    """Who looks on. Both are called from the engine's thread and must not block."""

    def wanted(self) -> bool: ...

    def show(self, slot: int, title: str, jpeg: bytes) -> None: ...


@dataclass(eq=False)
class Shot:
    """One page in front of the camera; `title` says what is done there."""

    slot: int
    title: str
    page: Page
    running: bool = False


class Screencast:
    """Films the page that each slot is using. Costs one comparison every quarter of a second while nobody looks.

    A page that cannot be filmed, or is gone, is no error: whoever looks on sees no new picture.
    """

    def __init__(self, frames: Frames | None) -> None:
        self._frames = frames
        self._shots: dict[int, Shot] = {}
        self._shown_at: dict[int, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        if self._frames is not None:
            self._begin(self._look(self._frames))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._shots.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def follow(self, slot: int, title: str, page: Page | None) -> None:
        """From now on the slot shows this page, or goes on showing its last picture where there is none."""
        if self._frames is None or page is None:
            return
        shot = self._shots.get(slot)
        if shot is not None and shot.page is page:
            shot.title = title
            return
        self._shots[slot] = Shot(slot, title, page)
        # Short tests follow each other faster than anybody can look: the next round of `_look` is soon enough.
        if time.monotonic() - self._shown_at.get(slot, 0.0) >= ENOUGH_SECONDS:
            self._switch(self._shots[slot], self._frames)

    async def _look(self, frames: Frames) -> None:
        while True:
            for shot in list(self._shots.values()):
                self._switch(shot, frames)
            await asyncio.sleep(LOOK_SECONDS)

    def _switch(self, shot: Shot, frames: Frames) -> None:
        wanted = frames.wanted()
        if wanted == shot.running or shot.page.is_closed():
            return
        # Set before it has begun or ended: the next look, a quarter of a second later, would begin it again.
        shot.running = wanted
        self._begin(self._patiently(self._start(shot, frames) if wanted else shot.page.screencast.stop()))

    async def _start(self, shot: Shot, frames: Frames) -> None:
        async def on_frame(frame: Any) -> None:
            if self._shots.get(shot.slot) is shot:
                self._shown_at[shot.slot] = time.monotonic()
                frames.show(shot.slot, shot.title, frame["data"])
                await asyncio.sleep(PACE_SECONDS)

        size = {"width": LONGER_SIDE, "height": LONGER_SIDE}
        await shot.page.screencast.start(on_frame=on_frame, quality=QUALITY, size=size)  # type: ignore[arg-type]

    async def _patiently(self, switching: Coroutine[Any, Any, Any]) -> None:
        try:
            await asyncio.wait_for(switching, SWITCH_SECONDS)
        except (Error, TimeoutError) as error:
            log.debug("a page is not filmed: %s", error)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
