"""The only reader of runs for everything outside the ledger: rows → reports, plans, stories."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum
from pydantic import SecretStr

from projects import accounts
from projects.models import Environment, Project, Test
from projects.models.project import Reachable
from projects.models.public import number_of
from runs import insight, states, storage
from runs.engine.events import PageSnapshot
from runs.engine.plan import (
    ACCOUNT,
    VISITOR,
    CrawlOptions,
    CrawlPlan,
    Credentials,
    ProofPlan,
    RunOptions,
    Session,
    ShardPlan,
    Site,
)
from runs.insight import scene
from runs.models import Attempt, Case, Comparison, CrawlPage, Result, Run, RunEvent, TestHistory
from runs.report import (
    Cause,
    Counts,
    Diagnosis,
    FailedTest,
    GateOutcome,
    PageCounts,
    Past,
    RunReport,
    Vitals,
    VitalsOutcome,
    VitalsViolation,
)

FAILURES_READ = 20_000
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
    "template",
    "page_url",
)
FACTS_OF_AN_ATTEMPT = ("result", "failure", "requests", "console")


class SecretsMissing(Exception):
    """What held the run's secrets at queueing is gone or holds none any more."""


def counts(run_id: int) -> Counts:
    return Counts(**Result.objects.filter(run=run_id).tally())


def page_counts(run_id: int) -> PageCounts:
    return PageCounts(**CrawlPage.objects.filter(run=run_id).tally())


def counts_of(run_ids: Collection[int]) -> dict[int, Counts]:
    """Counts of many runs by one query."""
    return {run: Counts(**tally) for run, tally in _tallies(Result.objects, run_ids, states.RESULT_STATES).items()}


def page_counts_of(run_ids: Collection[int]) -> dict[int, PageCounts]:
    """Page counts of many runs by one query."""
    return {run: PageCounts(**tally) for run, tally in _tallies(CrawlPage.objects, run_ids, states.PAGE_STATES).items()}


def _tallies(rows: Any, run_ids: Collection[int], names: tuple[str, ...]) -> dict[int, dict[str, int]]:
    tallies = {run: dict.fromkeys((*names, "total"), 0) for run in run_ids}
    found = rows.filter(run__in=run_ids).order_by().values_list("run", "status").annotate(Count("pk"))
    for run, status, number in found:
        tallies[run][status] = number
        tallies[run]["total"] += number
    return tallies


def events(run_id: int, after: int = 0, limit: int = 500) -> list[dict[str, Any]]:
    """Lines of the story after a number, in order, `limit` at most: {"seq", "type", "at", "data"}."""
    rows = RunEvent.objects.filter(run=run_id, seq__gt=after).order_by("seq")[:limit]
    return [
        {
            "seq": row.seq,
            "type": row.type,
            "at": row.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "data": row.data,
        }
        for row in rows
    ]


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
    """Failed results with what their last attempts and their tests' histories say: three queries in all."""
    made = results.annotate(template=F("test__template"), page_url=F("test__page_url"))
    rows: list[Any] = list(made.values(*FACTS_OF_A_FAILURE))
    numbers = [row["pk"] for row in rows]
    mine = Attempt.objects.filter(result__in=numbers, lease=F("result__lease"))
    last = mine.filter(passed=False, number=F("result__attempt_count"))
    attempts: dict[int, Any] = {row["result"]: row for row in last.values(*FACTS_OF_AN_ATTEMPT)}
    tests = {row["test_id"] for row in rows if row["test_id"]}
    histories = _histories(run).filter(test__in=tests).values_list("test", "outcomes", "is_flaky")
    known = {test: (outcomes, is_flaky) for test, outcomes, is_flaky in histories} if tests else {}
    found = (_failed(run, row, attempts.get(row["pk"]), known.get(row["test_id"], UNKNOWN)) for row in rows)
    return tuple(replace(failure, diagnosis=insight.diagnose(failure, noise)) for failure in found)


