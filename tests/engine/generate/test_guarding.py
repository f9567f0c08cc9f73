"""What breaks us in one kind of test, or one case, costs that one alone and is told."""

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from runs.engine.events import Log
from runs.engine.generate import propose
from runs.engine.generate.planned_cases import chosen
from runs.engine.generate.proposals import FAMILIES
from runs.engine.masking import Masking
from runs.engine.plan import CaseWork
from tests.engine.generate.snapshots import crawled, page

BROKEN = "for Sentri broke: IndexError: of our own making"


def breaks(*_: Any) -> Iterator[Any]:
    yield from ()
    raise IndexError("of our own making")


def test_cases_of_other_kinds_are_planned_where_one_kind_breaks_us(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = crawled(page())
    whole, _ = chosen(seen, None)
    families = {case.family for case in whole}
    assert "page" in families
    monkeypatch.setitem(FAMILIES, "quality", FAMILIES["quality"]._replace(cases=breaks))
    broke: list[Log] = []
    left, _ = chosen(seen, None, broke)
    assert {case.family for case in left} == families - {"quality"}
    assert [(log.level, log.message) for log in broke] == [
        ("error", f"There are no more cases of the kind “quality”, {BROKEN}")
    ]


def test_tests_of_other_kinds_are_proposed_where_one_kind_breaks_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "search", FAMILIES["search"]._replace(tests=breaks))
    found = propose(crawled(page()), (), ())
    assert f"There are no more tests of the kind “search”, {BROKEN}" in [log.message for log in found.logs]


class Stop(Exception):
    """As a lost lease or an abort."""


def test_what_asks_to_stop_stops_although_kinds_are_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop() -> None:
        raise Stop

    module = importlib.import_module("runs.engine.generate.propose")
    monkeypatch.setattr(module, "_made", lambda *_: iter([object()]))
    with pytest.raises(Stop):
        propose(crawled(page()), (), (), beat=stop)


@pytest.mark.asyncio
async def test_a_case_that_breaks_us_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise IndexError("of our own making")

    module = importlib.import_module("runs.engine.generate.observe")
    monkeypatch.setattr(module, "tried", broken)
    case = {"family": "page", "key": "/", "page": "", "start": "/"}
    visits = SimpleNamespace(accounts=SimpleNamespace(masking=Masking()))
    seen = await module.outcome_of(visits, crawled(page()), CaseWork(case=7, work=case))
    assert (seen.case, seen.problem, seen.deeper) == (7, "Sentri broke here: IndexError: of our own making", ())
    assert seen.outcome["problem"] == seen.problem
