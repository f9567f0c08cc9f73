"""What came of runs: reports, failures, their causes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Count, F, Q, QuerySet, Sum

from projects.models import Test, TestVersion
from runs import insight, states
from runs.insight import failure_context
from runs.models import Attempt, Result, Run, TestHistory
from runs.reading.covering import coverage
from runs.reading.run_progress import counts, page_counts
from runs.report import (
    Cause,
    Diagnosis,
    FailedTest,
    GateOutcome,
    Past,
    RunReport,
    Vitals,
    VitalsOutcome,
    VitalsViolation,
)

FAILURES_READ = 20_000
# As long as a run goes on, each further failure has them read anew.
FAILURES_FORMING = 500
PASSED_READ = 100
RUNS_REMEMBERED = 50
UNKNOWN: tuple[tuple[()], bool] = ((), False)
FACTS_OF_A_FAILURE = (
    "pk",
    "test_id",
    "title",
    "error",
    "error_kind",
    "retries",
    "document",
    "version",
    "template",
    "page_url",
)
FACTS_OF_AN_ATTEMPT = ("result", "failure", "requests", "console")


def report(run: Run) -> RunReport:
    """The run as a frozen report. What was judged at its end is read back; until then causes are those so far."""
    results = Result.objects.filter(run=run)
    sums = results.aggregate(retries=Sum("retries"), after=Count("pk", filter=Q(failed_after_retry=True)))
    skips = results.filter(status=states.SKIPPED).order_by().values_list("skip_reason").annotate(Count("pk"))
    noise = harmless(run)
    failures = failed_tests(run, results.filter(status=states.FAILED)[:FAILURES_READ], noise)
    return RunReport(
        run=run.public_id,
        project=run.project.public_id,
        project_name=run.project.name,
        kind=run.kind,
        status=run.status,
        verdict=run.verdict,
        stage=run.stage,
        base_url=run.site["base_url"],
        trigger=run.trigger,
        actor=run.actor_name,
        counts=counts(run.pk),
        pages=page_counts(run.pk),
        error=run.error,
        error_category=run.error_category,
        retries=sums["retries"] or 0,
        failed_after_retry=sums["after"] or 0,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        duration_ms=run.duration_ms,
        gate_limits=run.project.quality_gates,
        gates=tuple(GateOutcome(**rule) for rule in (run.gate_result or {}).get("rules", ())),
        failures=failures,
        skips=dict(skips),
        vitals_budgets=run.project.web_vitals_budgets,
        measured=_measured(run),
        vitals=_vitals(run.vitals_result),
        causes=_stored(run) or _found(run, failures, noise),
        coverage=coverage(run),
    )


def causes(run: Run) -> tuple[Cause, ...]:
    """The causes of a run's failures: those that were judged, else those of the first failures so far."""
    stored = _stored(run)
    if stored or run.kind != "test":
        return stored
    noise = harmless(run)
    failed = Result.objects.filter(run=run, status=states.FAILED)
    return _found(run, failed_tests(run, failed[:FAILURES_FORMING], noise), noise)


def diagnosis(result: Result) -> Diagnosis | None:
    """What kind of failure a result is, None for one that did not fail."""
    if result.status != states.FAILED:
        return None
    failed = Result.objects.filter(pk=result.pk)
    return failed_tests(result.run, failed, harmless(result.run))[0].diagnosis


def history(result: Result) -> TestHistory | None:
    """What ended runs taught about the result's test, in the run's environment and browser."""
    return _histories(result.run).filter(test=result.test_id).first() if result.test_id else None


def failed_tests(run: Run, results: QuerySet[Result], noise: frozenset[str]) -> tuple[FailedTest, ...]:
    """Failed results with what their versions, last attempts and tests' histories say: a few queries in all."""
    made = results.annotate(template=F("test__template"), page_url=F("test__page_url"))
    rows: list[Any] = list(made.values(*FACTS_OF_A_FAILURE))
    _add_documents(rows)
    numbers = [row["pk"] for row in rows]
    # Two leases may have executed a result; only what its own lease has recorded decided it (decision 12).
    mine = Attempt.objects.filter(result__in=numbers, lease=F("result__lease"))
    last = mine.filter(passed=False, number=F("result__attempt_count"))
    attempts: dict[int, Any] = {row["result"]: row for row in last.values(*FACTS_OF_AN_ATTEMPT)}
    tests = {row["test_id"] for row in rows if row["test_id"]}
    histories = _histories(run).filter(test__in=tests).values_list("test", "outcomes", "is_flaky")
    known = {test: (outcomes, is_flaky) for test, outcomes, is_flaky in histories} if tests else {}
    found = (_failed(run, row, attempts.get(row["pk"]), known.get(row["test_id"], UNKNOWN)) for row in rows)
    return tuple(replace(failure, diagnosis=insight.diagnose(failure, noise)) for failure in found)