def _histories(run: Run) -> QuerySet[TestHistory]:
    browser = run.options.get("browser", "chromium")
    return TestHistory.objects.filter(environment=run.environment_id, browser=browser)


def _failed(run: Run, row: dict[str, Any], attempt: dict[str, Any] | None, known: tuple[Any, bool]) -> FailedTest:
    seen = attempt or {"failure": None, "requests": (), "console": ()}
    failure = seen["failure"] or {}
    place = scene.of(row, failure.get("step"), seen["requests"])
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
        host=urlsplit(run.site["base_url"]).netloc,
        received=failure.get("received") or "",
        requests=scene.failed_requests(seen["requests"]),
        console=tuple(seen["console"]),
        past=tuple(Past(f"{Run.PREFIX}-{was['run']}", was["status"]) for was in outcomes if was["run"] < run.pk),
        is_flaky=is_flaky,
    )


def harmless(run: Run) -> frozenset[str]:
    """What goes wrong in tests that pass all the same, as far as the first of them show."""
    passed = Result.objects.filter(run=run, status=states.PASSED).values_list("pk", flat=True)[:PASSED_READ]
    quiet = Attempt.objects.filter(result__in=list(passed), passed=True).values_list("requests", "console")
    told = [insight.keys(scene.failed_requests(requests), console) for requests, console in quiet]
    return frozenset().union(*told)


def _found(run: Run, failures: Collection[FailedTest], noise: frozenset[str]) -> tuple[Cause, ...]:
    found = insight.causes(failures, noise) if run.kind == "test" else ()
    return insight.known(found, _earlier_signatures(run)) if found else ()


def _earlier_signatures(run: Run) -> list[tuple[str, list[str]]]:
    """The signatures of the causes of the runs before, newest first."""
    before = Run.objects.filter(project=run.project_id, pk__lt=run.pk, kind="test", status=states.COMPLETED)
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


def site(run: Run) -> Site:
    """The run's snapshot with its secrets. Raises SecretsMissing, projects.secrets.Unreadable."""
    kept = run.site
    holder = _holder(kept["secrets_of"]) if kept["secrets_of"] else None
    secrets = dict(holder.secrets) if holder else {}
    username, password = secrets.pop("username", None), secrets.pop("password", None)
    credentials = None
    if holder is not None and username is not None:
        credentials = Credentials(
            username=str(username),
            password=SecretStr(str(password or "")),
            fingerprint=accounts.fingerprint(holder.sealed, kept["access"], kept["base_url"]),
            **_known_access(kept["access"]),
        )
    return _with_profiles(
        run,
        Site(
            base_url=kept["base_url"],
            headers=kept["headers"],
            variables=kept["variables"],
            secrets={name: SecretStr(str(value)) for name, value in secrets.items()},
            credentials=credentials,
        ),
    )


def _with_profiles(run: Run, site: Site) -> Site:
    """The site with the project's other sign-ins, and with the sessions that were kept of them all."""
    found = accounts.sign_ins(run.project_id, site.base_url)
    profiles = {name: Credentials(**_known_access(fields)) for name, fields in found.items()}
    everybody = {**profiles, **({ACCOUNT: site.credentials} if site.credentials else {})}
    marks = {role: credentials.fingerprint for role, credentials in everybody.items() if credentials.kind == "form"}
    kept = accounts.kept_sessions(run.project_id, run.environment_id, marks)
    sessions = {role: Session.model_validate(session) for role, session in kept.items()}
    return site.model_copy(update={"profiles": profiles, "sessions": sessions})


def _known_access(access: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in access.items() if name in Credentials.model_fields and value}


def _holder(holder: str) -> Reachable:
    rows: dict[str, Any] = {Project.PREFIX: Project.objects.alive(), Environment.PREFIX: Environment.objects.all()}
    prefix = holder.partition("-")[0]
    row = rows[prefix].filter(pk=number_of(prefix, holder)).first()
    if row is None or not row.sealed:
        raise SecretsMissing(f"The credentials of {holder} that this run was queued with are gone; start a new run.")
    found: Reachable = row
    return found


