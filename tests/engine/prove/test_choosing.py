from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from runs.engine.events import Failure, Heading
from runs.engine.page.look import Look, Message
from runs.engine.prove import answers, choosing
from runs.engine.prove.candidates import candidates
from runs.engine.prove.choosing import Tried
from runs.engine.prove.figures import changed_figures
from runs.engine.prove.mutations import Mutation
from runs.engine.prove.mutations.ignored_query import IgnoredQuery
from runs.engine.prove.mutations.redirected import Redirected
from runs.engine.prove.mutations.stale import Stale
from runs.engine.prove.pruning import prunable
from runs.engine.prove.scenery import differs
from runs.engine.prove.scheduler import ReplayScheduler
from runs.engine.prove.touched import Act, Touched, TouchedCall
from runs.engine.steps.answer import Answer
from runs.engine.steps.document import parse
from tests.contracts.test_mutations import TOUCHED
from tests.held import PATIENCE

FAILED = Failure(kind="expectation", message="no")
DOCUMENT = parse(
    {
        "title": "T",
        "steps": [
            {"do": "click", "target": {"text": "Go"}},
            {"do": "expect_url", "path": "/"},
            {"do": "expect_visible", "target": {"text": "There"}},
        ],
    }
)
STEPS = dict(enumerate(DOCUMENT.steps))


class Swallowed(Mutation):
    kind = "swallowed_click"
    challenges = frozenset({"address"})


def tried(*noticed: int, kind: str = "swallowed_click", effective: bool = True) -> Tried:
    asked = frozenset({-1, 0, 1, 2, 3})
    return Tried(kind, "x", effective, asked, dict.fromkeys(noticed, FAILED), Swallowed("x"))


def test_mutations_are_taken_one_of_each_kind_before_a_second_of_any() -> None:
    reads = replace(TOUCHED, calls=tuple(call for call in TOUCHED.calls if not call.writes))
    found = choosing.ways(reads, 100, Random(1))
    first = [one.kind for one in found[: len({one.kind for one in found})]]
    assert len(set(first)) == len(first)
    assert len({(one.kind, one.what) for one in found}) == len(found)
    assert [one.what for one in choosing.ways(reads, 5, Random(1))] == [one.what for one in found[:5]]


def test_a_test_that_writes_is_broken_a_few_times_where_that_writes_again() -> None:
    found = [one for one in choosing.ways(TOUCHED, 100, Random(1)) if not choosing.on_clean_page(one, TOUCHED)]
    assert sum(not one.holds_writes for one in found) == choosing.MOST_WRITING
    assert sum(one.holds_writes for one in found) > 3


class Emptied(Mutation):
    kind = "emptied_main"
    of_page_alone = True


def test_nothing_more_is_tried_when_all_expectations_noticed_something_and_enough_kinds_were_tried() -> None:
    kinds = [tried(1, kind=f"kind {number}") for number in range(6)]
    other = Swallowed("other")
    assert choosing.informative([other], kinds, [1], STEPS) == []
    assert choosing.informative([other], kinds[:5], [1], STEPS) == [other], "too few were effective"
    same = [tried(1, kind="kind") for _ in range(20)]
    assert choosing.informative([other], same, [1], STEPS) == [other], "a kind that is missing"
    assert choosing.informative([other], [tried(1) for _ in range(20)], [1], STEPS) == [], "a kind that was tried"


def test_an_expectation_that_noticed_nothing_is_put_to_what_it_ought_to_notice() -> None:
    kinds = [tried(2, kind=f"kind {number}") for number in range(6)]
    swallowed, emptied = Swallowed("swallowed"), Emptied("emptied")
    assert choosing.informative([swallowed, emptied], kinds, [1, 2], STEPS) == [swallowed]


