"""Rounds in which the sides take turns, so that what else the machine does hits all alike, and the table of them."""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench.sides import Broken
from runs.engine.browser.find import NoBrowser, find_browser


@dataclass(frozen=True)
class Measured:
    """What one side took in one round: seconds by the clock, seconds of processors."""

    seconds: float
    effort: float


Side = Callable[[], Measured]
Taken = dict[str, list[Measured]]


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def in_turn(sides: Mapping[str, Side], rounds: int) -> Taken:
    """All sides once per round: forwards in one, backwards in the next."""
    taken: Taken = {name: [] for name in sides}
    for number in range(rounds):
        for name in sides if number % 2 == 0 else reversed(list(sides)):
            measured = sides[name]()
            taken[name].append(measured)
            say(f"round {number + 1} of {rounds}  {name:<28} {measured.seconds:7.2f} s")
    return taken


def tried(name: str, side: Side) -> float:
    """Seconds of one try, before the rounds."""
    seconds = side().seconds
    say(f"tried         {name:<28} {seconds:7.2f} s")
    return seconds


def ratio(taken: Taken, of: str, to: str) -> float:
    """The median over rounds of one side's seconds by the other's in the same round."""
    pairs = zip(taken[of], taken[to], strict=True)
    return round(median(mine.seconds / theirs.seconds for mine, theirs in pairs), 3)


def typical(measured: Sequence[Measured]) -> float:
    return median(one.seconds for one in measured)


def table(title: str, taken: Taken, pieces: int, unit: str, reference: str) -> Table:
    """A row per side; its ratio is that of its seconds to those of the reference in the same round, the median."""
    drawn = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in (
        "",
        "seconds, median",
        "least to most",
        f"{unit} per second",
        "processor s",
        "ratio",
    ):
        drawn.add_column(heading, justify="right" if heading else "left")
    for name, measured in taken.items():
        seconds = [one.seconds for one in measured]
        drawn.add_row(
            name,
            f"{median(seconds):.2f}",
            f"{min(seconds):.2f} to {max(seconds):.2f}",
            f"{pieces / median(seconds):.2f}",
            f"{median(one.effort for one in measured):.1f}",
            f"{ratio(taken, name, reference):.2f}",
        )
    return drawn


def show(drawn: Table, *notes: str) -> None:
    console = Console(width=120, highlight=False)
    console.print(drawn)
    for note in notes:
        console.print(note, markup=False)


def machine() -> str:
    browser = find_browser()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores{load}, Python {platform.python_version()}, "
        f"{browser.kind} {browser.version}"
    )


def reported(name: str, wanted: Any, measure: Callable[[Any], Mapping[str, Any]]) -> int:
    """Exit code of a bench: measured, with its last line where JSON is wanted, or why it could not be."""
    clean_up_when_asked_to_end()
    try:
        found = measure(wanted)
    except (Broken, NoBrowser) as problem:
        say(f"bench/{name}: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    if wanted.json:
        last_line(found)
    return 0


def clean_up_when_asked_to_end() -> None:
    """From now on SIGTERM ends this process as Ctrl+C does: what a bench has started and made goes with it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def last_line(found: Mapping[str, Any]) -> None:
    print(json.dumps(found), flush=True)
