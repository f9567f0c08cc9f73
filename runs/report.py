"""What a run found, as frozen values that gates, notifiers, exporters, the API and pages consume."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Counts:
    """Results by state; passed + flaky + failed + skipped = total once a run is over."""

    pending: int = 0
    running: int = 0
    passed: int = 0
    flaky: int = 0
    failed: int = 0
    skipped: int = 0
    total: int = 0

    @property
    def executed(self) -> int:
        return self.passed + self.flaky + self.failed

    @property
    def resolved(self) -> int:
        return self.executed + self.skipped


@dataclass(frozen=True, slots=True)
class PageCounts:
    """Pages of a crawl by state."""

    pending: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class FailedTest:
    """One failed result in one line."""

    result: int
    test: str
    title: str
    error: str
    kind: str
    retries: int


@dataclass(frozen=True, slots=True)
class Cause:
    """Failed results that have one cause. `signature` is equal for equal causes in all runs of a project."""

    signature: str
    label: str
    kind: str
    place: str
    error: str
    results: tuple[int, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VitalsViolation:
    """One test whose pages were worse than a budget allows. Times in ms; CLS has no unit."""

    metric: str
    limit: float
    measured: float
    result: int
    test: str
    title: str
    path: str


@dataclass(frozen=True, slots=True)
class VitalsOutcome:
    """What web-vitals budgets said: how many results were measured, and what was over a limit."""

    passed: bool
    measured: int
    violations: tuple[VitalsViolation, ...] = ()


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """What one quality gate said: measured against the limit."""

    gate: str
    passed: bool
    limit: float
    measured: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdict and gates of a run."""

    verdict: str
    gates: tuple[GateOutcome, ...] = ()
    vitals: VitalsOutcome | None = None
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class RunReport:
    """All that is said about a run outside its own pages."""

    run: str
    project: str
    project_name: str
    kind: str
    status: str
    verdict: str
    stage: str
    base_url: str
    trigger: str
    actor: str
    counts: Counts
    pages: PageCounts
    error: str
    error_category: str
    retries: int
    failed_after_retry: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    gate_limits: dict[str, Any] = field(default_factory=dict)
    gates: tuple[GateOutcome, ...] = ()
    failures: tuple[FailedTest, ...] = ()
