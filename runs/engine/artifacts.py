"""Files that attempts leave behind: where they go, and what they are."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Literal

from runs.engine.events import ArtifactFile

Kind = Literal["screenshot", "before", "trace", "video"]
TYPES: dict[Kind, tuple[str, str]] = {
    "screenshot": ("screenshot.png", "image/png"),
    "before": ("before.png", "image/png"),
    "trace": ("trace.zip", "application/zip"),
    "video": ("video.webm", "video/webm"),
}

# What Playwright's driver says when it, not Python, writes the file.
DRIVERS_WORD = re.compile(r"\b(ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EFBIG|EIO|ENOENT|ENOTDIR)\b")


def disk_problem(error: BaseException) -> str | None:
    """Why a file could not be written, where that is what an error is about."""
    # A TimeoutError and a ConnectionError are OSErrors as well, and say nothing about a disk.
    if isinstance(error, OSError) and not isinstance(error, TimeoutError | ConnectionError):
        return error.strerror or str(error)
    word = DRIVERS_WORD.search(str(error))
    return os.strerror(getattr(errno, word[1])) if word else None


def place(result: int, attempt: int, kind: Kind) -> Path:
    """Where a file of an attempt goes, below the plan's directory."""
    return Path(str(result), str(attempt), TYPES[kind][0])


def described(root: Path, path: Path, kind: Kind) -> ArtifactFile | None:
    """The file as attempts tell of it; nothing where it was not written."""
    if not path.exists():
        return None
    return ArtifactFile(
        kind=kind,
        path=path.relative_to(root).as_posix(),
        content_type=TYPES[kind][1],
        size=path.stat().st_size,
    )
