"""What comes first: the score of links and actions, and what a crawl learns for it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import get_args

import pytest

from runs.engine.crawl.score import EXPECTED, MOST_OF_A_FAMILY, Features, History, Kind, Outcome, priority, score
from runs.engine.events import Form, FormField, PageSnapshot

LINK = Features("link", "shape", "family")
NOTHING: tuple[Outcome, ...] = ("nothing",) * 200
NEW: tuple[Outcome, ...] = ("template",) * 200
ACTIONS: tuple[Kind, ...] = ("follow", "form", "press", "recall", "field", "hover", "scroll")


def worth(features: Features, history: History | None = None) -> float:
    return score(features, history or History())


def after(*outcomes: Outcome, features: Features = LINK) -> History:
    """What is known when actions of these features led to that, one after another."""
    history = History()
    for number, outcome in enumerate(outcomes):
        history.offer(str(number), features)
        history.learn(str(number), outcome)
    return history


def shown(template: str = "t", *forms: Form, status: int = 200) -> PageSnapshot:
    return PageSnapshot(url="http://shop.test/", path="/", template=template, forms=forms, status=status)


def learnt(history: History, page: PageSnapshot, *controls: str, wrote: bool = False) -> float:
    """What the history holds a visit to be worth that was offered as the first of a kind of its own."""
    before = history.of_kind("press", again=False).worth * 0.98
    history.offer("key", Features("press"))
    history.visited("key", page, controls, wrote=wrote)
    return round(history.of_kind("press", again=False).worth - before, 6)


def test_every_kind_has_an_expectation() -> None:
    assert set(EXPECTED) == set(get_args(Kind))


def test_a_shape_not_seen_before_comes_before_the_second_of_a_shape_whatever_was_learnt() -> None:
    """The first one is deep, in the footer, hidden, one of a large family, and found when links led to nothing."""
    unlucky = replace(LINK, cousins=MOST_OF_A_FAMILY, depth=8, landmark="contentinfo", hidden=True)
    assert worth(unlucky, after(*NOTHING)) > worth(replace(LINK, known=1, depth=0, landmark="navigation"))


def test_links_are_what_others_are_measured_by_so_none_comes_sooner_for_being_found_later() -> None:
    assert worth(LINK, after(*NEW)) == worth(LINK) == worth(LINK, after(*NOTHING))


def test_what_shows_the_same_again_waits_behind_the_second_and_comes_before_the_third() -> None:
    again = replace(LINK, again=True)
    assert worth(replace(LINK, known=1)) > worth(again) > worth(replace(LINK, known=2))
    assert worth(again, after(*NEW, features=again)) < worth(LINK), "even where it leads on"


def test_actions_come_after_unknown_shapes_and_before_the_second_of_one() -> None:
    scores = [worth(Features(kind)) for kind in ACTIONS]
    assert worth(Features("link")) > max(scores)
    assert min(scores) > worth(Features("link", known=1))


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_more_of_a_cluster_or_a_family_were_offered_the_later_the_next(kind: Kind) -> None:
    for several in (
        [Features(kind, known=number) for number in range(9)],
        [Features(kind, cousins=number) for number in range(9)],
    ):
        assert all(worth(one) > worth(following) for one, following in pairwise(several))


def test_shallow_before_deep_and_the_frame_of_a_page_before_its_content_decide_among_equals_alone() -> None:
    assert worth(LINK) > worth(replace(LINK, depth=2))
    assert worth(replace(LINK, landmark="navigation", depth=2)) < worth(replace(LINK, landmark="contentinfo"))
    assert worth(replace(LINK, landmark="navigation")) > worth(LINK) > worth(replace(LINK, landmark="contentinfo"))
    assert worth(LINK) > worth(replace(LINK, hidden=True))
    assert worth(replace(LINK, depth=2)) > worth(replace(LINK, cousins=1))


def test_a_kind_whose_first_ones_led_to_nothing_comes_later_and_one_that_led_to_new_pages_sooner() -> None:
    press = Features("press")
    nothing, template = after(*NOTHING[:3], features=press), after(*NEW[:3], features=press)
    control = after("control", "control", "control", features=press)
    assert worth(press, nothing) < worth(press, control) < worth(press, template)
    assert worth(press, nothing) < worth(press) < worth(press, template)
    assert worth(LINK, nothing) == worth(LINK), "other kinds are not judged by it"


def test_a_cluster_whose_second_was_new_is_gone_on_with_and_still_comes_after_a_first() -> None:
    second, third = replace(LINK, known=1), replace(LINK, known=2)
    surprising = after("template", features=second)
    assert worth(third, surprising) > worth(replace(second, cluster="other"), surprising)
    assert worth(third, surprising) < worth(LINK, surprising)
    assert worth(third, after("nothing", features=second)) == worth(third), "it was expected to be nothing"


def test_what_is_under_way_counts_as_if_it_had_led_to_nothing() -> None:
    second, third, history = replace(LINK, known=1), replace(LINK, known=2), History()
    history.offer("a", second)
    assert worth(third, history) == worth(third, after("nothing", features=second)) < worth(second)


def test_a_visit_is_worth_most_where_it_shows_a_new_kind_of_page_then_where_it_writes_then_a_new_control() -> None:
    history, search = History(), Form(method="get", fields=(FormField(tag="input", name="q"),))
    assert learnt(history, shown("a")) == 1.0
    assert learnt(history, shown("a"), wrote=True) == 0.8
    assert learnt(history, shown("a", search)) == 0.5
    assert learnt(history, shown("a"), "act press | more") == 0.5
    assert learnt(history, shown("a", search), "act press | more") == 0.0
    assert learnt(history, shown("broken", status=500)) == 0.0


def test_a_visit_teaches_once_and_what_another_shard_offered_teaches_nothing() -> None:
    history = History()
    history.offer("key", Features("press"))
    for key in ("of another shard", "key", "key"):
        history.learn(key, "template")
    assert (history.of_kind("press", again=False).tried, history.of_kind("press", again=False).worth) == (1, 1)


def test_each_role_learns_of_its_own_actions_and_is_shown_for_the_first_time_what_another_has_seen() -> None:
    history = History()
    for role in ("editor", "visitor"):
        history.offer("key", Features("press"), role)
    for role in ("visitor", "editor"):
        history.visited("key", shown("t"), (), role=role)
    assert history.of_kind("press", again=False).worth == pytest.approx(1 + 0.98)


def test_a_priority_is_a_whole_number_that_is_lower_for_a_better_score() -> None:
    several = [
        Features(kind, known=known, again=again) for kind in EXPECTED for known in (0, 1) for again in (False, True)
    ]
    by_score = sorted(several, key=worth, reverse=True)
    ranks = [priority(one, History()) for one in by_score]
    assert ranks == sorted(ranks)
    assert min(ranks) > 0, "the page that a crawl begins with has 0"
