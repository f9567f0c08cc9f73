"""What the description of the API promises: answers of the documented shape, refusals, and records that come and go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, ResponseFacts, Step
from runs.engine.generate.openapi.completing import completed
from runs.engine.generate.openapi.operations import Operation, filled
from runs.engine.generate.proposals.api import NO_NUMBER, NOWHERE, shaped
from runs.engine.generate.proposals.writing import document, say
from runs.engine.page.safety import danger, denied
from runs.engine.plan import ACCOUNT
from runs.engine.steps.request import Request

_MOST = 40
_REFUSED = (400, 404, 405, 410, 422)
CREATED = "created"


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    for number, case in enumerate(_cases(crawled) if crawled.pages else ()):
        if number < _MOST:
            yield case


def _cases(crawled: Crawled) -> Iterator[CaseSpec]:
    reads = [
        operation
        for operation in crawled.contract
        # A GET can change something as well, and nothing holds it back; its address may say so.
        if operation.method == "GET" and not danger("", operation.path) and not operation.deprecated
    ]
    for operation in reads:
        yield from _reading(crawled, operation)
    # All refusals come after all reads, so that the limit cuts refusals first.
    for operation in reads:
        yield from _unknown(crawled, operation)
    if crawled.options.clean_up and not crawled.options.read_only:
        yield from _pairs(crawled)


def _reading(crawled: Crawled, operation: Operation) -> Iterator[CaseSpec]:
    path, success = filled(operation), operation.success()
    if path and success:
        status, schema = success
        expect = {"status": status, **({"schema": schema} if schema else {})}
        yield _case(crawled, "reads", operation, Request.step(method="GET", path=path, expect=expect))


def _unknown(crawled: Crawled, operation: Operation) -> Iterator[CaseSpec]:
    """An id that nothing has, and a required parameter that is left out."""
    if operation.of_path:
        last = operation.of_path[-1]
        unknown = NO_NUMBER if last.type in ("integer", "number") else NOWHERE
        path = filled(operation, {last.name: unknown})
        if path:
            yield _case(crawled, "unknown", operation, Request.step(method="GET", path=path))
    path = filled(operation)
    if path and "?" in path:
        bare = path.split("?")[0]
        yield _case(crawled, "lacking", operation, Request.step(method="GET", path=bare))


def _pairs(crawled: Crawled) -> Iterator[CaseSpec]:
    """Where a record can be made, and by its id be deleted again."""
    deletions = {
        operation.path: operation
        for operation in crawled.contract
        if operation.method == "DELETE" and len(operation.of_path) == 1
    }
    for operation in crawled.contract:
        scoped = [path for path in deletions if path.startswith(f"{operation.path.rstrip('/')}/{{")]
        path, success = filled(operation), operation.success()
        # Without a way to delete it the record would stay on somebody's application.
        if operation.method != "POST" or not scoped or path is None or success is None or operation.of_path:
            continue
        if (
            danger("", operation.path)
            or denied(operation.path, crawled.options)
            or (operation.takes_body and operation.body is None)
        ):
            continue
        yield _pair(crawled, operation, path, deletions[scoped[0]])


def _pair(crawled: Crawled, making: Operation, path: str, deleting: Operation) -> CaseSpec:
    success = making.success()
    status, schema = success or (201, {})
    name = deleting.of_path[0].name
    key = name if name in schema.get("properties", {}) else "id"
    body = {"json": making.body} if making.body is not None else {}
    expect = {"status": status, **({"schema": schema} if schema else {})}
    make: Step = Request.step(method="POST", path=path, **body, expect=expect, save={CREATED: f"$.{key}"})
    statuses = sorted(int(code) for code in deleting.answers if code.startswith("2") and code.isdecimal()) or [
        200,
        202,
        204,
    ]
    away = filled(deleting, {name: f"{{{{{CREATED}}}}}"}) or path
    fetch: Step = Request.step(method="DELETE", path=away, expect={"status": statuses})
    case = _case(crawled, "pair", making, fetch)
    return case.model_copy(update={"steps": (make,), "writes": True})


def _case(crawled: Crawled, kind: str, operation: Operation, fetch: Step) -> CaseSpec:
    what = f"{operation.method} {operation.path}"
    auth = ACCOUNT if crawled.survey.account else ""
    about = {"kind": kind, "what": what, "refusals": sorted(operation.refusals())}
    return crawled.case("contract", f"{kind} {what}", crawled.pages[0], fetch=fetch, auth=auth, about=about)


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for rank, seen in enumerate(observations):
        kind, answer = seen.case.about["kind"], seen.answer
        if answer is None or answer.mismatch:
            continue
        if kind in ("reads", "pair"):
            yield _promised(crawled, seen, answer, rank)
        elif _refuses(answer, seen.case.about["refusals"]):
            yield _refused(crawled, seen, answer, rank)


def broken_promises(observations: Sequence[Observation]) -> Iterator[str]:
    """What answers otherwise than it is described, each in a sentence."""
    for seen in observations:
        if seen.answer is not None and seen.answer.mismatch:
            yield f"{seen.case.about['what']} answers otherwise than the API is described: {seen.answer.mismatch}"


def _promised(crawled: Crawled, seen: Observation, answer: ResponseFacts, rank: int) -> Draft:
    pattern = "contract_pair" if seen.case.about["kind"] == "pair" else "contract_reads"
    title = say(crawled, pattern, what=seen.case.about["what"])
    fetch = seen.case.fetch or {}
    return _draft(seen, [*seen.case.steps, {**fetch, "expect": _expected(fetch["expect"], answer)}], title, rank)


def _expected(documented: dict[str, Any], answer: ResponseFacts) -> dict[str, Any]:
    """What the description promises; where it leaves open what an answer holds, what it held."""
    schema = completed(documented.get("schema", {}), shaped(answer.shape).get("schema", {}))
    return {**documented, "schema": schema} if schema else documented


def _refuses(answer: ResponseFacts, documented: Sequence[int]) -> bool:
    return answer.status in (documented or _REFUSED)


def _refused(crawled: Crawled, seen: Observation, answer: ResponseFacts, rank: int) -> Draft:
    what, status = seen.case.about["what"], answer.status
    title = say(crawled, f"contract_{seen.case.about['kind']}", what=what, status=status)
    step = {**(seen.case.fetch or {}), "expect": {"status": status, **shaped(answer.shape)}}
    draft = _draft(seen, [step], title, rank)
    return Draft(draft.family, title, draft.document, draft.case, draft.why, rank, "negative")


def _draft(seen: Observation, steps: Sequence[dict[str, Any]], title: str, rank: int) -> Draft:
    why = "the description of the API says so, and it did so when it was tried"
    return Draft("contract", title, document(seen.case, steps, title), seen.case, why, rank)
