"""Lone stages of a crawl: one lease at a time carries them out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from runs import planning, states
from runs.engine.events import Log, Proposal
from runs.ledger import rows
from runs.ledger.cases import add_cases
from runs.ledger.leases import Hold, require_open, working
from runs.ledger.moving import advance, enter_stage
from runs.ledger.planned_results import exclusive
from runs.ledger.refusals import StaleLease
from runs.ledger.stage_counts import count, count_cases
from runs.ledger.story import Line, locked, tell
from runs.models import Lease, Result, Run


def take_stage(held: Hold, stage: str) -> bool:
    """Whether this lease may carry out a lone stage: the run is at it, and nobody else's open lease does."""
    with transaction.atomic():
        run = locked(held.run)
        if run.status != states.RUNNING or run.stage != stage:
            return False
        require_open(held)
        taken = run.stage_lease
        # The lease of a worker that died is closed, and holds the stage no more.
        if taken not in (None, held.lease) and Lease.objects.filter(pk=taken, state=states.OPEN).exists():
            return False
        run.stage_lease = held.lease
        run.save(update_fields=["stage_lease"])
        return True


def keep_plan(
    held: Hold,
    survey: dict[str, Any],
    works: Sequence[dict[str, Any]],
    counted: dict[str, int],
    logs: Iterable[Log] = (),
) -> None:
    """Plans what is tried and moves the crawl on to trying it, once. Raises StaleLease for a late writer."""
    with transaction.atomic():
        run = _at(held, states.PLAN)
        run.survey = rows.storable(survey)
        run.save(update_fields=["survey"])
        add_cases(run, works)
        count(run, states.PLAN, {**counted, "cases": run.cases.count()})
        counted_cases = count_cases(run)
        tell(run, [*_lines(logs), *counted_cases])
        # Where nothing is to be tried, or proved, the stage is over at once: `advance` sees that.
        enter_stage(run, states.OBSERVE)
        advance(run)


def keep_proposals(
    held: Hold, proposals: Sequence[Proposal], counted: dict[str, int] | None = None, logs: Iterable[Log] = ()
) -> None:
    """Plans a proof for each proposal and moves the crawl on to proving, once. Raises StaleLease for a late writer."""
    proofs = _proofs(Run.objects.select_related("project", "environment").get(pk=held.run), proposals)
    with transaction.atomic():
        run = _at(held, states.PROPOSE)
        rows.insert_new(proofs)
        replays = run.options.get("replays", 3)
        count(run, states.PROPOSE, {**(counted or {}), "proposed": len(proposals)})
        message = f"{len(proposals)} tests are proposed; each is replayed {replays} times."
        tell(run, _lines([*logs, Log("info", message)]))
        enter_stage(run, states.PROVE)
        advance(run)


def _proofs(run: Run, proposals: Sequence[Proposal]) -> list[Result]:
    """A result of the crawl for each proposal, shared out among its shards; not saved."""
    replays, most = run.options.get("replays", 3), run.options.get("max_breakages", 12)
    estimates = [planning.proof_estimate(proposal.document, replays, most) for proposal in proposals]
    taken = exclusive(run.project, run.environment, run.site["base_url"])
    accounts = [taken.get(proposal.document.get("auth") or "", "") for proposal in proposals]
    homes = planning.share(estimates, run.shards.count(), accounts)
    return [
        Result(
            run=run,
            position=position,
            home=homes[position],
            title=proposal.title[:300],
            document=rows.storable(proposal.document),
            proposal=rows.storable(proposal.model_dump(mode="json", exclude={"document"})),
            replays=replays,
            estimate_ms=estimates[position],
            account=accounts[position],
        )
        for position, proposal in enumerate(proposals)
    ]


def _at(held: Hold, stage: str) -> Run:
    """The run, locked, where this lease is the one that carries out its lone stage."""
    run = working(held)
    if run.stage != stage or run.stage_lease != held.lease:
        raise StaleLease
    return run


def _lines(logs: Iterable[Log]) -> list[Line]:
    return [("log", {"level": log.level, "message": log.message}) for log in logs]
