"""Tasks for the tests of the workers; each leaves a file."""

import os
import time
from pathlib import Path


def note(path: str) -> None:
    Path(path).write_text(str(os.getpid()))


def sleep(path: str, seconds: float) -> None:
    note(f"{path}.started")
    time.sleep(seconds)
    note(path)


def give_back(path: str) -> None:
    """Works until its cluster is asked to stop, as a shard does."""
    from runs import queue

    note(f"{path}.started")
    while not queue.stopping():
        time.sleep(0.05)
    note(path)


def spin(path: str) -> None:
    """Computes without end in C and keeps the interpreter's lock: no thread of this process goes on."""
    import re

    note(f"{path}.started")
    re.match("(a+)+$", "a" * 64 + "!")


def halt(path: str) -> None:
    """Stops as under a debugger."""
    import signal

    note(f"{path}.started")
    os.kill(os.getpid(), signal.SIGSTOP)


def spin_in_a_transaction(path: str) -> None:
    """Keeps SQLite's only write lock, and computes without end."""
    from django.db import transaction

    from runs.models import Meter

    with transaction.atomic():
        Meter.objects.create(name="locks everybody out")
        spin(path)


def spin_in_the_engine(path: str) -> None:
    """The browser's thread computes without end, in Python: all other threads go on."""
    from runs.drive import Loop

    async def computes() -> None:
        note(f"{path}.started")
        while True:
            pass

    Loop.current().run(computes())
