"""The instance's secret key: from the environment, else made once and kept beside the data."""

from __future__ import annotations

import logging
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
OTHERS = stat.S_IRWXG | stat.S_IRWXO
PRIVATE = 0o600


def secret_key(given: str, data_dir: Path) -> str:
    """The given key, else the content of DATA_DIR/secret_key, made with mode 0600 where it is missing."""
    if given:
        return given
    path = data_dir / "secret_key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = data_dir / f"secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def keep_private(database: Mapping[str, Any], data_dir: Path) -> None:
    """Makes the files that nobody else may read so: the key, and on SQLite the database with what belongs to it.

    A database that is not there yet is made, empty, so that it never was readable; SQLite gives its log the same mode.
    """
    files = [data_dir / "secret_key"]
    if "sqlite3" in database["ENGINE"]:
        path = Path(str(database["NAME"]))
        if path.parent.is_dir() and not path.exists() and os.access(path.parent, os.W_OK):
            path.touch(mode=PRIVATE)
        files += [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    for file in files:
        _make_private(file)


def _make_private(file: Path) -> None:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & OTHERS:
            file.chmod(PRIVATE)
            log.warning("%s could be read by others (mode %o); its mode is %o now", file, mode, PRIVATE)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("%s can be read by others, and its mode cannot be changed: %s", file, error)
