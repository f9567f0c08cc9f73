"""Work in a process of its own that can be ended by force: how many calls it made, how much memory it took.

What is counted are Python's own calls and those of its C functions. A C function that runs away is not seen by
counting: the limit on processor time is for it, a net a hundred times wider than any reader needs.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CPU_SECONDS = 60
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Spent:
    calls: int
    megabytes: float
    result: str


class RanAway(AssertionError):
    """The work was ended by force, or broke."""


def spent(work: Callable[[], Any]) -> Spent:
    """Carry out `work`; raises `RanAway` where it neither returns nor raises one of our own errors."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _carry_out(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    if not said:
        raise RanAway(f"ended by force: wait status {status}")
    calls, peak, result, broke = said.decode("utf-8", "replace").split("\0", 3)
    if broke:
        raise RanAway(broke)
    return Spent(int(calls), int(peak) / MEGABYTE, result)


def _carry_out(work: Callable[[], Any], writing: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    calls, broke, result = 0, "", ""

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    tracemalloc.start()
    sys.setprofile(count)
    try:
        result = repr(work())[:2_000]
    except BaseException as error:  # noqa: BLE001 (the parent says what broke)
        broke = f"{type(error).__module__}.{type(error).__name__}: {str(error)[:500]}"
    finally:
        sys.setprofile(None)
    peak = tracemalloc.get_traced_memory()[1]
    said = "\0".join((str(calls), str(peak), result.replace("\0", ""), broke.replace("\0", "")))
    with contextlib.suppress(OSError):
        os.write(writing, said.encode("utf-8", "replace")[:60_000])
    os._exit(0)


def grows_with_its_input(work: Callable[[Any], Any], make: Callable[[int], Any], size: int) -> None:
    """Twice the input costs at most two and a half times the calls, and some that every input costs."""
    small, large = make(size), make(2 * size)
    first, second = spent(lambda: work(small)), spent(lambda: work(large))
    assert second.calls <= 2.5 * first.calls + 2_000, f"{first.calls} calls became {second.calls}"
    assert second.megabytes <= 2.5 * first.megabytes + 2, f"{first.megabytes} MB became {second.megabytes}"
