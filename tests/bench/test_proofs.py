import pytest

from bench import breakages, false_alarms, proofs
from bench.sides import Broken
from tests.site.defects import DEFECTS


def test_built_in_breakages_are_counted_by_kind() -> None:
    proofs = [
        {"breakages": [{"kind": "stale", "noticed": True}, {"kind": "dead_link", "noticed": False}]},
        {"breakages": [{"kind": "stale", "noticed": False}]},
        {},
    ]
    assert breakages.built_in(proofs) == {"dead_link": (0, 1), "stale": (1, 2)}


def test_all_defects_of_the_shop_are_tried_unless_fewer_are_asked_for() -> None:
    assert breakages.arguments([]).defects == len(DEFECTS)
    assert breakages.arguments(["--defects", "3"]).defects == 3


@pytest.mark.parametrize(
    ("bench", "given"),
    [
        (proofs, ["--tests", "0"]),
        (proofs, ["--rounds", "0"]),
        (breakages, ["--tests", "0"]),
        (breakages, ["--defects", "1000"]),
        (false_alarms, ["--rounds", "0"]),
    ],
)
def test_nonsense_is_refused(bench: object, given: list[str]) -> None:
    with pytest.raises(SystemExit):
        bench.arguments(given)  # type: ignore[attr-defined]


def test_a_revision_that_is_not_there_is_told_in_one_sentence() -> None:
    with pytest.raises(Broken, match=r"There is no revision no-such-thing here: "), proofs.tree_of("no-such-thing"):
        pass