def test_mutations_of_the_page_alone_are_not_all_that_is_tried() -> None:
    shallow = [replace(tried(2, kind=f"kind {number}"), mutation=Emptied("x")) for number in range(6)]
    swallowed, emptied = Swallowed("swallowed"), Emptied("emptied")
    assert choosing.informative([swallowed, emptied], shallow, [2], STEPS) == [swallowed]


def test_only_what_ought_to_have_noticed_something_is_useless() -> None:
    assert choosing.useless([tried(2)], [1, 2], STEPS) == {1}
    assert choosing.useless([tried(2, effective=False)], [1, 2], STEPS) == set()
    assert choosing.useless([tried(1)], [1, 2], STEPS) == set()
    assert choosing.useless([tried()], [1], STEPS) == set()


def test_candidates_are_taken_on_where_they_notice_what_the_test_does_not() -> None:
    found = [tried(1, 3), tried(3, 4), tried(4), tried()]
    assert choosing.helpful(found, range(-1, 3), [3, 4]) == [4]
    assert choosing.helpful([tried(1) for _ in range(9)] + [tried(3)], range(-1, 3), [3]) == []
    assert choosing.helpful([tried(1), tried(5), tried(3), tried(4)], range(-1, 3), [3, 4, 5]) == [3, 4, 5]


def test_what_is_left_out_notices_and_touches_nothing_more() -> None:
    assert set(tried(-1, 2, 4).kept({0, 2}).noticed) == {-1, 2}
    touched = Touched(
        STEPS, frozenset({1, 2}), (TouchedCall("api", "GET", "http://x/a", 1),), (Act(0, "click", None, "x"),)
    )
    kept = touched.kept({2: STEPS[2]})
    assert (set(kept.expectations), len(kept.acts), [call.step for call in kept.calls]) == ({2}, 0, [1])
    assert (kept.last_act, kept.final) == (-1, 2)


def test_only_steps_that_changed_nothing_may_be_pruned_and_never_what_is_entered() -> None:
    acts = (
        Act(0, "click", None, "x", changed=False),
        Act(1, "fill", None, "x", changed=False),
        Act(2, "click", None, "x"),
        Act(3, "hover", None, "x", changed=False),
    )
    assert prunable(Touched(STEPS, frozenset(), (), acts)) == [3, 0]


def look(heading: str, *texts: str, said: str = "") -> Look:
    messages = (Message(role="status", text=said),) if said else ()
    return Look(path="/", headings=(Heading(level=1, text=heading),), messages=messages, texts=texts)


def test_a_page_differs_where_something_is_gone_or_new_but_not_where_only_a_time_changed() -> None:
    clean = [look("Shop", "It is 10:01"), look("Shop", "It is 10:02")]
    assert not differs(clean, look("Shop", "It is 10:03"))
    assert differs(clean, look("Sorry", "It is 10:03"))
    assert differs(clean, look("Shop", "It is 10:03", "An error"))
    assert not differs(clean, None)


def test_candidates_did_not_hold_before_and_were_the_same_in_every_replay() -> None:
    seen = [(look("Shop"), look("Shop", said=f"Thank you, your number is {number}")) for number in (17, 18)]
    (step,) = candidates(seen, [])
    assert step == {"do": "expect_text", "target": {"role": "status"}, "contains": "Thank you, your number is"}
    assert candidates(seen, [step]) == []
    assert candidates([seen[0], (look("Shop"), look("Shop", said="Good bye to you"))], []) == []
    assert candidates([(None, look("Shop")), (None, look("Shop"))], []) == [
        {"do": "expect_visible", "target": {"role": "heading", "name": "Shop", "exact": True}}
    ]


def test_amounts_are_expected_to_the_letter_and_as_often_as_they_stand() -> None:
    seen = [(look("Cart"), look("Cart", "$42.00"))] * 2
    (step,) = candidates(seen, [], [("$42.00", 2)])
    assert step == {"do": "expect_count", "target": {"text": "$42.00", "exact": True}, "count": 2}
    assert candidates([seen[0], (look("Cart"), look("Cart", "$43.00"))], [], [("$42.00", 1)]) == []


