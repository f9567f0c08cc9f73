"""The last stage of a crawl: proven tests are compared, scored and kept for review."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from projects.models import Test
from runs import insight, states
from runs.ledger import rows
from runs.ledger.approving import approve_by_score
from runs.ledger.holding import Hold, require_open
from runs.ledger.moving import LOSSES_OF_A_STAGE, enter
from runs.ledger.refusals import Stale
from runs.ledger.story import locked, tell
from runs.models import Result, Run

EVIDENCE = ("breakages", "ineffective", "noticed", "effective", "checks", "dropped", "added", "pruned")
NOT_COMPARED = "Comparing and scoring the tests crashed the worker twice: they are kept without a score."
NOTHING: Mapping[str, Any] = {
    "replays": 0,
    "passed": 0,
    "ineffective": 0,
    "noticed": 0,
    "effective": 0,
    **dict.fromkeys(("breakages", "checks", "dropped", "added", "pruned"), ()),
}


@dataclass(frozen=True)
class Weighed:
    """A result of a proof with its score, and the titles of those that were merged into it.

    `signatures` are of those that were proved before; drafts that were merged are known by the one they went into.
    """

    result: Result
    score: int | None
    parts: dict[str, int]
    merged: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()

    @property
    def proof(self) -> dict[str, Any]:
        return {**NOTHING, "replays": self.result.replays, **(self.result.proof or {})}


def keep_tests(held: Hold, beat: Callable[[], object] = lambda: None) -> None:
    """Keeps what a crawl proved as drafts and the rest as rejected, once, and sends the crawl to be judged.

    `beat` is called now and then while they are compared, which takes seconds where there are thousands. What has
    taken two workers with it is not tried a third time: the tests are then kept as they are. Raises Stale for a late
    writer, and then nothing is written.
    """
    results = _results(held.run, beat)
    compared = Run.objects.values_list("stage_losses", flat=True).get(pk=held.run) < LOSSES_OF_A_STAGE
    weighed, into = _weighed(results, beat) if compared else ([Weighed(one, None, {}) for one in results], {})
    with transaction.atomic():
        run = locked(held.run)
        if run.status != states.RUNNING or run.stage != states.SCORE or run.stage_lease != held.lease:
            raise Stale
        require_open(held)
        kept = _keep(run, weighed)
        run.pipeline = {**run.pipeline, "prove": _proved(results), "score": {**kept, "merged": len(into)}}
        run.save(update_fields=["pipeline"])
        if not compared:
            tell(run, [("log", {"level": "error", "message": NOT_COMPARED})])
        tell(run, [("log", {"level": "info", "message": _in_words(kept, len(into))})])
        approve_by_score(run)
        enter(run, "drain", stage_losses=0)


def _results(run_id: int, beat: Callable[[], object]) -> list[Result]:
    proofs = Result.objects.filter(run=run_id).exclude(proposal=None).order_by("position")
    found: list[Result] = []
    for numbers in rows.groups(list(proofs.values_list("pk", flat=True))):
        beat()
        found += proofs.filter(pk__in=numbers)
    return found


def _weighed(results: Sequence[Result], beat: Callable[[], object]) -> tuple[list[Weighed], dict[int, int]]:
    """What is kept, in order, and which results are merged into which."""
    scores: dict[int, tuple[int, dict[str, int]]] = {}
    proven = []
    for one in results:
        beat()
        if one.status == states.PASSED:
            scores[one.pk] = insight.score(one.document, one.proof or {}, one.duration_ms or 0)
            proof = {**NOTHING, **(one.proof or {})}
            proven.append(insight.Proven.of(one.pk, one.document, _page(one), scores[one.pk][0], proof))
    into = insight.merged(proven, beat)
    went: dict[int, list[Result]] = defaultdict(list)
    by_number = {result.pk: result for result in results}
    for other, stays in into.items():
        went[stays].append(by_number[other])
    kept = []
    for result in results:
        if result.pk not in into:
            score, parts = scores.get(result.pk, (None, {}))
            others = went[result.pk]
            before = tuple((result.proposal or {}).get("merged", ()))
            titles, signatures = [one.title for one in others], [_signature(one) for one in others]
            kept.append(Weighed(result, score, parts, (*before, *titles), tuple(signatures)))
    return kept, into


def _page(result: Result) -> str:
    proposal: dict[str, Any] = result.proposal or {}
    return f"{proposal['template']} {proposal['page_url']}"


def _signature(result: Result) -> str:
    """That of the document which was proposed; the proof may have changed it."""
    return str((result.proposal or {})["signature"])


def _keep(run: Run, weighed: Sequence[Weighed]) -> dict[str, int]:
    known = set(Test.objects.filter(project=run.project).known_signatures())
    kept: Counter[str] = Counter({"kept": 0, "rejected": 0})
    tests: dict[int, Test] = {}
    for one in weighed:
        result, proposal = one.result, dict(one.result.proposal or {})
        if _signature(result) in known:
            continue
        known.add(_signature(result))
        passed = result.status == states.PASSED
        kept["kept" if passed else "rejected"] += 1
        tests[result.pk] = Test.proposed(
            run.project,
            rejected_for="" if passed else _reason(result, one.proof),
            title=result.title,
            document=result.document,
            crawl_run=run.pk,
            family=proposal["family"],
            template=proposal["template"],
            page_url=proposal["page_url"],
            signature=_signature(result),
            score=one.score,
            evidence=_evidence(one, proposal["why"]),
        )
    Test.keep_proposed(list(tests.values()))
    rows.update(Result, ("test",), [(number, test.pk) for number, test in tests.items()])
    return dict(kept)


def _evidence(one: Weighed, why: str) -> dict[str, Any]:
    proof = one.proof
    return {
        "replays": proof["replays"],
        "passed": proof["passed"],
        "duration_ms": one.result.duration_ms,
        "result": one.result.pk,
        "why": why,
        **{name: proof[name] for name in EVIDENCE},
        "score_parts": one.parts,
        "merged": list(one.merged),
        "merged_signatures": list(one.signatures),
    }


def _reason(result: Result, proof: Mapping[str, Any]) -> str:
    failed = result.attempt_count and proof["passed"] < proof["replays"]
    replay = f"Replay {proof['passed'] + 1} of {proof['replays']} failed: " if failed else ""
    return f"{replay}{result.error or 'it was not executed'}"


def _proved(results: Sequence[Result]) -> dict[str, int]:
    proofs = [result.proof or {} for result in results]
    proved = sum(1 for result in results if result.status == states.PASSED)
    return {
        "proved": proved,
        "rejected": len(results) - proved,
        "breakages": sum(int(proof.get("effective", 0)) for proof in proofs),
        "noticed": sum(int(proof.get("noticed", 0)) for proof in proofs),
    }


def _in_words(kept: Mapping[str, int], merged: int) -> str:
    rest = f"; {merged} would have said the same as another and were merged into it" if merged else ""
    return f"{kept['kept']} proven tests wait for review, {kept['rejected']} are rejected with the reason{rest}."
