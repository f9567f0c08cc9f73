"""From what was tried and seen to proposed tests. Pure: the same material gives the same proposals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from runs.engine.events import Log, Proposal
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation
from runs.engine.generate.duplicates import KnownTest, Merged, merged
from runs.engine.generate.guarding import guarded
from runs.engine.generate.preferences import refusals, silent, with_silence_checks
from runs.engine.generate.proposals import FAMILIES
from runs.engine.generate.proposals.contract import broken_promises
from runs.engine.generate.selecting import asserts_something_visible, in_turns, only_ours, shared_out, titled
from runs.engine.generate.signature import signature
from runs.engine.kinds import kind_of
from runs.engine.masking import MASK
from runs.engine.steps.document import InvalidDocument, parse

_MOST_PROMISES = 10


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is proposed, what was counted on the way, and what should be said about it."""

    proposals: tuple[Proposal, ...]
    counted: dict[str, int]
    logs: tuple[Log, ...]


def propose(
    crawled: Crawled,
    observations: Sequence[Observation],
    known: Sequence[KnownTest],
    signatures: frozenset[str] = frozenset(),
    beat: Callable[[], object] = lambda: None,
) -> Proposed:
    """Tests that follow from what was seen, at most `test_count`, the most wanted first.

    `known` are tests that exist already; what says no more than they do is not proposed, and nothing with one of the
    `signatures`, of tests that were merged into others or deleted. `beat` is called at each draft, for thousands take
    seconds; what it raises comes out.
    """
    preferences, most = crawled.options.dials, crawled.options.test_count
    if not crawled.pages or not most:
        return Proposed((), {"drafts": 0, "duplicates": 0, "known": 0}, ())
    broke: list[Log] = []
    drafts = drafted(crawled, observations, beat, broke)
    fitting = shared_out(in_turns(drafts, preferences), preferences)
    found = merged(_with(beat, fitting), known, signatures)
    # Cut only after merging, or duplicates would take the places of other tests.
    proposals = tuple(_proposals(crawled, found))[:most]
    counted = {
        "drafts": sum(len(of_family) for of_family in drafts.values()),
        "duplicates": found.duplicates,
        "known": found.known,
    }
    logs = [*broke, _tried(observations), *refusals(preferences), *_promises(observations), *_left_out(found, most)]
    return Proposed(proposals, counted, tuple(logs))


def _with(beat: Callable[[], object], drafts: Iterable[Draft]) -> Iterator[Draft]:
    for draft in drafts:
        beat()
        yield draft


def drafted(
    crawled: Crawled,
    observations: Sequence[Observation],
    beat: Callable[[], object] = lambda: None,
    broke: list[Log] | None = None,
) -> dict[str, list[Draft]]:
    """What each family makes of its observations, without what is no test. `broke` takes what broke us in a family."""
    seen: dict[str, list[Observation]] = {name: [] for name in FAMILIES}
    for observation in observations:
        if not observation.problem and observation.case.family in seen:
            seen[observation.case.family].append(observation)
    by_case = {_name(observation.case): observation for observation in observations}
    drafts = {}
    for name, family in FAMILIES.items():
        made = partial(_made, crawled, partial(family.tests, crawled, seen[name]), by_case)
        # The beat stands outside of the guard: what it raises, as a lost lease or an abort, has to end all families.
        drafts[name] = list(_with(beat, guarded(made, f"tests of the kind “{name}”", broke)))
    return drafts


def _made(
    crawled: Crawled, tests: Callable[[], Iterable[Draft]], by_case: dict[tuple[str, str], Observation]
) -> Iterator[Draft]:
    finished = (_finished(crawled, draft, by_case) for draft in tests())
    return (draft for draft in finished if _is_test(draft))


def _name(case: CaseSpec) -> tuple[str, str]:
    return case.family, case.key


def _finished(crawled: Crawled, draft: Draft, by_case: dict[tuple[str, str], Observation]) -> Draft:
    """The draft with its tone among its tags, and with silence expected where that was asked for."""
    body = {**draft.document, "tags": [*draft.document["tags"], draft.tone]}
    seen = by_case.get(_name(draft.case))
    if silent(crawled.options.dials) and seen is not None and body["kind"] == "ui":
        body = with_silence_checks(
            body, body["steps"], console=not seen.console_errors, requests=not seen.failed_requests
        )
    return replace(draft, document=unmasked(body))


def unmasked(body: dict[str, Any]) -> dict[str, Any]:
    """Without expectations of what was a secret and is a mask now: they would hold in no run."""
    kept = [step for step in body["steps"] if MASK not in _written(step) or kind_of(step).role != "expect"]
    return body if len(kept) == len(body["steps"]) else {**body, "steps": kept}


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_test(draft: Draft) -> bool:
    if (
        not only_ours(draft)
        or not asserts_something_visible(draft.document["steps"])
        or MASK in _written(draft.document)
    ):
        return False
    try:
        parse(draft.document)
    except InvalidDocument:
        return False
    return True


def _proposals(crawled: Crawled, found: Merged) -> Iterator[Proposal]:
    titles = {id(draft): others for draft, others in found.kept}
    for title, draft in titled(draft for draft, _ in found.kept):
        document = {**draft.document, "title": title}
        page = crawled.page_of(draft.case)
        yield Proposal(
            title=title,
            family=draft.family,
            document=document,
            template=page.template,
            page_url=page.url,
            signature=signature(document),
            why=draft.why,
            tone=draft.tone,
            merged=titles[id(draft)],
            writes=draft.case.writes or _only_opens(draft),
        )


def _only_opens(draft: Draft) -> bool:
    """Whether a test does nothing but open pages: what these send as they load, the crawl has let through as well."""
    kinds = map(kind_of, draft.document["steps"])
    return all(kind.loads_page or kind.role in ("expect", "wait") for kind in kinds)


def _tried(observations: Sequence[Observation]) -> Log:
    stuck = sum(1 for seen in observations if seen.problem)
    rest = f"; {stuck} could not be carried out" if stuck else ""
    return Log("info", f"Tried {len(observations)} things on the application to see what they do{rest}.")


def _promises(observations: Sequence[Observation]) -> list[Log]:
    contract = [seen for seen in observations if seen.case.family == "contract"]
    return [Log("warning", sentence) for sentence in list(broken_promises(contract))[:_MOST_PROMISES]]


def _left_out(found: Merged, most: int) -> Iterator[Log]:
    if len(found.kept) > most:
        yield Log("info", f"Stopped at {most} proposals of {len(found.kept)}, the most that was asked for.")
    if found.known:
        yield Log("info", f"{found.known} tests were not proposed, for they exist already.")
    if found.duplicates:
        yield Log("info", f"{found.duplicates} tests were merged into others that say the same.")