def shard_plan(run: Run) -> ShardPlan:
    options = RunOptions.model_validate(run.options)
    return ShardPlan(
        site=site(run),
        options=options,
        artifacts=str(storage.directory(run.pk)),
        allow_private=settings.ENV.allow_private,
        vitals=options.vitals or bool(run.project.web_vitals_budgets),
    )


def proof_plan(run: Run) -> ProofPlan:
    """A crawl proves its proposals with its own browser options and no retries; failures leave their picture."""
    crawl = CrawlOptions.model_validate(run.options)
    shared = {"browser", "device", "locale", "timezone_id", "geolocation", "parallel"}
    return ProofPlan(
        site=site(run),
        options=RunOptions(**crawl.model_dump(include=shared), retries=0, trace="off", screenshot="on_failure"),
        artifacts=str(storage.directory(run.pk)),
        allow_private=settings.ENV.allow_private,
        read_only=crawl.read_only,
        max_breakages=crawl.max_breakages,
        requests_per_second=crawl.requests_per_second,
    )


def crawl_plan(run: Run) -> CrawlPlan:
    options = CrawlOptions.model_validate(run.options)
    return CrawlPlan(site=site(run), options=options, allow_private=settings.ENV.allow_private)


def snapshots(run_id: int, beat: Callable[[], object] = lambda: None) -> list[PageSnapshot]:
    """What the crawl saw by opening addresses, in the order in which pages were found.

    A page that several roles reached comes once, as who needs least sees it: a visitor, the project's own account.
    `beat` is called at each one, for thousands take seconds.
    """
    rows = CrawlPage.objects.filter(run=run_id, status=states.DONE, kind="link", snapshot__isnull=False)
    least: dict[str, CrawlPage] = {}
    for row in rows.order_by("depth", "pk"):
        known = least.setdefault(row.key, row)
        if _needs(row) < _needs(known):
            least[row.key] = row
    return [_snapshot(row, beat) for row in (*least.values(), *_states(run_id))]


def _states(run_id: int) -> list[CrawlPage]:
    """What pages lead to by actions and is no page of its own, without near duplicates."""
    rows = CrawlPage.objects.filter(run=run_id, status=states.DONE, same_as=None, snapshot__isnull=False)
    return [row for row in rows.exclude(kind="link").order_by("depth", "pk") if row.path]


def _snapshot(row: CrawlPage, beat: Callable[[], object]) -> PageSnapshot:
    beat()
    known: dict[str, Any] = row.snapshot or {}
    where = {"template": row.template or known.get("template", ""), "way": row.path, "action": row.action}
    return PageSnapshot.model_validate({**known, **where})


def _needs(page: CrawlPage) -> int:
    return {VISITOR: 0, "": 1, ACCOUNT: 1}.get(page.role, 2)


def observations(run_id: int) -> list[dict[str, Any]]:
    """What came of what was tried, in the order in which it was planned; what was not tried to its end is left out."""
    cases = Case.objects.filter(run=run_id, outcome__isnull=False).order_by("pk")
    return [outcome for outcome in cases.values_list("outcome", flat=True) if outcome is not None]


def changed_templates(run: Run) -> frozenset[str] | None:
    """Structures (`CrawlPage.template`) of pages that are new or otherwise since tests were proposed; None is all."""
    return Comparison.objects.changed_since_tested(run)


def known_tests(run: Run) -> list[tuple[int, str, dict[str, Any], str]]:
    """Number, title, document and signature of the project's living tests; what says no more is not proposed again."""
    tests = Test.objects.filter(project=run.project_id).alive().order_by("pk")
    return list(tests.values_list("pk", "title", "document", "signature"))


def known_signatures(run: Run) -> frozenset[str]:
    return Test.objects.filter(project=run.project_id).known_signatures()
