"""The only reader of runs for everything outside the ledger: rows → reports, plans, stories."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, Sum
from pydantic import SecretStr

from projects.models import Environment, Project, Test
from projects.models.public import number_of
from projects.secrets import Hidden
from runs import states, storage
from runs.engine.events import PageSnapshot
from runs.engine.plan import CrawlOptions, CrawlPlan, Credentials, RunOptions, ShardPlan, Site
from runs.models import CrawlPage, Result, Run, RunEvent
from runs.report import Counts, FailedTest, GateOutcome, PageCounts, RunReport

FAILURES_IN_A_REPORT = 500


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
    """The run as a frozen report."""
    results = Result.objects.filter(run=run)
    sums = results.aggregate(retries=Sum("retries"), after=Count("pk", filter=Q(failed_after_retry=True)))
    failed = results.filter(status=states.FAILED).select_related("test")[:FAILURES_IN_A_REPORT]
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
        failures=tuple(_failed(result) for result in failed),
    )


def _failed(result: Result) -> FailedTest:
    test = result.test.public_id if result.test else ""
    return FailedTest(result.pk, test, result.title, result.error, result.error_kind, result.retries)


def site(run: Run) -> Site:
    """The run's snapshot with its secrets. Raises SecretsMissing, projects.secrets.Unreadable."""
    kept = run.site
    secrets = dict(_secrets(kept["secrets_of"])) if kept["secrets_of"] else {}
    username, password = secrets.pop("username", None), secrets.pop("password", None)
    credentials = None
    if username is not None:
        credentials = Credentials(
            username=str(username), password=SecretStr(str(password or "")), **_known_access(kept["access"])
        )
    return Site(
        base_url=kept["base_url"],
        headers=kept["headers"],
        variables=kept["variables"],
        secrets={name: SecretStr(str(value)) for name, value in secrets.items()},
        credentials=credentials,
    )


def _known_access(access: dict[str, Any]) -> dict[str, Any]:
    fields = Credentials.model_fields.keys() - {"username", "password"}
    return {name: value for name, value in access.items() if name in fields and value}


def _secrets(holder: str) -> dict[str, Hidden]:
    rows: dict[str, Any] = {Project.PREFIX: Project.objects.alive(), Environment.PREFIX: Environment.objects.all()}
    prefix = holder.partition("-")[0]
    row = rows[prefix].filter(pk=number_of(prefix, holder)).first()
    if row is None or not row.sealed:
        raise SecretsMissing(f"The credentials of {holder} that this run was queued with are gone; start a new run.")
    found: dict[str, Hidden] = row.secrets
    return found


def shard_plan(run: Run) -> ShardPlan:
    options = _run_options(run)
    return ShardPlan(
        site=site(run),
        options=options,
        artifacts=str(storage.directory(run.pk)),
        allow_private=settings.ENV.allow_private,
        vitals=options.vitals or (run.kind == "test" and bool(run.project.web_vitals_budgets)),
    )


def _run_options(run: Run) -> RunOptions:
    """A crawl proves its proposals with its own browser options and no retries; each replay leaves its picture."""
    if run.kind == "test":
        return RunOptions.model_validate(run.options)
    crawl = CrawlOptions.model_validate(run.options)
    shared = {"browser", "device", "locale", "timezone_id", "geolocation", "parallel"}
    return RunOptions(**crawl.model_dump(include=shared), retries=0, trace="off", screenshot="on")


def crawl_plan(run: Run) -> CrawlPlan:
    return CrawlPlan(
        site=site(run), options=CrawlOptions.model_validate(run.options), allow_private=settings.ENV.allow_private
    )


def snapshots(run_id: int) -> list[PageSnapshot]:
    """What the crawl saw, in the order in which pages were found."""
    rows = CrawlPage.objects.filter(run=run_id, status=states.DONE).order_by("depth", "pk")
    return [PageSnapshot.model_validate(row.snapshot) for row in rows if row.snapshot]


def known_signatures(run: Run) -> frozenset[str]:
    """Signatures of the project's living tests; they are not proposed again."""
    tests = Test.objects.filter(project=run.project_id).alive().exclude(signature="")
    return frozenset(tests.values_list("signature", flat=True))
