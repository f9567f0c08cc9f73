"""Carries files of ended attempts into the storage before the attempts are recorded; no result is lost for a file."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage

from runs.engine.events import ArtifactFile, AttemptEnded, Event, Log
from runs.storage.away import Away
from runs.storage.places import bucket, directory, name_of, writer

if TYPE_CHECKING:
    from runs.storage.bucket import Bucket

log = logging.getLogger(__name__)
HANDS = 4
LOOK_UP_SECONDS = 0.5
UPLOAD_SECONDS = 30.0
# For so long no attempt waits for a store that was away a moment ago.
AWAY_SECONDS = 15.0
SLOW = "The object store was too slow."
UNREADABLE = "The file that the browser wrote cannot be read."


def keep(run_id: int, events: Sequence[Event], meanwhile: Callable[[], object]) -> Sequence[Event]:
    """The events as they are to be recorded: paths are names below the run, what could not be stored is left out.

    `meanwhile` is called about twice a second while files are on their way, and may raise to stop. To be called
    outside of any transaction.
    """
    wanted = [file for event in events if isinstance(event, AttemptEnded) for file in event.artifacts]
    remote = bucket() if wanted else None
    lost = _carriage(os.getpid()).carry(remote, run_id, wanted, meanwhile) if remote else {}
    return [kept for event in events for kept in _with_stored_files(run_id, event, lost)] if wanted else events


def drop(run_id: int, events: Iterable[Event]) -> None:
    """Removes the files of attempts that `keep` stored and nobody recorded; one that cannot be removed stays."""
    for event in events:
        for file in event.artifacts if isinstance(event, AttemptEnded) else ():
            try:
                default_storage.delete(name_of(run_id, file.path))
            except Exception as error:  # noqa: BLE001 - each store raises errors of its own, and none matters here
                log.warning("%s is of no use, and could not be removed: %s", file.path, error)


def leave(run_id: int) -> None:
    """Removes what attempts of this process that were never told about wrote for a store elsewhere."""
    if bucket() is not None:
        shutil.rmtree(directory(run_id), ignore_errors=True)


def _with_stored_files(run_id: int, event: Event, lost: dict[str, str]) -> Iterator[Event]:
    """The event with what was stored of its files, after a warning about the others, told once in a while."""
    if not isinstance(event, AttemptEnded) or not event.artifacts:
        yield event
        return
    missing = [file for file in event.artifacts if file.path in lost]
    if missing and _carriage(os.getpid()).outage.is_news(run_id):
        kinds = " and ".join(file.kind for file in missing)
        yield Log(
            "warning",
            f"The {kinds} of result {event.result} could not be stored, and the result is kept without: "
            f"{lost[missing[0].path]} Files are left out until they can be stored again.",
        )
    stored = (file for file in event.artifacts if file.path not in lost)
    yield replace(event, artifacts=tuple(file.model_copy(update={"path": _below(file)}) for file in stored))


def _below(file: ArtifactFile) -> str:
    return f"{writer()}/{file.path}"


@dataclass
class Outage:
    """From the first file that could not be stored to the next one that could."""

    again_at: float = 0.0
    reason: str = ""
    warned: set[int] = field(default_factory=set)

    def begin(self, reason: str) -> None:
        self.reason, self.again_at = reason, time.monotonic() + AWAY_SECONDS

    def end(self) -> None:
        self.reason, self.again_at = "", 0.0
        self.warned.clear()

    def lasts(self) -> bool:
        return time.monotonic() < self.again_at

    def is_news(self, run_id: int) -> bool:
        news = run_id not in self.warned
        self.warned.add(run_id)
        return news


class Carriage:
    """This process's way to the object store: a few threads, and what is known about an outage."""

    def __init__(self) -> None:
        self.outage = Outage()
        self._hands = ThreadPoolExecutor(HANDS, thread_name_prefix="artifacts")

    def carry(
        self, remote: Bucket, run_id: int, files: Sequence[ArtifactFile], meanwhile: Callable[[], object]
    ) -> dict[str, str]:
        """Uploads files and removes the local ones. Returns the reason for each that was left out."""
        root = directory(run_id)
        if self.outage.lasts():
            for file in files:
                _remove(root / file.path, root)
            return {file.path: self.outage.reason for file in files}
        # Made here, for the store makes a client for each thread that asks; this client serves all of them.
        client = remote.client

        def upload(file: ArtifactFile) -> str:
            path = root / file.path
            try:
                remote.upload(client, path, name_of(run_id, _below(file)), file.content_type)
            except Away as away:
                log.warning("%s was not stored: %s (%s)", path, away, away.__cause__)
                return str(away)
            except OSError as error:
                log.warning("%s was not stored: %s", path, error)
                return UNREADABLE
            finally:
                _remove(path, root)
            return ""

        going = {file.path: self._hands.submit(upload, file) for file in files}
        return self._outcome(going, meanwhile)

    def _outcome(self, going: dict[str, Future[str]], meanwhile: Callable[[], object]) -> dict[str, str]:
        deadline = time.monotonic() + UPLOAD_SECONDS
        try:
            while wait(going.values(), LOOK_UP_SECONDS).not_done and time.monotonic() < deadline:
                meanwhile()
        finally:
            # Also where `meanwhile` raises, as when the lease is lost: what has not begun is not uploaded (R9).
            for upload in going.values():
                upload.cancel()
        said = {path: upload.result() if _arrived(upload) else SLOW for path, upload in going.items()}
        lost = {path: reason for path, reason in said.items() if reason}
        # A file that cannot be read says nothing about the store.
        unwell = [reason for reason in lost.values() if reason != UNREADABLE]
        if unwell:
            self.outage.begin(unwell[0])
        elif len(lost) < len(said):
            self.outage.end()
        return lost


def _arrived(upload: Future[str]) -> bool:
    return upload.done() and not upload.cancelled()


# By process, for threads do not outlive a fork.
@cache
def _carriage(_pid: int) -> Carriage:
    return Carriage()


def _remove(path: Path, root: Path) -> None:
    """The file, and the directories of its attempt and its result where it leaves them empty."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        for parent in path.parents:
            if parent == root:
                break
            parent.rmdir()
