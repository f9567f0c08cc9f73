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
class FailedRequest:
    """A request that was answered with 400 or more, or not at all (`status` None, `failed` says why)."""

    method: str
    url: str
    status: int | None
    failed: str
    type: str = "fetch"


@dataclass(frozen=True, slots=True)
class Past:
    """How a test did in an earlier run."""

    run: str
    status: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What kind of failure it is, in plain words, and what the test's history says about it.

    `cause` says what explains it besides the failure's own message: "POST /cart/add answered 500"; "" where nothing
    does.
    `standing` is new, known, flaky or first (no history); `since` is the run with which the failures began, or, for a
    new one, the last run in which the test passed.
    """

    category: str
    words: str
    standing: str = "first"
    since: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class FailedTest:
    """One failed result, as its last attempt left it. `page` tells pages apart, `path` is what people call one."""

    result: int
    test: str
    title: str
    error: str
    kind: str
    retries: int
    step: str = ""
    target: str = ""
    page: str = ""
    path: str = ""
    host: str = ""
    received: str = ""
    requests: tuple[FailedRequest, ...] = ()
    console: tuple[str, ...] = ()
    past: tuple[Past, ...] = ()
    is_flaky: bool = False
    intermittent: tuple[str, ...] = ()
    """Kinds of failures that came and went before; an empty text stands for one whose kind is not known."""
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Failed results that have one cause. `signature` is equal for equal causes in all runs of a project.

    `size` counts the results; a stored cause names the first of them only. `since` is the first of the recent runs that
    had the cause, "" where this one is.
    """

    signature: str
    label: str
    kind: str
    place: str
    error: str
    results: tuple[int, ...]
    tests: tuple[str, ...]
    size: int = 0
    category: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class Vitals:
    """The web vitals of one result: by metric the worst value and the page where it was measured."""

    result: int
    test: str
    title: str
    worst: dict[str, tuple[float, str]]


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
    """What web-vitals budgets said: results measured, violations in all, and the worst of these."""

    passed: bool
    measured: int
    violations: tuple[VitalsViolation, ...] = ()
    over: int = 0


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
    """Verdict, gates, budgets and causes of a run."""

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
    skips: dict[str, int] = field(default_factory=dict)
    vitals_budgets: dict[str, Any] = field(default_factory=dict)
    measured: tuple[Vitals, ...] = ()
    vitals: VitalsOutcome | None = None
    causes: tuple[Cause, ...] = ()
    coverage: str = ""
    """How much a test run executes where that is not all, as in: 3 of 98 tests, by tag smoke. Else empty."""
