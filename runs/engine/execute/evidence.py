"""Files that an attempt leaves behind. One that cannot be had or written is missing, and costs nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from runs.engine.artifacts import Kind, described, disk_problem, place
from runs.engine.browser import NO_FFMPEG
from runs.engine.events import ArtifactFile, Event, Log
from runs.engine.execute.attempt_page import AttemptPage
from runs.engine.masking import Masking
from runs.engine.masking.archive import CLEAN, clean
from runs.engine.plan import ShardPlan

SECONDS: dict[Kind, int] = {"screenshot": 8, "before": 8, "trace": 30, "video": 15}


@dataclass
class EvidenceKeeper:
    """Keeps files of a shard's attempts; what stands in the way is told once."""

    plan: ShardPlan
    masking: Masking
    emit: Callable[[Event], None]
    warnings: set[str] = field(default_factory=set)

    async def screenshot(
        self, attempt_page: AttemptPage, result: int, attempt: int, kind: Literal["screenshot", "before"] = "screenshot"
    ) -> ArtifactFile | None:
        """What the page looks like; nothing when there is no page, or it cannot be pictured."""
        page = attempt_page.page
        if page is None or attempt_page.crashed or page.is_closed():
            return None

        async def picture(path: Path) -> None:
            await page.screenshot(path=path)

        return await self._file(kind, result, attempt, picture)

    async def trace(self, attempt_page: AttemptPage, result: int, attempt: int) -> ArtifactFile | None:
        """The recording as a file without secrets; nothing when there is none."""
        recorder = attempt_page.context or attempt_page.requests
        if not attempt_page.recording.traced or recorder is None:
            return None

        async def save(path: Path) -> None:
            await recorder.tracing.stop(path=path)
            await asyncio.to_thread(clean, path, self.masking)

        return await self._file("trace", result, attempt, save)

    async def video(self, attempt_page: AttemptPage, result: int, attempt: int) -> ArtifactFile | None:
        """The film of the page, for which its context is closed."""
        page, context = attempt_page.page, attempt_page.context
        if not attempt_page.recording.filmed or page is None or context is None:
            return None
        film = page.video
        if film is None:
            self._tell(NO_FFMPEG)
            return None

        async def save(path: Path) -> None:
            await context.close()
            # Through the driver, for a browser that runs elsewhere has its films there.
            await film.save_as(path)
            await film.delete()

        return await self._file("video", result, attempt, save)

    def _tell(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.add(sentence)
            self.emit(Log("warning", sentence))

    async def _file(
        self, kind: Kind, result: int, attempt: int, write: Callable[[Path], Awaitable[None]]
    ) -> ArtifactFile | None:
        """The written file; None where something went wrong, and nothing half written stays."""
        root = Path(self.plan.artifacts)
        path = root / place(result, attempt, kind)
        try:
            async with asyncio.timeout(SECONDS[kind]):
                await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
                await write(path)
                return await asyncio.to_thread(described, root, path, kind)
        except Exception as error:  # noqa: BLE001 - no file is worth a result
            reason = disk_problem(error)
            if reason is not None:
                self._tell(f"Files of attempts cannot be written ({reason}); results are kept without them.")
            for half in (path, path.with_suffix(CLEAN)):
                with contextlib.suppress(OSError):
                    await asyncio.to_thread(half.unlink, missing_ok=True)
        return None
