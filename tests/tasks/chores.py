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
