"""Videos of pages. The driver encodes them with ffmpeg, which it only looks for in its own folder."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from runs.engine.browser.find import cache_directory

NO_FFMPEG = (
    "Videos are not recorded: this worker has no ffmpeg. Install it, or set SENTRI_FFMPEG_PATH to its program, "
    "and start the worker again."
)
VARIABLE = "PLAYWRIGHT_BROWSERS_PATH"
NAMES = {"darwin": "ffmpeg-mac", "win32": "ffmpeg-win64.exe"}


def find_ffmpeg(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The one that is set, the system's, or that of the package imageio-ffmpeg."""
    configured = environ.get("SENTRI_FFMPEG_PATH")
    if configured:
        return Path(configured) if os.access(configured, os.X_OK) else None
    found = shutil.which("ffmpeg", path=environ.get("PATH"))
    if found:
        return Path(found)
    package = find_spec("imageio_ffmpeg")
    programs = Path(package.origin).with_name("binaries").glob("ffmpeg-*") if package and package.origin else ()
    return next(iter(programs), None)


def environment() -> dict[str, str] | None:
    """What a driver's environment must hold so that it finds an ffmpeg; None where there is none."""
    name = f"ffmpeg-{_revision()}"
    home = Path(os.environ.get(VARIABLE) or Path.home() / ".cache" / "ms-playwright")
    if (home / name).is_dir():
        return {}
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        return None
    directory = cache_directory() / "video"
    _link(directory / name / NAMES.get(sys.platform, "ffmpeg-linux"), ffmpeg.resolve())
    return {VARIABLE: str(directory)}


def _revision() -> str:
    """Of the ffmpeg that the installed driver asks for: a part of the name of its folder."""
    package = find_spec("playwright")
    if package is None or package.origin is None:
        return ""
    known = json.loads((Path(package.origin).parent / "driver/package/browsers.json").read_text("utf-8"))
    return str(next(entry["revision"] for entry in known["browsers"] if entry["name"] == "ffmpeg"))


def _link(place: Path, program: Path) -> None:
    if place.exists() and place.resolve() == program:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    fresh.symlink_to(program)
    fresh.replace(place)
