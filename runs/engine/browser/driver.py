"""What a driver writes to its standard error becomes records of our log: in a log of JSON every line is JSON.

A driver says little there, and all at once: the trace of its own crash, or a warning of Node's.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from multiprocessing.connection import wait
from typing import Any

from playwright._impl import _transport as transport

log = logging.getLogger(__name__)
# What comes within this time of each other is one record, of so many bytes at most.
PAUSE_SECONDS = 0.2
MOST_BYTES = 4_000


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """What the driver that is started meanwhile writes to its standard error is logged.

    Playwright gives it that of this process, which is no part of its interface; one starts at a time.
    """
    inside: Any = transport
    usual = inside._get_stderr_fileno
    reading, writing = os.pipe()
    threading.Thread(target=_log_all, args=(reading,), name="driver", daemon=True).start()
    inside._get_stderr_fileno = lambda: writing
    try:
        yield
    finally:
        inside._get_stderr_fileno = usual
        # The driver has a copy by now. As long as this process has another, the reader sees no end.
        os.close(writing)


def _log_all(reading: int) -> None:
    """Until the driver has ended, and with it all that shares its standard error."""
    with open(reading, "rb", buffering=0) as pipe:
        while said := pipe.read(MOST_BYTES):
            while wait([reading], PAUSE_SECONDS) and (more := pipe.read(MOST_BYTES)):
                said = (said + more)[:MOST_BYTES]
            if text := said.decode(errors="replace").strip():
                log.warning("The browser's driver said: %s", text)
