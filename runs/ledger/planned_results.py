"""Rows of a test run's results: what is known about its tests, made into an order, shares and skips."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from django.utils import timezone

from projects.models import Environment, Project, Test
from runs import planning
from runs.engine.plan import ACCOUNT, RunOptions
from runs.ledger.companions import TestsWithDependencies, in_company
from runs.ledger.knowledge import KnownHistory, changed_pages, known
from runs.ledger.refusals import Refused
from runs.ledger.work import born
from runs.models import Result, Run
from runs.planning import DispatchCandidate

SMOKE, QUARANTINE = "smoke", "quarantine"
ONLY_BY_NAME = ("quarantined", "stale")
PREFIXES_KEPT = 200
ADDED_KEPT = 100
# Planning so many takes three to five seconds of the request that orders them (docs/performance.md).
MOST_RESULTS = 100_000


@dataclass(frozen=True)
class Ask:
    """Which tests are to run against what. `named` ones were asked for one by one.

    `versions` says by number of a test which one is executed, where that is not the newest.
    """

    project: Project
    environment: Environment | None
    options: RunOptions
    tests: Sequence[Test]
    named: bool = False
    rerun_of: Run | None = None
    base_url: str = ""
    versions: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedResults:
    """Values of results in dispatch order, what was skipped by reason, and what a change was thought to touch.

    `scope` says how many tests are executed `of` how many, and which were `added`; `sentences` are for the story.
    `tests` are all of them.
    """

    rows: list[dict[str, Any]]
    shards: int
    skipped: Mapping[str, int]
    impact: dict[str, Any] | None
    scope: dict[str, Any]
    sentences: Sequence[str]
    tests: Sequence[Test]


@dataclass(frozen=True, slots=True)
class Piece:
    """One data row of a test. `account` is the key of its sign-in, where no other test may use that meanwhile."""

    test: Test
    account: str
    row_index: int
    row: dict[str, Any]
    rows: int

    @property
    def title(self) -> str:
        return self.test.title if self.rows == 1 else f"{self.test.title[:280]} (row {self.row_index + 1})"


def exclusive(project: Project, environment: Environment | None, base_url: str) -> dict[str, str]:
    """Those sign-ins that only one test at a time may use: a key of each, by name."""
    holders: dict[str, Any] = {ACCOUNT: environment or project}
    holders |= {profile.name: profile for profile in project.auth_profiles.all()}
    # One sign-in used at two addresses is two accounts of two applications.
    place = hashlib.sha256(base_url.encode()).hexdigest()[:32]
    taken = {name: holder for name, holder in holders.items() if holder.access.get("exclusive")}
    return {name: f"{holder.public_id}:{place}" for name, holder in taken.items()}


def planned(ask: Ask) -> PlannedResults:
    """RunRequest, shares and skips of a run of these tests and of what they depend on.

    Raises Refused(circular, too_many_results, dependency_missing).
    """
    company = in_company(ask.project, ask.tests, ask.versions)
    if ask.named and company.lacking:
        raise Refused("dependency_missing", next(iter(company.lacking.values())))
    ask = replace(ask, tests=company.tests)
    facts = known(ask.project, ask.environment, ask.options.browser, ask.tests)
    risks, impact, impacted = _judged(ask, facts)
    _check_size(ask)
    pieces = list(_pieces(ask))
    candidates = [_candidate(piece, facts[piece.test.pk], risks[piece.test.pk]) for piece in pieces]
    minutes = ask.options.budget_minutes
    slots = ask.options.shards * ask.options.parallel
    try:
        reasons = planning.skips(
            candidates,
            {
                # Later reasons outweigh earlier ones: what is stale and in quarantine counts as quarantined.
                "dependency_failed": company.lacking.keys(),
                "stale": _unasked(ask, (test for test in ask.tests if test.stale_since)),
                "quarantined": _unasked(ask, (test for test in ask.tests if _tagged(test, QUARANTINE))),
            },
            impacted=impacted,
            slots=slots,
            budget_ms=None if minutes is None else minutes * 60_000,
        )
        order = _order(candidates, reasons, slots)
    except planning.Circular as error:
        raise Refused("circular", str(error)) from error
    if impact is not None:
        kept = {piece.test.pk for index, piece in enumerate(pieces) if reasons.get(index) != "no_impact"}
        impact |= {"impacted": len(kept), "tests": len(ask.tests)}
    run_rows = [index for index in order if index not in reasons]
    shards = max(1, min(ask.options.shards, len(run_rows)))
    rows = _rows(pieces, candidates, order, reasons)
    estimates, serial = [row["estimate_ms"] for row in rows], [row["serial"] or row["account"] for row in rows]
    homes = planning.share(estimates[: len(run_rows)], shards, serial)
    # What is skipped stands behind all that is executed, and has no home.
    for row, home in zip(rows, homes, strict=False):
        row["home"] = home
    scope = _scope(ask, {pieces[index].test.pk for index in run_rows}, company)
    return PlannedResults(rows, shards, Counter(reasons.values()), impact, scope, company.sentences, ask.tests)


def _scope(ask: Ask, executed: Set[int], company: TestsWithDependencies) -> dict[str, Any]:
    return {
        "tests": len(executed),
        "of": max(len(executed), _usual(ask.project)),
        "added": dict(islice(company.added.items(), ADDED_KEPT)),
        "lacking": list(islice(company.lacking.values(), ADDED_KEPT)),
        "minutes": ask.options.budget_minutes,
        "changed": ask.options.changed_files is not None,
        "older": len(company.older & executed),
    }


def _usual(project: Project) -> int:
    """How many tests a run of all would execute: what is approved, without what runs only by name."""
    tags = project.tests.approved().filter(stale_since=None).values_list("document__tags", flat=True)
    return sum(1 for names in tags if not _named(names or (), QUARANTINE))


def _check_size(ask: Ask) -> None:
    total = sum(len(test.document.get("data") or "1") for test in ask.tests)
    if total > MOST_RESULTS:
        raise Refused(
            "too_many_results",
            f"This run would have {total:,} results, one for each row of data; {MOST_RESULTS:,} are the most. "
            "Choose fewer tests, or split it by tags.",
        )


def _pieces(ask: Ask) -> Iterator[Piece]:
    taken = exclusive(ask.project, ask.environment, ask.base_url)
    for test in ask.tests:
        account = taken.get(test.document.get("auth") or "", "")
        data = test.document.get("data") or [{}]
        for index, row in enumerate(data):
            yield Piece(test, account, index, row, len(data))


def _candidate(piece: Piece, facts: KnownHistory, risk: float) -> DispatchCandidate:
    document = piece.test.document
    return DispatchCandidate(
        name=piece.test.public_id,
        priority=document.get("priority", "medium"),
        depends_on=tuple(document.get("depends_on", ())),
        smoke=_tagged(piece.test, SMOKE),
        risk=risk,
        estimate_ms=facts.estimate_ms,
        new=not facts.timed,
        serial=piece.account or str(document.get("serial", "")),
    )


def _tagged(test: Test, tag: str) -> bool:
    return _named(test.document.get("tags", ()), tag)


def _named(tags: Iterable[Any], tag: str) -> bool:
    return any(str(known).casefold() == tag for known in tags)


def _unasked(ask: Ask, tests: Iterable[Test]) -> set[str]:
    """Names of these tests without those asked for by name, now, or that were run in the run that is repeated."""
    names = {} if ask.named else {test.pk: test.public_id for test in tests}
    if names and ask.rerun_of is not None:
        ran = ask.rerun_of.results.filter(test__in=names).exclude(skip_reason__in=ONLY_BY_NAME)
        for number in ran.values_list("test_id", flat=True):
            names.pop(number, None)
    return set(names.values())


def _judged(
    ask: Ask, facts: Mapping[int, KnownHistory]
) -> tuple[dict[int, float], dict[str, Any] | None, set[str] | None]:
    """Risk by test; with changed files also what to say about their impact and which tests it leaves."""
    pages = changed_pages(ask.project)
    files = ask.options.changed_files
    found = planning.Impact()
    if files is not None:
        own = ask.options.route_map
        found = planning.impact_of(files, ask.project.settings.get("route_map", {}) if own is None else own)
    paths = {test.pk: planning.paths_of(test.document, test.page_url, ask.project.url) for test in ask.tests}
    on_page = {number for number, named in paths.items() if planning.under(named, pages)}
    on_route = {number for number, named in paths.items() if planning.under(named, found.route_prefixes)}
    risks = {
        number: planning.risk(
            planning.Signals(
                outcomes=fact.outcomes,
                days_since_edit=fact.days_since_edit,
                on_changed_page=number in on_page,
                on_changed_route=number in on_route,
            )
        )
        for number, fact in facts.items()
    }
    if files is None:
        return risks, None, None
    touched = on_page | on_route
    said = {
        "fallback_reason": found.fallback_reason,
        "because": found.because,
        "files": len(files),
        "route_prefixes": sorted(found.route_prefixes)[:PREFIXES_KEPT],
        "touched": len(touched) if found.fallback_reason is None else len(ask.tests),
    }
    return risks, said, None if found.fallback_reason else _impacted(ask.tests, facts, paths, touched)


def _impacted(
    tests: Sequence[Test], facts: Mapping[int, KnownHistory], paths: Mapping[int, Set[str]], touched: Set[int]
) -> set[str]:
    """Touched tests, and those that are never left out: new ones, those that failed lately, those without address."""
    return {
        test.public_id
        for test in tests
        if test.pk in touched or not paths[test.pk] or _is_news(facts[test.pk].outcomes)
    }


def _is_news(outcomes: Sequence[str]) -> bool:
    return planning.EXECUTED.isdisjoint(outcomes) or planning.failing_lately(outcomes)


def _order(candidates: Sequence[DispatchCandidate], reasons: Mapping[int, str], slots: int) -> list[int]:
    """What is executed, in dispatch order; then what is skipped, by risk."""
    kept = [number for number in range(len(candidates)) if number not in reasons]
    order = planning.dispatch_order([candidates[number] for number in kept], slots)
    return [kept[place] for place in order] + [n for n in planning.risk_order(candidates) if n in reasons]


def _rows(
    pieces: Sequence[Piece],
    candidates: Sequence[DispatchCandidate],
    order: Sequence[int],
    reasons: Mapping[int, str],
) -> list[dict[str, Any]]:
    now = timezone.now()
    rows: list[dict[str, Any]] = []
    placed: dict[str, int] = {}
    for index in order:
        piece, candidate = pieces[index], candidates[index]
        row = _row(piece, candidate)
        if index in reasons:
            row |= born(Result, "skip", skip_reason=reasons[index], finished_at=now)
        else:
            placed[candidate.name] = piece.test.pk
            # The order puts what is depended on first, so it has its place by now.
            row["waits_for"] = [placed[name] for name in _others(candidate) if name in placed]
            row["blocked"] = bool(row["waits_for"])
        rows.append(row)
    return rows


def _others(candidate: DispatchCandidate) -> list[str]:
    return [name for name in dict.fromkeys(candidate.depends_on) if name != candidate.name]


def _row(piece: Piece, candidate: DispatchCandidate) -> dict[str, Any]:
    document = piece.test.document
    return {
        "test": piece.test,
        "title": piece.title,
        "version": piece.test.version,
        "row": piece.row,
        "row_index": piece.row_index,
        "estimate_ms": candidate.estimate_ms,
        "risk": candidate.risk,
        "serial": str(document.get("serial", ""))[:80],
        "account": piece.account,
        "no_hedge": bool(document.get("no_hedge", False)),
    }
