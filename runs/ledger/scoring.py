"""The last stage of a crawl: proven tests are compared, scored and kept for review."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from projects import reviewing
from projects.models import Test
from runs import insight, states
from runs.ledger import rows
from runs.ledger.approving import approve_by_score
from runs.ledger.drafting import proof_of, proposed, signature
from runs.ledger.leases import Hold, working
from runs.ledger.moving import LOSSES_OF_A_STAGE, enter
from runs.ledger.refusals import StaleLease
from runs.ledger.story import tell
from runs.models import Result, Run

NOT_COMPARED = "Comparing the tests with each other crashed the worker twice: they are kept as they were proved."
NO_TIME = "There was no time to compare the tests with each other: they are kept as they were proved."


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


def keep_tests(held: Hold, beat: Callable[[], object] = lambda: None, *, in_time: bool = True) -> None:
    """Merges the drafts of what a crawl proved, keeps the rest as rejected, once, and sends the crawl to be judged.

    What a person has decided meanwhile stays as it is: only a draft that nobody has touched goes into another one, and
    none goes into one that was rejected or deleted. `beat` is called now and then while they are compared, which takes
    seconds where there are thousands. What has taken two workers with it is not tried a third time: the tests are then
    kept as they are; so they are when the crawl's time is over, not `in_time`. Raises StaleLease for a late writer and
    then nothing is written.
    """
    results, left = _results(held.run, beat), _unproved(held.run)
    losses = Run.objects.values_list("stage_losses", flat=True).get(pk=held.run)
    why = NOT_COMPARED if losses >= LOSSES_OF_A_STAGE else "" if in_time else NO_TIME
    weighed, into = ([Weighed(result, None, {}) for result in results], {}) if why else _weighed(results, beat)
    with transaction.atomic():
        run = working(held)
        if run.stage != states.SCORE or run.stage_lease != held.lease:
            raise StaleLease
        kept, merged = _keep(run, weighed, into)
        run.pipeline = {**run.pipeline, "prove": _proved(results, left), "score": {**kept, "merged": merged}}
        run.save(update_fields=["pipeline"])
        if why:
            tell(run, [("log", {"level": "warning" if why is NO_TIME else "error", "message": why})])
        tell(run, [("log", {"level": "info", "message": _in_words(kept, merged)})])
        approve_by_score(run)
        enter(run, "drain", stage_losses=0)


def _unproved(run_id: int) -> int:
    return Result.objects.filter(run=run_id, status=states.SKIPPED).exclude(proposal=None).count()


def _results(run_id: int, beat: Callable[[], object]) -> list[Result]:
    """What was put to the proof, whether it stood it or not."""
    proofs = Result.objects.filter(run=run_id).exclude(proposal=None).exclude(status=states.SKIPPED)
    found: list[Result] = []
    for numbers in rows.groups(list(proofs.order_by("position").values_list("pk", flat=True))):
        beat()
        found += proofs.filter(pk__in=numbers).select_related("test").order_by("position")
    return found


def _weighed(results: Sequence[Result], beat: Callable[[], object]) -> tuple[list[Weighed], dict[int, int]]:
    """All with their scores, those that others are merged into with them, and which are merged into which."""
    scores: dict[int, tuple[int, dict[str, int]]] = {}
    proven = []
    for result in results:
        beat()
        if result.status == states.PASSED:
            scores[result.pk] = insight.score(result.document or {}, result.proof or {}, result.duration_ms or 0)
            if not _is_out(result.test):
                document, worth = result.document or {}, scores[result.pk][0]
                proven.append(insight.Proven.from_proof(result.pk, document, _page(result), worth, proof_of(result)))
    by_number = {result.pk: result for result in results}
    into = {number: to for number, to in insight.merged(proven, beat).items() if _is_untouched(by_number[number].test)}
    went: dict[int, list[Result]] = defaultdict(list)
    for other, stays in into.items():
        went[stays].append(by_number[other])
    kept = []
    for result in results:
        if result.pk not in into:
            score, parts = scores.get(result.pk, (None, {}))
            others = went[result.pk]
            before = tuple((result.proposal or {}).get("merged", ()))
            titles, signatures = [absorbed.title for absorbed in others], [signature(absorbed) for absorbed in others]
            kept.append(Weighed(result, score, parts, (*before, *titles), tuple(signatures)))
    return kept, into


def _is_out(test: Test | None) -> bool:
    """Whether a person has said that they do not want it: nothing of worth may go into it."""
    return test is not None and (test.deleted_at is not None or test.review_status == reviewing.REJECTED)


def _is_untouched(test: Test | None) -> bool:
    if test is None:
        return True
    decided = test.reviewed_at is not None or test.review_status != reviewing.DRAFT or test.deleted_at is not None
    return not decided and test.version == 1 and not test.comments.exists()


def _page(result: Result) -> str:
    proposal: dict[str, Any] = result.proposal or {}
    return f"{proposal['template']} {proposal['page_url']}"


def _keep(run: Run, weighed: Sequence[Weighed], into: Mapping[int, int]) -> tuple[dict[str, int], int]:
    """How many are kept and rejected, and how many were merged."""
    known = set(Test.objects.filter(project=run.project).known_signatures())
    kept: Counter[str] = Counter({"kept": 0, "rejected": 0})
    tests: dict[int, Test] = {}
    for entry in weighed:
        result, passed = entry.result, entry.result.status == states.PASSED
        if result.test_id is not None:
            kept["kept"] += 1
            _add_merged(entry)
        elif signature(result) not in known:
            known.add(signature(result))
            kept["kept" if passed else "rejected"] += 1
            why = "" if passed else _reason(result, proof_of(result))
            merged = {"merged": entry.merged, "signatures": entry.signatures}
            tests[result.pk] = proposed(run, result, entry.score, entry.parts, why, **merged)
    Test.keep_proposed(list(tests.values()))
    rows.update(Result, ("test",), [(number, test.pk) for number, test in tests.items()])
    return dict(kept), _take_back(run, list(into))


def _add_merged(weighed: Weighed) -> None:
    """What was merged into a test that exists is remembered with it, whatever was decided about it."""
    if weighed.signatures:
        test = Test.objects.select_for_update().get(results=weighed.result)
        test.evidence = {**test.evidence, "merged": list(weighed.merged), "merged_signatures": list(weighed.signatures)}
        test.save(update_fields=["evidence", "updated_at"])


def _take_back(run: Run, results: Sequence[int]) -> int:
    """Removes drafts that went into others, unless somebody has touched them since; how many went."""
    drafts = Test.objects.filter(results__run=run, results__in=list(results)).select_for_update(of=("self",))
    # Asked again under the lock: somebody may have decided since the tests were compared.
    gone = [test.pk for test in drafts.order_by("pk") if _is_untouched(test)]
    stayed = drafts.exclude(pk__in=gone).count()
    # Removed, for nobody has rejected them: the list of rejected tests would fill with these (decision 40).
    Test.objects.filter(pk__in=gone).delete()
    return len(results) - stayed


def _reason(result: Result, proof: Mapping[str, Any]) -> str:
    failed = result.attempt_count and proof["passed"] < proof["replays"]
    replay = f"Replay {proof['passed'] + 1} of {proof['replays']} failed: " if failed else ""
    return f"{replay}{result.error or 'it was not executed'}"


def _proved(results: Sequence[Result], left: int) -> dict[str, int]:
    proofs = [result.proof or {} for result in results]
    proved = sum(1 for result in results if result.status == states.PASSED)
    counted = {
        "proved": proved,
        "rejected": len(results) - proved,
        "breakages": sum(int(proof.get("effective", 0)) for proof in proofs),
        "noticed": sum(int(proof.get("noticed", 0)) for proof in proofs),
    }
    return counted | ({"unproved": left} if left else {})


def _in_words(kept: Mapping[str, int], merged: int) -> str:
    rest = f"; {merged} would have said the same as another and were merged into it" if merged else ""
    return f"{kept['kept']} proven tests wait for review, {kept['rejected']} are rejected with the reason{rest}."
