"""What an exporter is: a run's report and its results, as a file for other programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runs.report import RunReport


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One result of a run in one line."""

    test: str
    title: str
    status: str
    skip_reason: str
    error: str
    error_kind: str
    attempts: int
    duration_ms: int | None


Write = Callable[[RunReport, Sequence[ResultLine]], str]


@dataclass(frozen=True, slots=True)
class Exporter:
    """`write(report, lines)` gives the file's text."""

    name: str
    content_type: str
    suffix: str
    write: Write
