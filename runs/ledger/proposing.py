"""Lone stages of a crawl: one lease at a time carries them out."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from runs import planning, states
from runs.engine.events import Proposal
from runs.ledger import rows
from runs.ledger.holding import Hold, require_open
from runs.ledger.moving import advance, enter_stage
from runs.ledger.refusals import Stale
from runs.ledger.story import locked, tell
from runs.models import Lease, Result


def take_stage(held: Hold, stage: str) -> bool:
    """Whether this lease may carry out a lone stage: the run is at it, and nobody else's open lease does."""
    with transaction.atomic():
        run = locked(held.run)
        if run.status != states.RUNNING or run.stage != stage:
            return False
        require_open(held)
        taken = run.stage_lease
        if taken not in (None, held.lease) and Lease.objects.filter(pk=taken, state=states.OPEN).exists():
            return False
        run.stage_lease = held.lease
        run.save(update_fields=["stage_lease"])
        return True


def keep_proposals(held: Hold, proposals: Sequence[Proposal]) -> None:
    """Plans a proof for each proposal and moves the crawl on to proving, once. Raises Stale for a late writer."""
    with transaction.atomic():
        run = locked(held.run)
        if run.status != states.RUNNING or run.stage != states.PROPOSE or run.stage_lease != held.lease:
            raise Stale
        require_open(held)
        replays = run.options.get("replays", 3)
        most = run.options.get("max_breakages", 12)
        estimates = [planning.proof_estimate(proposal.document, replays, most) for proposal in proposals]
        homes = planning.share(estimates, run.shards.count())
        rows.insert_new(
            [
                Result(
                    run=run,
                    position=position,
                    home=homes[position],
                    title=proposal.title[:300],
                    document=proposal.document,
                    proposal=proposal.model_dump(mode="json", exclude={"document"}),
                    replays=replays,
                    estimate_ms=estimates[position],
                )
                for position, proposal in enumerate(proposals)
            ]
        )
        tell(
            run,
            [
                (
                    "log",
                    {
                        "level": "info",
                        "message": f"{len(proposals)} tests are proposed; each is replayed {replays} times.",
                    },
                )
            ],
        )
        enter_stage(run, states.PROVE)
        advance(run)
