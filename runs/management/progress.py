"""How far a run is, told on a terminal as one bar, elsewhere as plain lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

LINE_EVERY_SECONDS = 5.0
GLYPHS = {"passed": "✓", "flaky": "≈", "failed": "✕", "skipped": "–"}  # noqa: RUF001 - the product's own glyphs


class PhaseProgress:
    """One phase being told. `follow` consumes a run's events and gives its `done` data."""

    def __init__(self, title: str, console: Console) -> None:
        self.title, self.console = title, console
        self.total, self.done, self.words = 0, 0, ""
        self._printed_at = time.monotonic()
        self._bar = (
            Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=28),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("[dim]{task.fields[words]}"),
                console=console,
                transient=True,
            )
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
            self._task = self._bar.add_task(self.title, total=None, words="")
        else:
            self.console.print(f"{self.title} …")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def follow(self, events: Iterable[dict[str, Any]]) -> dict[str, Any]:
        done: dict[str, Any] = {}
        for event in events:
            self._take(event["type"], event["data"])
            self._show()
            if event["type"] == "done":
                done = event["data"]
        return done

    def _take(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "queued":
            self.total = data["total"]
        elif kind == "page":
            self.done, self.total = data["done"], data["done"] + data["queued"]
            self.words = data["url"]
        elif kind == "case":
            self.done, self.total = data["done"] + data["failed"], data["total"]
        elif kind == "stage" and data["stage"] in STAGES:
            self.done, self.total, self.words = 0, data["results"]["total"], STAGES[data["stage"]]
        elif kind == "result":
            self.done += 1
            self.words = f"{GLYPHS.get(data['status'], '')} {data.get('title', '')}"
        elif kind in ("shard_lost", "shard_resumed"):
            self.words = WORKERS[kind].format(**data)
            self.console.print(f"  {self.words}")
        elif kind == "log" and data["level"] != "info":
            self.console.print(f"  {data['level']}: {data['message']}", markup=False)

    def _show(self) -> None:
        if self._bar:
            self._bar.update(self._task, completed=self.done, total=self.total or None, words=self.words[:60])
        elif time.monotonic() - self._printed_at >= LINE_EVERY_SECONDS:
            self._printed_at = time.monotonic()
            count = f"{self.done} of {self.total}  " if self.total else ""
            self.console.print(f"  {count}{self.words}", markup=False, highlight=False)


STAGES = {
    "plan": "looking round, planning what to try",
    "observe": "trying forms, buttons and links",
    "propose": "proposing tests",
    "prove": "replaying each proposal, also with the application broken",
    "score": "scoring what was proved",
}
WORKERS = {
    "shard_lost": "worker {worker} was lost; its work goes to another",
    "shard_resumed": "worker {worker} goes on with the work of a lost one",
}


def console(json_last: bool) -> Console:
    """Where words go: standard output, or standard error where standard output is for a machine."""
    return Console(file=sys.stderr if json_last else sys.stdout, soft_wrap=True)
