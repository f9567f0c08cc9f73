"""Queues runs: everything that a run needs is written in one transaction, or nothing is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from projects.accounts import unknown_roles
from projects.models import Environment, Project, Test
from runs import planning, queue, states
from runs.engine.plan import CrawlOptions, RunOptions
from runs.ledger import rows
from runs.ledger.entrusted import Uses, entrusted
from runs.ledger.moving import note
from runs.ledger.outbox import owe
from runs.ledger.planned_results import Ask, planned
from runs.ledger.refusals import Refused
from runs.ledger.story import tell
from runs.ledger.widening import width
from runs.models import CrawlPage, Result, Run, Shard


@dataclass(frozen=True)
class RunRequest:
    """Who asks for a run, of what, against which environment. `named` says that its tests were asked for one by one.

    `scope` says how the tests were chosen: `by` all, tags (and which `tags`), tests or failed. `site` is the snapshot
    of the run that is repeated, where that is used, and `versions` those of its tests by their numbers; `sentences`
    are for the story.
    """

    project: Project
    actor: Any
    actor_name: str
    trigger: str = "person"
    environment: Environment | None = None
    idempotency_key: str | None = None
    rerun_of: Run | None = None
    priority: int = 0
    named: bool = False
    callback_url: str = ""
    commit: Mapping[str, Any] = field(default_factory=dict)
    scope: Mapping[str, Any] = field(default_factory=dict)
    site: Mapping[str, Any] | None = None
    versions: Mapping[int, int] = field(default_factory=dict)
    sentences: Sequence[str] = ()


def open_test_run(request: RunRequest, options: RunOptions, tests: Sequence[Test]) -> Run:
    """A queued test run of these tests, its results planned.

    Raises Refused(no_tests, circular, dependency_missing, too_many_results, project_missing, secret_elsewhere).
    """
    if not tests:
        raise Refused("no_tests", "There is no approved test to run; approve some in the review queue first.")
    check_request(request)
    base_url = _known(request)["base_url"]
    ask = Ask(request.project, request.environment, options, tests, request.named, request.rerun_of, base_url)
    plan = planned(replace(ask, versions=request.versions))

    def fill(run: Run) -> dict[str, Any]:
        rows.insert_new(Result(run=run, position=at, **row) for at, row in enumerate(plan.rows))
        return {"total": len(plan.rows)} | ({"skipped": dict(plan.skipped)} if plan.skipped else {})

    uses = Uses.of_tests([test.document for test in plan.tests])
    filling = Filling(plan.shards, fill, uses, plan.impact, plan.scope, (*request.sentences, *plan.sentences))
    return _open(request, "test", options.model_dump(mode="json"), filling)


def open_crawl(request: RunRequest, options: CrawlOptions) -> Run:
    """A queued crawl whose frontier holds the site's first address, once for each role.

    Raises Refused(project_missing, unknown_role, secret_elsewhere).
    """
    roles = dict.fromkeys(options.roles or ("",))

    def fill(run: Run) -> dict[str, Any]:
        url = run.site["base_url"]
        CrawlPage.objects.bulk_create(
            CrawlPage(run=run, key=url, digest=digest_of(url, role), url=url, priority=-1, role=role) for role in roles
        )
        return {"total": 0, "pages": len(roles)}

    check_request(request)
    unknown = unknown_roles(request.project, options.roles)
    if unknown:
        raise Refused("unknown_role", unknown)
    uses = Uses.of_crawl(options.roles)
    return _open(request, "crawl", options.model_dump(mode="json"), Filling(width(options.model_dump()), fill, uses))


def unproved(run: Run) -> QuerySet[Result]:
    """Proposals that a crawl's time was over for, or that it was aborted before."""
    return run.results.filter(status=states.SKIPPED, skip_reason__in=("unproved", "aborted")).exclude(proposal=None)


def open_proofs(request: RunRequest, crawl: Run) -> Run:
    """A queued crawl that only proves what an ended one has left unproved and nobody has since.

    Raises Refused(run_not_over, nothing_to_prove, project_missing).
    """
    check_request(request)
    if not crawl.is_over:
        raise Refused("run_not_over", f"{crawl.public_id} is {crawl.status}; wait for its end, or abort it.")
    known = Test.objects.filter(project=request.project).known_signatures()
    under_way = Result.objects.filter(run__in=crawl.reruns.filter(status__in=states.LIVING)).exclude(proposal=None)
    taken = known | {str((result.proposal or {}).get("signature")) for result in under_way.only("proposal")}
    left = [
        result
        for result in unproved(crawl).order_by("position")
        if (result.proposal or {}).get("signature") not in taken
    ]
    if not left:
        raise Refused("nothing_to_prove", f"{crawl.public_id} has left nothing unproved, or it is being proved.")
    options = dict(crawl.options)
    shards = width(options)
    homes = planning.share([result.estimate_ms for result in left], shards, [result.account for result in left])

    def fill(run: Run) -> dict[str, Any]:
        rows.insert_new(
            [
                Result(
                    run=run,
                    position=position,
                    home=homes[position],
                    title=result.title,
                    document=result.document,
                    proposal=result.proposal,
                    replays=result.replays,
                    estimate_ms=result.estimate_ms,
                    account=result.account,
                )
                for position, result in enumerate(left)
            ]
        )
        run.pipeline = {states.PROPOSE: {"proposed": len(left)}}
        run.save(update_fields=["pipeline"])
        return {"total": len(left)}

    uses = Uses.of_tests([result.document or {} for result in left])
    return _open(request, "crawl", options, Filling(shards, fill, uses, stage=states.PROVE))