def document(result: Result) -> dict[str, Any]:
    """What a result was, or will be, executed by, without the test's other rows of data; empty where that is gone."""
    rows: list[Any] = [{"document": result.document, "test_id": result.test_id, "version": result.version}]
    _add_documents(rows)
    found: dict[str, Any] = rows[0]["document"]
    return found


def _add_documents(rows: Sequence[dict[str, Any]]) -> None:
    """Puts into rows without a document that of their test's version."""
    places = {(row["test_id"], row["version"]) for row in rows if row["document"] is None and row["test_id"]}
    bodies = TestVersion.objects.bodies(places) if places else {}
    for row in rows:
        # Only what is being proved has a document of its own; the others refer to a version, which never changes.
        if row["document"] is None:
            row["document"] = bodies.get((row["test_id"], row["version"]), {})


def _histories(run: Run) -> QuerySet[TestHistory]:
    browser = run.options.get("browser", "chromium")
    return TestHistory.objects.filter(environment=run.environment_id, browser=browser)


def _failed(run: Run, row: dict[str, Any], attempt: dict[str, Any] | None, known: tuple[Any, bool]) -> FailedTest:
    seen = attempt or {"failure": None, "requests": (), "console": ()}
    failure = seen["failure"] or {}
    place = failure_context.context_of(row, failure.get("step"), seen["requests"])
    outcomes, is_flaky = known
    return FailedTest(
        result=row["pk"],
        test=f"{Test.PREFIX}-{row['test_id']}" if row["test_id"] else "",
        title=row["title"],
        error=row["error"],
        kind=row["error_kind"],
        retries=row["retries"],
        step=place.step,
        target=place.target,
        page=place.page,
        path=place.path,
        host=urlsplit(run.site["base_url"]).netloc,
        received=failure.get("received") or "",
        requests=failure_context.failed_requests(seen["requests"]),
        console=tuple(seen["console"]),
        # What runs after this one did is no past of it.
        past=tuple(Past(f"{Run.PREFIX}-{was['run']}", was["status"]) for was in outcomes if was["run"] < run.pk),
        is_flaky=is_flaky,
        intermittent=tuple(sorted(insight.flakiness(outcomes).kinds)) if is_flaky else (),
    )


def harmless(run: Run) -> frozenset[str]:
    """What goes wrong in tests that pass all the same, as far as the first of them show."""
    passed = Result.objects.filter(run=run, status=states.PASSED).values_list("pk", flat=True)[:PASSED_READ]
    quiet = Attempt.objects.filter(result__in=list(passed), passed=True).values_list("requests", "console")
    keys = [insight.keys(failure_context.failed_requests(requests), console) for requests, console in quiet]
    return frozenset().union(*keys)


def _found(run: Run, failures: Collection[FailedTest], noise: frozenset[str]) -> tuple[Cause, ...]:
    found = insight.causes(failures, noise) if run.kind == "test" else ()
    return insight.known(found, _earlier_signatures(run)) if found else ()


def _earlier_signatures(run: Run) -> list[tuple[str, list[str]]]:
    """The signatures of the causes of the runs before, newest first."""
    before = Run.objects.counted().filter(project=run.project_id, pk__lt=run.pk, kind="test", status=states.COMPLETED)
    rows = before.order_by("-pk").values_list("pk", "causes")[:RUNS_REMEMBERED]
    return [(f"{Run.PREFIX}-{number}", [cause["signature"] for cause in causes]) for number, causes in rows]


def _stored(run: Run) -> tuple[Cause, ...]:
    lists = ("results", "tests")
    return tuple(Cause(**cause | {name: tuple(cause[name]) for name in lists}) for cause in run.causes)


def _measured(run: Run) -> tuple[Vitals, ...]:
    """What budgets are weighed against; nothing where there are none, or the run has ended."""
    if not run.project.web_vitals_budgets or run.kind != "test" or run.is_over:
        return ()
    rows = Result.objects.filter(run=run, status__in=states.EXECUTED, vitals__isnull=False).order_by("position")
    executed: Iterable[Any] = rows.values_list("pk", "test_id", "title", "vitals")
    return tuple(
        Vitals(
            number,
            f"{Test.PREFIX}-{test}" if test else "",
            title,
            {metric: (worst["value"], worst["path"]) for metric, worst in vitals.items() if worst},
        )
        for number, test, title, vitals in executed
    )


def _vitals(stored: dict[str, Any] | None) -> VitalsOutcome | None:
    if stored is None:
        return None
    violations = tuple(VitalsViolation(**violation) for violation in stored["violations"])
    return VitalsOutcome(**stored | {"violations": violations})
