"""Delays of single moments over many rounds, and the table of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from statistics import median

from rich import box
from rich.table import Table

from bench import rounds


def arguments(prog: str, about: str | None, most: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=about)
    parser.add_argument("--rounds", type=int, default=most, help="how often it is measured (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    return parser


def measured(number: int, once: Callable[[int], float]) -> list[float]:
    """Seconds of each round, told as they come."""
    found = []
    for turn in range(number):
        found.append(once(turn))
        rounds.say(f"round {turn + 1} of {number}  {found[-1]:6.2f} s")
    return found


def worst_but(percent: float, seconds: Sequence[float]) -> float:
    """The percentile, as the smallest value that so many do not exceed."""
    return sorted(seconds)[max(0, ceil(len(seconds) * percent / 100) - 1)]


def summary(seconds: Sequence[float]) -> dict[str, float]:
    found = {"p50": median(seconds), "p95": worst_but(95, seconds), "max": max(seconds)}
    return {name: round(value, 3) for name, value in found.items()}


def table(title: str, rows: Mapping[str, Sequence[float]], aim: float) -> Table:
    drawn = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in ("", "rounds", "p50", "p95", "max", "aim"):
        drawn.add_column(heading, justify="right" if heading else "left")
    for name, seconds in rows.items():
        found = summary(seconds)
        drawn.add_row(
            name, str(len(seconds)), *(f"{found[part]:.2f} s" for part in ("p50", "p95", "max")), f"{aim:g} s at most"
        )
    return drawn
