"""Where artifacts are: below a directory of this machine, or in a bucket to which workers carry what they wrote."""

from __future__ import annotations

import os
import secrets
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

from runs.storage.away import Away

if TYPE_CHECKING:
    from runs.storage.bucket import Bucket


def bucket() -> Bucket | None:
    """The object store in use; nothing where artifacts are plain files, and then no client is loaded either."""
    if isinstance(default_storage, FileSystemStorage):
        return None
    from runs.storage.bucket import Bucket

    return Bucket(default_storage)


def directory(run_id: int) -> Path:
    """Where this process writes the files of a run's attempts; it need not exist yet.

    Nobody else writes there, so a worker that lost its lease cannot touch the files of the one that followed it.
    """
    if isinstance(default_storage, FileSystemStorage):
        return Path(default_storage.path(name_of(run_id, writer())))
    return Path(tempfile.gettempdir()) / "sentri-artifacts" / str(run_id) / writer()


def writer() -> str:
    """The name of this process among those that write artifacts."""
    return _writer(os.getpid())


# By process, for a fork must not write where its parent does (decision 8).
@cache
def _writer(_pid: int) -> str:
    return secrets.token_hex(5)


def name_of(run_id: int, relative: str) -> str:
    """The name in the storage of a file of a run."""
    return f"runs/{run_id}/{relative}"


def content(name: str) -> bytes:
    """A stored file. Raises FileNotFoundError where it is gone, Away where the store cannot say."""
    remote = bucket()
    if remote is not None:
        return remote.content(name)
    with default_storage.open(name) as file:
        return bytes(file.read())


def look() -> None:
    """Raises Away, saying what to do, where artifacts cannot be stored."""
    remote = bucket()
    if remote is not None:
        remote.look()
        return
    place = Path(default_storage.path(""))
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Away("The directory of artifacts cannot be made: look at SENTRI_DATA_DIR and its rights.") from error
    if not os.access(place, os.W_OK):
        raise Away("The directory of artifacts cannot be written: give the server's user the right to.")


def prove() -> str:
    """Where artifacts are, after a small file was written, read back and deleted there. Raises Away."""
    look()
    remote = bucket()
    if remote is not None:
        return remote.prove(f"doctor/{writer()}")
    try:
        name = default_storage.save(f"doctor/{writer()}", ContentFile(b"well"))
        default_storage.delete(name)
    except OSError as error:
        raise Away(f"The directory of artifacts cannot be written: {error.strerror}.") from error
    return default_storage.path("")
