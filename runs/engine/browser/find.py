"""Which browser Sentri drives: the first of several places that holds one that starts."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runs.engine.browser.process_environment import plain

ROOT = Path(__file__).resolve().parents[3]
UNPACKED = "chromium-153.0.0"

# The headless shell first: full Chromium takes three to four times the processor (docs/operations.md).
PLAYWRIGHT_PATTERNS = (
    "chromium_headless_shell-*/*/chrome-headless-shell",
    "chromium_headless_shell-*/*/headless_shell",
    "chromium-*/*/chrome",
    "chromium-*/*/*.app/Contents/MacOS/*",
)
# Debian's /usr/bin/chromium is a script that complains before it starts the real program.
SYSTEM_PATHS = (
    "/usr/lib/chromium/chromium-headless-shell",
    "/usr/lib/chromium/chromium",
    "/opt/google/chrome/chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
SYSTEM_COMMANDS = ("chromium-headless-shell", "chromium", "google-chrome", "google-chrome-stable", "chrome")


class NoBrowser(Exception):
    """There is no browser to drive; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Executable:
    """A browser program on this machine. `env` is what must be added to the environment to start it."""

    path: Path
    origin: str
    version: str
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Screenshots of the two kinds differ, so a visual baseline belongs to one of them."""
        shell = self.origin == "unpacked" or "headless" in self.path.name
        return "headless-shell" if shell else "chromium"


Candidate = tuple[Path, Mapping[str, str]]


def find_browser(environ: Mapping[str, str] = os.environ, origins: Iterable[str] | None = None) -> Executable:
    for origin in FINDERS if origins is None else origins:
        for path, env in FINDERS[origin](environ):
            version = version_of(path, env)
            if version:
                return Executable(path, origin, version, env)
    raise NoBrowser(
        "No browser found: run `bin/serve` once with a network connection to install one,"
        " or set SENTRI_BROWSER_PATH to the program of an installed Chromium or Chrome."
    )


def version_of(path: Path, env: Mapping[str, str]) -> str:
    """What the browser answers to --version; nothing when it does not start on this machine."""
    try:
        answer = subprocess.run(
            [path, "--version"],
            env={**plain(), **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    words = answer.stdout.split() if answer.returncode == 0 else []
    return next((word for word in words if word[0].isdigit()), "")


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    return Path(environ.get("SENTRI_CACHE_DIR") or ROOT / ".cache")


def unpacked_environment(directory: Path) -> Mapping[str, str]:
    env = {"LD_LIBRARY_PATH": str(directory / "al2023" / "lib")}
    if not Path("/etc/fonts/fonts.conf").exists():
        env["FONTCONFIG_PATH"] = str(directory / "fonts")
    return env


def _configured(environ: Mapping[str, str]) -> Iterator[Candidate]:
    path = environ.get("SENTRI_BROWSER_PATH")
    if not path:
        return
    # Not passed over for another: whoever names a program would not learn that it is not the browser in use.
    if not version_of(Path(path), {}):
        raise NoBrowser(f"SENTRI_BROWSER_PATH is {path}, which does not start as a browser: correct or unset it.")
    yield Path(path), {}


def _playwright(environ: Mapping[str, str]) -> Iterator[Candidate]:
    home = Path(environ.get("HOME") or Path.home())
    usual = "Library/Caches/ms-playwright" if sys.platform == "darwin" else ".cache/ms-playwright"
    directory = Path(environ.get("PLAYWRIGHT_BROWSERS_PATH") or home / usual)
    for pattern in PLAYWRIGHT_PATTERNS:
        for path in sorted(directory.glob(pattern), reverse=True):
            yield path, {}


def _system(environ: Mapping[str, str]) -> Iterator[Candidate]:
    for path in SYSTEM_PATHS:
        if Path(path).is_file():
            yield Path(path), {}
    for command in SYSTEM_COMMANDS:
        found = shutil.which(command, path=environ.get("PATH"))
        if found:
            yield Path(found), {}


def _unpacked(environ: Mapping[str, str]) -> Iterator[Candidate]:
    directory = cache_directory(environ) / "browser" / UNPACKED
    if (directory / "chromium").is_file():
        yield directory / "chromium", unpacked_environment(directory)


FINDERS: dict[str, Callable[[Mapping[str, str]], Iterator[Candidate]]] = {
    "configured": _configured,
    "playwright": _playwright,
    "system": _system,
    "unpacked": _unpacked,
}
