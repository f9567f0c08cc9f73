from typing import Any

import pytest

from runs.insight import Proven, merged, score
from runs.insight.scoring import MOST

SEE = {"do": "expect_visible", "target": {"role": "heading", "name": "Thank you"}}
SAYS = {"do": "expect_text", "target": {"role": "status"}, "contains": "Sent"}
CLICK = {"do": "click", "target": {"role": "button", "name": "Send"}}


def document(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "ui", "steps": list(steps), **more}


def proof(**more: Any) -> dict[str, Any]:
    return {"replays": 3, "passed": 3, "effective": 8, "noticed": 8, **more}


def test_a_long_flow_that_notices_everything_has_all_points() -> None:
    found, parts = score(document(CLICK, CLICK, CLICK, CLICK, SEE, SAYS, SEE), proof(), 900)
    assert found == sum(MOST.values()) == 100
    assert parts == dict(MOST)


@pytest.mark.parametrize(
    ("part", "worse"),
    [
        ("replays", (document(CLICK, SEE, SAYS), proof(replays=1, passed=1), 900)),
        ("sensitivity", (document(CLICK, SEE, SAYS), proof(noticed=4), 900)),
        ("sensitivity", (document(CLICK, SEE, SAYS), proof(effective=1, noticed=1), 900)),
        ("sensitivity", (document(CLICK, SEE, SAYS), proof(effective=0, noticed=0), 900)),
        ("expectations", (document(CLICK, SEE), proof(), 900)),
        ("targets", (document(CLICK, {**SEE, "target": {"css": "#a"}}, SAYS), proof(), 900)),
        ("targets", (document(CLICK, {**SEE, "target": {"role": "row", "nth": 1}}, SAYS), proof(), 900)),
        ("speed", (document(CLICK, SEE, SAYS), proof(), 9_000)),
        ("flow", (document(SEE, SAYS), proof(), 900)),
    ],
)
def test_each_part_tells_a_better_test_from_a_worse_one(part: str, worse: Any) -> None:
    good, good_parts = score(document(CLICK, SEE, SAYS), proof(), 900)
    bad, bad_parts = score(*worse)
    assert bad < good
    assert bad_parts[part] < good_parts[part]
    assert bad == sum(bad_parts.values())


def test_scores_stay_between_0_and_100() -> None:
    assert score(document(), {}, 60_000)[0] >= 0
    assert score(document(*[CLICK] * 50, *[SAYS] * 50), proof(), 0)[0] == 100


def proven(
    number: int, *checks: str, page: str = "/", points: int = 50, noticed: str = "a", fill: str = "Ann"
) -> Proven:
    steps = [{"do": "fill", "target": {"label": "Name"}, "value": fill, "note": f"{number}"}, CLICK, SEE]
    breakages = [{"kind": "error_status", "what": noticed, "noticed": bool(noticed)}]
    return Proven.from_proof(number, document(*steps), page, points, {"breakages": breakages, "checks": checks})


def test_a_test_is_merged_into_one_that_checks_more_and_notices_the_same() -> None:
    assert merged([proven(1, "x"), proven(2, "x", "y")]) == {1: 2}


def test_of_equal_tests_the_one_with_the_higher_score_stays_then_the_first() -> None:
    assert merged([proven(1, "x", points=40), proven(2, "x", points=60)]) == {1: 2}
    assert merged([proven(1, "x"), proven(2, "x")]) == {2: 1}


def test_what_is_of_another_page_or_notices_something_else_stays() -> None:
    tests = [proven(1, "x"), proven(2, "x", page="/b"), proven(3, "x", noticed="b"), proven(4, "z")]
    assert merged(tests) == {}


def test_what_enters_something_else_or_noticed_nothing_stays() -> None:
    assert merged([proven(1, "x", fill="x" * 99), proven(2, "x", fill="")]) == {}
    assert merged([proven(1, "x", noticed=""), proven(2, "x", noticed="")]) == {}
