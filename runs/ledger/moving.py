"""Moves a locked run by the table in `runs.states` and pays what entering the new state owes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Max, Min, Sum
from django.utils import timezone

from projects.models import Activity
from runs import states, tracing
from runs.ledger import deadlines, statements
from runs.ledger.fair_share import next_of
from runs.ledger.outbox import owe
from runs.ledger.refusals import Refused
from runs.ledger.sending import send_judge, send_shard
from runs.ledger.stage_counts import count, is_cut
from runs.ledger.story import tell
from runs.ledger.work import shift, shift_one, skip
from runs.models import Lease, Run

# As for results (R13): what took two workers with it is not given to a third.
LOSSES_OF_A_STAGE = 2
VERBS = {states.COMPLETED: "completed", states.FAILED: "failed", states.ABORTED: "aborted"}


def enter(run: Run, trigger: str, **fields: Any) -> None:
    """Carries out one trigger on a locked run. Raises Refused("run_over" | "run_state") where the table has no move."""
    if states.target("run", trigger) in states.TERMINAL:
        fields["finished_at"] = timezone.now()
    try:
        shift_one(run, trigger, **fields)
    except states.Impossible as error:
        code = "run_over" if run.is_over else "run_state"
        raise Refused(code, f"{run.public_id} is {run.status} and cannot {trigger}.") from error
    # In the caller's transaction: a run ends with all that it owes, or not at all (R18).
    for effect in states.ON_ENTRY[run.status]:
        EFFECTS[effect](run)
    if run.is_over:
        tracing.ended(run)


def advance(run: Run) -> None:
    """Moves a running run on when nothing of its stage is unresolved: to the next stage, or to judging."""
    if run.status != states.RUNNING or _unresolved(run):
        return
    # A crawl is never completed with nothing found: it fails with the category of its first page.
    if run.stage == states.CRAWL and not run.pages.filter(status=states.DONE).exists():
        _fail_unreached(run)
        return
    if run.stage == states.CRAWL:
        end_crawl(run, run.end_reason or ("page_budget" if is_cut(run) else "all_visited"))
    following = states.next_stage(run.kind, run.stage)
    if following is None:
        # Judging counts its own losses in this column.
        enter(run, "drain", stage_losses=0)
        return
    enter_stage(run, following)


def enter_stage(run: Run, stage: str) -> None:
    run.stage = stage
    # From here on whoever held a lone stage before is a late writer.
    run.stage_lease = None
    run.stage_losses = 0
    run.save(update_fields=["stage", "stage_lease", "stage_losses"])
    tell(run, [("stage", {"stage": stage, "pages": run.pages.tally(), "results": run.results.tally()})])


GIVEN_UP = {
    states.PLAN: "What to try on the application could not be planned, so nothing is tried",
    states.PROPOSE: "Tests could not be proposed, so nothing is proved",
}


def lose_stage(run: Run, problem: str) -> None:
    """A lease was lost over the lone stage of a locked run. The second time the stage alone is given up.

    What was proved is then kept without comparing it; where even that fails, the run does.
    """
    run.stage_losses += 1
    run.stage_lease = None
    run.save(update_fields=["stage_losses", "stage_lease"])
    if run.stage_losses < LOSSES_OF_A_STAGE:
        return
    why = problem or "it crashed the worker twice"
    if run.stage in GIVEN_UP:
        count(run, run.stage, {"given_up": 1})
        tell(run, [("log", {"level": "error", "message": f"{GIVEN_UP[run.stage]}: {why}"[:1000]})])
        enter_stage(run, states.next_stage(run.kind, run.stage) or run.stage)
        advance(run)
    elif run.stage_losses > LOSSES_OF_A_STAGE:
        enter(run, "fail", error=f"What was proved could not be kept: {why}"[:1000], error_category="internal")


def _unresolved(run: Run) -> bool:
    # A lone stage is over when its outcome is kept; there are no rows to tell by.
    if run.stage in states.LONE:
        return True
    if run.stage == states.CRAWL:
        return run.pages.filter(status__in=states.UNRESOLVED).exists()
    if run.stage == states.OBSERVE:
        return run.cases.filter(status__in=states.UNRESOLVED).exists()
    pending, running, _ = statements.left(run.pk)
    return pending or running


def end_crawl(run: Run, reason: str) -> None:
    """Notes and tells why no more is visited."""
    run.end_reason = reason
    run.save(update_fields=["end_reason"])
    left = run.pages.filter(skip_reason="over_budget").count()
    again = run.pages.filter(status=states.DONE, tries__gt=0).count()
    pages = run.pages.filter(kind="link").tally()[states.DONE]
    data = {"reason": reason, "pages": pages, "left": left} | ({"again": again} if again else {})
    tell(run, [("crawl_ended", {**data, "states": run.pages.exclude(kind="link").tally()[states.DONE]})])


def _fail_unreached(run: Run) -> None:
    first = run.pages.exclude(error="").order_by("depth", "pk").first()
    if first is None:
        enter(run, "fail", error="No page of the application could be visited.", error_category="internal")
        return
    category = first.error_category if first.error_category in states.ERROR_CATEGORIES else "internal"
    end_crawl(run, category if category in ("challenge", "sign_in") else "unreachable")
    enter(run, "fail", error=first.error, error_category=category)


def _tell_started(run: Run) -> None:
    shares = deadlines.in_words(run)
    shares_line = [("log", {"level": "info", "message": shares})] if shares else []
    tell(run, [("started", {"stage": run.stage}), *shares_line])


def _tell_judging(run: Run) -> None:
    tell(run, [("stage", {"stage": states.JUDGING, "pages": run.pages.tally(), "results": run.results.tally()})])


def _send_waiting(run: Run) -> None:
    """The end of a run makes room for the next one of its project."""
    for shard in next_of(run.project_id):
        send_shard(shard)


def _measure(run: Run) -> None:
    """Achieved against ideal makespan: as if all windows that took part had been busy from first to last."""
    if run.kind != "test":
        return
    found = run.results.filter(claimed_at__isnull=False, duration_ms__isnull=False).aggregate(
        begun=Min("claimed_at"), ended=Max("finished_at"), work=Sum("duration_ms"), longest=Max("duration_ms")
    )
    if found["begun"] is None:
        return
    slots = run.shards.filter(leases_opened__gt=0).count() * int(run.options.get("parallel", 1))
    achieved = int((found["ended"] - found["begun"]).total_seconds() * 1000)
    ideal = max(found["work"] // max(1, slots), found["longest"])
    run.makespan = {"achieved_ms": achieved, "ideal_ms": ideal, "slots": slots}
    run.save(update_fields=["makespan"])


def _tell_done(run: Run) -> None:
    lines: list[tuple[str, dict[str, Any]]] = []
    if run.verdict:
        lines.append(("judged", {"verdict": run.verdict, "gates": run.gate_result}))
    done = {"status": run.status, "verdict": run.verdict, "error": run.error, "error_category": run.error_category}
    tell(run, [*lines, ("done", {**done, **run.results.tally()})])


def note(run: Run, verb: str, actor_name: str = "") -> None:
    Activity.objects.create(
        project_id=run.project_id,
        # Who ends a run need not be who ordered it, and is known by name only (R24).
        actor_id=None if actor_name else run.actor_id,
        actor_name=actor_name or run.actor_name,
        verb=verb,
        subject=run.public_id,
        detail=run.error or run.verdict,
    )


def _note_end(run: Run) -> None:
    note(run, f"run {VERBS[run.status]}", getattr(run, "ended_by", ""))


def _skip_unresolved(run: Run) -> None:
    """What had not finished is skipped as aborted; pre-seeded skips and resolved results stay as they are."""
    for rows in (run.results.all(), run.pages.all(), run.cases.all()):
        skip(rows, "aborted")


def _end_crawl(run: Run) -> None:
    """A crawl that is cut off has a reason as well."""
    if run.kind == "crawl" and not run.end_reason:
        end_crawl(run, "aborted" if run.status == states.ABORTED else "failed")


def _stop_leases(run: Run) -> None:
    shift(Lease.objects.filter(shard__run=run), "stop", closed_at=timezone.now())


EFFECTS: dict[str, Callable[[Run], None]] = {
    "tell_started": _tell_started,
    "tell_judging": _tell_judging,
    "send_judge": send_judge,
    "send_waiting": _send_waiting,
    "measure": _measure,
    "tell_done": _tell_done,
    "note_end": _note_end,
    "skip_unresolved": _skip_unresolved,
    "stop_leases": _stop_leases,
    "end_crawl": _end_crawl,
    "owe": owe,
}
