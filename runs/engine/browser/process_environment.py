"""What the browser and its driver are told of this process's environment: where things lie, and nothing else.

Pages are strangers' programs; what breaks out of one finds neither Sentri's settings nor anybody's keys.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from playwright._impl import _transport as transport

# Paths, languages and further authorities. Nothing of these is a secret.
PASSED_ON = (
    *("PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "PLAYWRIGHT_BROWSERS_PATH"),
)
# Where Chromium looks for authorities that somebody added for themselves.
AUTHORITIES = ".pki"
LOOK_SECONDS = 0.02
# What answers to the driver's own requests bring is counted; it would keep them whole however large they get.
MOST_BYTES = 20_000_000
COUNTING = Path(__file__).with_name("driver.js")
# What it guards belongs to the process, where a lock of asyncio belongs to a loop.
_changing = threading.Lock()


def plain(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    return {name: text for name, text in environ.items() if name in PASSED_ON or name.startswith("LC_")}


def at_home(directory: Path) -> dict[str, str]:
    """The environment of programs whose home and temporary files are in `directory`."""
    added = Path.home() / AUTHORITIES
    if added.is_dir() and not (directory / AUTHORITIES).exists():
        (directory / AUTHORITIES).symlink_to(added)
    return {**plain(), "HOME": str(directory), "TMPDIR": str(directory)}


def bounds() -> dict[str, str]:
    """What makes a driver, of any machine, refuse answers to its own requests that are larger than `MOST_BYTES`."""
    return {
        # Node splits this at spaces, and takes what stands in double quotes as a whole.
        "NODE_OPTIONS": f"--require {json.dumps(str(COUNTING), ensure_ascii=False)}",
        "MOST_BYTES_OF_ANSWERS": str(MOST_BYTES),
    }


@contextlib.asynccontextmanager
async def given_to_driver(environment: Mapping[str, str]) -> AsyncIterator[None]:
    """A driver that is started meanwhile has this environment, and so has what it starts.

    Playwright copies that of this process, which is no part of its interface; one starts at a time.
    """
    while True:
        if _changing.acquire(blocking=False):
            break
        await asyncio.sleep(LOOK_SECONDS)
    inside: Any = transport
    usual = inside.get_driver_env
    # By these the driver knows which language and version drives it.
    own = {name: text for name, text in usual().items() if name.startswith("PW_")}
    inside.get_driver_env = lambda: {**own, **environment, **bounds()}
    try:
        yield
    finally:
        inside.get_driver_env = usual
        _changing.release()