@pytest.mark.parametrize(
    ("text", "is_figure"),
    [
        ("Total $42.00", True),
        ("3 items", True),
        ("12,50 €", True),
        ("26 November 2026", False),
        ("10:15", False),
        ("2026-11-26", False),
        ("Order a7f3b9c2", False),
        ("Nothing", False),
        ("3 minutes ago", False),
    ],
)
def test_only_amounts_and_small_numbers_are_figures(text: str, is_figure: bool) -> None:
    assert changed_figures(look("Cart"), look("Cart", text)) == ([text] if is_figure else [])


def test_an_answer_that_is_only_asked_for_its_status_misses_what_is_in_it() -> None:
    step: dict[str, Any] = {"do": "request", "path": "/api", "expect": {"status": 200}}
    steps = parse({"title": "T", "kind": "api", "steps": [step]}).steps
    answer = Answer(200, {"content-type": "application/json"}, b'{"name": "Ada", "age": 36}', 1.0)
    found = answers.tried(dict(enumerate(steps)), {0: answer}, 100)
    assert {one.kind for one in found if one.noticed} == {"answer_status"}
    assert {one.kind for one in found} == set(answers.ANSWERS)
    assert len(answers.tried(dict(enumerate(steps)), {0: answer}, 3)) == 3


async def test_the_floor_lets_so_many_at_a_time_and_draws_the_next() -> None:
    orders = set()
    for seed in range(5):
        scheduler, order, most, inside = ReplayScheduler(2, Random(seed)), [], 0, 0

        async def one(number: int) -> None:
            nonlocal most, inside
            async with scheduler.slot() as slot:  # noqa: B023
                inside, most = inside + 1, max(most, inside + 1)
                assert slot in (0, 1)
                order.append(number)  # noqa: B023
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(one(number) for number in range(8)))
        assert sorted(order) == list(range(8))
        assert most == 2
        orders.add(tuple(order))
    assert len(orders) > 1


async def test_who_gives_up_waiting_leaves_the_turn_to_others() -> None:
    scheduler = ReplayScheduler(1, Random(1))
    async with scheduler.slot():
        waiting = asyncio.ensure_future(scheduler.slot().__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
    async with asyncio.timeout(PATIENCE), scheduler.slot() as slot:
        assert slot == 0


def test_candidates_keep_what_they_noticed_under_their_new_ids() -> None:
    failure: Any = object()
    outcome = Tried("swallowed_click", "x", True, frozenset({0, 7, 8}), {7: failure, 8: failure})
    now = outcome.renumbered({7: 9, 8: None})
    assert (now.reached, now.noticed) == (frozenset({0, 9}), {9: failure})


def test_a_redirect_tells_no_more_of_what_is_behind_a_page_than_an_error_page() -> None:
    assert not Redirected("/mugs leads to the home page").is_deep


@pytest.mark.parametrize("followed", [False, True])
def test_an_answer_is_stale_only_where_something_is_asked_for_afterwards(followed: bool) -> None:
    sent = TouchedCall("document", "POST", "http://shop/send", 0, 200, (200, {}, b"Thank you"), followed=followed)
    assert len(list(Stale.ways(Touched({}, frozenset(), (sent,))))) == followed


def test_a_page_that_writes_when_it_is_loaded_is_not_loaded_again() -> None:
    page = TouchedCall("document", "GET", "http://shop/find?q=mug", -1)
    written = TouchedCall("api", "POST", "http://shop/seen", -1)
    read = TouchedCall("api", "GET", "http://shop/api/mugs", -1)
    [ignored] = IgnoredQuery.ways(Touched({}, frozenset(), (page, read)))
    assert choosing.at_reload(ignored, Touched({}, frozenset(), (page, read)))
    assert not choosing.at_reload(ignored, Touched({}, frozenset(), (page, read, written)))