def digest_of(key: str, role: str = "") -> str:
    """What an address is known by in the frontier of a role."""
    return hashlib.sha256(f"{role}\n{key}".encode() if role else key.encode()).hexdigest()


def check_request(request: RunRequest) -> None:
    if request.project.deleted_at is not None:
        raise Refused("project_missing", f"{request.project.public_id} was deleted; restore it or use another project.")
    if request.environment is not None and request.environment.project_id != request.project.pk:
        raise Refused("environment_of_another_project", "The environment belongs to another project.")


@dataclass(frozen=True)
class Filling:
    """What a run gets besides its row: shards, and the rows that `fill` writes; it gives what to tell about them.

    `stage` is where it begins, if that is not the first one.
    """

    shards: int
    fill: Callable[[Run], dict[str, Any]]
    uses: Uses
    impact: dict[str, Any] | None = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    sentences: Sequence[str] = ()
    stage: str = ""


def _open(request: RunRequest, kind: str, options: dict[str, Any], filling: Filling) -> Run:
    try:
        with transaction.atomic():
            return _earlier(request) or _write(request, kind, options, filling)
    except IntegrityError:
        # Two requests with one key may look before either has written; the unique index stops one of them (R5).
        earlier = _earlier(request)
        if earlier is None:
            raise
        return earlier


def _earlier(request: RunRequest) -> Run | None:
    if not request.idempotency_key:
        return None
    return Run.objects.filter(project=request.project, idempotency_key=request.idempotency_key).first()


def _write(request: RunRequest, kind: str, options: dict[str, Any], filling: Filling) -> Run:
    # Nobody else sees this run before the commit, so that it is not locked.
    run = Run.objects.create(
        project=request.project,
        kind=kind,
        stage=filling.stage or states.STAGES[kind][0],
        options=options,
        environment=request.environment,
        site=snapshot(request, filling.uses),
        trigger=request.trigger,
        actor=request.actor,
        actor_name=request.actor_name,
        idempotency_key=request.idempotency_key or None,
        rerun_of=request.rerun_of,
        priority=request.priority,
        impact=filling.impact,
        scope={"by": "all", **request.scope, **filling.scope} if kind == "test" else {},
        # What earlier versions say is no news of the tests as they are.
        partial=filling.scope.get("tests", 0) < filling.scope.get("of", 0) or filling.scope.get("older", 0) > 0,
        callback_url=request.callback_url,
        commit=dict(request.commit),
    )
    now = timezone.now()
    made = Shard.objects.bulk_create([Shard(run=run, index=index, sent_at=now) for index in range(filling.shards)])
    counts = filling.fill(run)
    said = [("log", {"level": "info", "message": sentence}) for sentence in filling.sentences]
    tell(run, [("queued", {"kind": kind, "shards": filling.shards, **counts}), *said])
    note(run, f"{kind} run queued")
    owe(run)
    for shard in made:
        # In this transaction, where the queue lives in the same database: no run without its messages (R1).
        queue.send("shard", shard.pk)
    return run


def snapshot(request: RunRequest, uses: Uses) -> dict[str, Any]:
    """What is tested, as it is now or was in the run that is repeated, and the secrets that it may use today.

    Raises Refused(secret_elsewhere) where the run would send a secret to an origin that it was not entered for.
    """
    kept = _known(request)
    return {**kept, **entrusted(request.project, request.environment or request.project, kept["base_url"], uses)}


def _known(request: RunRequest) -> dict[str, Any]:
    return dict(request.site) if request.site is not None else today(request.project, request.environment)


def today(project: Project, environment: Environment | None) -> dict[str, Any]:
    """What is tested, as it is now; secrets stay where they are and are read at pick-up."""
    source = environment or project
    return {
        "base_url": environment.base_url if environment else project.url,
        "environment": environment.public_id if environment else None,
        "headers": source.headers,
        "variables": source.variables,
        "access": source.access,
        "secrets_of": source.public_id if source.sealed else None,
    }
