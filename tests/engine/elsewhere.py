"""Processes that offer browsers elsewhere: a Playwright server, and a browser with its debugging port open."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import playwright
import psutil

from runs.engine.browser.video import find_ffmpeg
from tests.held import PATIENCE
from tests.servers import free_port

DRIVER = Path(playwright.__file__).parent / "driver"


class Elsewhere:
    """A process that offers browsers at `address`, and can be killed and started again at the same place."""

    def __init__(self, command: list[str], port: int, address: str, environment: dict[str, str] | None = None) -> None:
        self.address = address
        self._command, self._port = command, port
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + PATIENCE
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            assert self._process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def kill(self) -> None:
        """The process and all that it started, as when its machine is lost."""
        self._send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(10)
        self._process = None

    def hang(self) -> None:
        """As when its machine stands still: connections stay open and nobody answers."""
        self._send(signal.SIGSTOP)

    def _send(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        family = psutil.Process(self._process.pid)
        # First whoever would tell of the others: a machine that is lost says nothing of it.
        for process in [family, *family.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)


def browsers_of_the_driver(directory: Path, program: str) -> dict[str, str]:
    """The browser and the ffmpeg of this machine where the driver looks for its own."""
    _lay(directory, "chromium-headless-shell", "chrome-headless-shell-linux64/chrome-headless-shell", program)
    ffmpeg = find_ffmpeg()
    if ffmpeg is not None:
        _lay(directory, "ffmpeg", "ffmpeg-linux", str(ffmpeg))
    return {"PLAYWRIGHT_BROWSERS_PATH": str(directory)}


def _lay(directory: Path, name: str, inside: str, program: str) -> None:
    known = json.loads((DRIVER / "package" / "browsers.json").read_text())["browsers"]
    revision = next(entry["revision"] for entry in known if entry["name"] == name)
    home = directory / f"{name.replace('-', '_')}-{revision}"
    (home / inside).parent.mkdir(parents=True)
    (home / inside).symlink_to(program)
    (home / "INSTALLATION_COMPLETE").touch()


def playwright_server(tmp_path: Path, program: str, **environment: str) -> Elsewhere:
    port = free_port()
    command = [str(DRIVER / "node"), str(DRIVER / "package" / "cli.js"), "run-server"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environment |= browsers_of_the_driver(tmp_path / "browsers", program)
    return Elsewhere(command, port, f"ws://127.0.0.1:{port}/", environment)


def debugging_port(tmp_path: Path, program: str) -> Elsewhere:
    port = free_port()
    command = [program, "--no-sandbox", f"--remote-debugging-port={port}", f"--user-data-dir={tmp_path / 'profile'}"]
    return Elsewhere(command, port, f"http://127.0.0.1:{port}")


Offer = Callable[[Path, str], Elsewhere]
