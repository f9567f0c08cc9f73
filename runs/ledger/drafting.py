"""A proposal that is proved is a draft at once: in the transaction that records its proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from projects.models import Test
from runs import insight, states
from runs.engine.events import Event, Proved
from runs.ledger import rows
from runs.models import Result, Run

EVIDENCE = ("breakages", "ineffective", "noticed", "effective", "checks", "dropped", "added", "pruned")
NOTHING: Mapping[str, Any] = {
    "replays": 0,
    "passed": 0,
    "ineffective": 0,
    "noticed": 0,
    "effective": 0,
    **dict.fromkeys(("breakages", "checks", "dropped", "added", "pruned"), ()),
}
Score = tuple[int, dict[str, int]]


def scores(events: Iterable[Event]) -> dict[int, Score]:
    """Of what is proved, by result; reckoned before anything is locked."""
    proved = (event for event in events if isinstance(event, Proved) and event.outcome == states.PASSED)
    return {event.result: insight.score(event.document, event.proof, event.duration_ms) for event in proved}


def keep_drafts(run: Run, scored: Mapping[int, Score]) -> None:
    """Keeps the drafts of results of a locked run that are proved now, each signature once in its project."""
    results = list(Result.objects.filter(run=run, pk__in=list(scored), status=states.PASSED, test=None))
    # Where both tries meet another crawl, the last stage keeps what has no test yet.
    for _ in range(2):
        try:
            # A savepoint: after an error PostgreSQL takes no more statements, and the proof is in this transaction.
            with transaction.atomic():
                _keep(run, results, scored)
            return
        except IntegrityError:  # another crawl of the project has kept one of them a moment before
            continue


def _keep(run: Run, results: Sequence[Result], scored: Mapping[int, Score]) -> None:
    signatures = [signature(result) for result in results]
    known = set(
        Test.objects.filter(project=run.project_id, signature__in=signatures).values_list("signature", flat=True)
    )
    tests: dict[int, Test] = {}
    for result in results:
        if signature(result) not in known:
            known.add(signature(result))
            tests[result.pk] = proposed(run, result, *scored[result.pk])
    Test.keep_proposed(list(tests.values()))
    rows.update(Result, ("test",), [(number, test.pk) for number, test in tests.items()])


def proposed(
    run: Run, result: Result, score: int | None, parts: Mapping[str, int], rejected_for: str = "", **merged: Any
) -> Test:
    """The test of a result, still to be kept: a draft, or rejected with the reason."""
    proposal: dict[str, Any] = result.proposal or {}
    return Test.proposed(
        run.project,
        rejected_for=rejected_for,
        title=result.title,
        document=result.document,
        crawl_run=run.pk,
        family=proposal["family"],
        template=proposal["template"],
        page_url=proposal["page_url"],
        signature=signature(result),
        score=score,
        evidence=_evidence(result, parts, **merged),
    )


def _evidence(
    result: Result, parts: Mapping[str, int], merged: Sequence[str] | None = None, signatures: Sequence[str] = ()
) -> dict[str, Any]:
    proof, proposal = proof_of(result), dict(result.proposal or {})
    return {
        "replays": proof["replays"],
        "passed": proof["passed"],
        "duration_ms": result.duration_ms,
        "result": result.pk,
        "why": proposal["why"],
        **{name: proof[name] for name in EVIDENCE},
        "score_parts": dict(parts),
        "merged": list(proposal.get("merged", ()) if merged is None else merged),
        "merged_signatures": list(signatures),
    }


def proof_of(result: Result) -> dict[str, Any]:
    return {**NOTHING, "replays": result.replays, **(result.proof or {})}


def signature(result: Result) -> str:
    """That of the document which was proposed; the proof may have changed it."""
    return str((result.proposal or {})["signature"])
