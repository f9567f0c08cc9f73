"""The shop as a process of its own, for as long as a `with` block lasts."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


class ShopDidNotStart(RuntimeError):
    pass


@contextmanager
def serve(port: int | None = None, defects: Iterable[str] = ()) -> Iterator[str]:
    """Yields the base URL once /api/health answers; without a port the system chooses a free one."""
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.site", "--port", str(port or 0)],
            cwd=REPOSITORY,
            env={**os.environ, "SITE_DEFECTS": ",".join(defects)},
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        try:
            yield _when_healthy(process, complaints)
        finally:
            _stop(process)


def _when_healthy(process: subprocess.Popen[str], complaints: IO[str]) -> str:
    assert process.stdout is not None
    base_url = process.stdout.readline().strip()
    deadline = time.monotonic() + PATIENCE
    while base_url and process.poll() is None:
        try:
            if httpx.get(f"{base_url}/api/health", timeout=1.0).is_success:
                return base_url
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise ShopDidNotStart(f"The demo shop at {base_url} did not answer within {PATIENCE:.0f} seconds.")
        time.sleep(0.05)
    raise ShopDidNotStart(f"The demo shop stopped with code {process.wait()}: {_last_line(complaints)}")


def _last_line(complaints: IO[str]) -> str:
    complaints.seek(0)
    lines = [line.strip() for line in complaints if line.strip()]
    return lines[-1] if lines else "it printed nothing."


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
