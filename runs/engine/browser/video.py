"""Videos of pages. The driver encodes them with ffmpeg, which it only looks for in its own folder."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from playwright.async_api import Browser as Chromium
from playwright.async_api import Error

from runs.engine.browser.contexts import close_later, opened
from runs.engine.browser.find import cache_directory

log = logging.getLogger(__name__)
NO_FFMPEG = (
    "Videos are not recorded: there is no ffmpeg. Install it where the workers run, or set SENTRI_FFMPEG_PATH to its "
    "program, and start them again; a Playwright server needs one of its own (playwright install ffmpeg)."
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
    try:
        _link(directory / name / NAMES.get(sys.platform, "ffmpeg-linux"), ffmpeg.resolve())
    except OSError as error:
        log.warning("Videos are not recorded: %s cannot be written (%s).", directory, error.strerror)
        return None
    return {VARIABLE: str(directory)}


async def proven(chromium: Chromium, directory: Path) -> bool:
    """Whether there is an ffmpeg for a browser elsewhere. Whose driver needs one only a page can tell."""
    context = await opened(chromium.new_context(record_video_dir=directory))
    try:
        await context.new_page()
    except Error as error:
        if "ffmpeg" not in error.message.lower():
            raise
        return False
    finally:
        close_later(context)
    return True


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
    # Several workers do this at once, and a driver may look for the link meanwhile: it is replaced, never removed.
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    fresh.symlink_to(program)
    fresh.replace(place)
