"""Files that attempts leave behind: where they go, what they are, and what may not be read in them."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, quote_plus

from runs.engine.events import ArtifactFile

MASK = "•••"
SHORTEST = 3
Kind = Literal["screenshot", "before", "trace", "video"]
TYPES: dict[Kind, tuple[str, str]] = {
    "screenshot": ("screenshot.png", "image/png"),
    "before": ("before.png", "image/png"),
    "trace": ("trace.zip", "application/zip"),
    "video": ("video.webm", "video/webm"),
}
CLEAN = ".clean"
BINARY = (".jpeg", ".jpg", ".png", ".webp", ".gif", ".woff", ".woff2", ".ttf", ".zip")

# What Playwright's driver says when it, not Python, writes the file.
DRIVERS_WORD = re.compile(r"\b(ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EFBIG|EIO|ENOENT|ENOTDIR)\b")


def disk_problem(error: BaseException) -> str | None:
    """Why a file could not be written, where that is what an error is about."""
    if isinstance(error, OSError) and not isinstance(error, TimeoutError | ConnectionError):
        return error.strerror or str(error)
    word = DRIVERS_WORD.search(str(error))
    return os.strerror(getattr(errno, word[1])) if word else None


class Masking:
    """Hides secret values, also URL-encoded and JSON-escaped. Secrets under three characters cannot be hidden."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets: frozenset[str] = frozenset()
        self._shapes: tuple[str, ...] = ()
        self._bytes: tuple[bytes, ...] = ()
        self.hide(secrets)

    def hide(self, secrets: Iterable[str]) -> None:
        """Also these from now on."""
        found = self._secrets | {secret for secret in secrets if len(secret) >= SHORTEST}
        if found == self._secrets:
            return
        self._secrets = found
        shapes = {shape for secret in found for shape in _shapes(secret)}
        self._shapes = tuple(sorted(shapes, key=len, reverse=True))
        self._bytes = tuple(shape.encode() for shape in self._shapes)

    def text(self, text: str) -> str:
        for shape in self._shapes:
            text = text.replace(shape, MASK)
        return text

    def value(self, value: Any) -> Any:
        """The same for strings anywhere inside dicts, lists and tuples."""
        if not self._shapes:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.value(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.value(inner) for inner in value)
        return value

    def archive(self, path: Path) -> None:
        """Rewrite a zip archive without the secrets; pictures and fonts in it stay as they are."""
        if not self._shapes:
            return
        clean = path.with_suffix(CLEAN)
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(clean, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.infolist():
                content = old.read(entry)
                new.writestr(entry.filename, content if entry.filename.endswith(BINARY) else self._clean(content))
        shutil.move(clean, path)

    def _clean(self, content: bytes) -> bytes:
        for shape in self._bytes:
            content = content.replace(shape, MASK.encode())
        return content


def _shapes(secret: str) -> set[str]:
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), *escaped}


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
