import pytest

from runs.planning import saturated


@pytest.mark.parametrize(
    ("visits", "structures", "refusals", "answer"),
    [(3, 1, 0, True), (2, 1, 0, False), (3, 2, 0, False), (0, 0, 3, True), (0, 0, 2, False), (1, 1, 9, False)],
)
def test_a_shape_is_saturated_when_enough_of_its_pages_look_the_same_or_all_refuse(
    visits: int, structures: int, refusals: int, answer: bool
) -> None:
    assert saturated(visits, structures, refusals, limit=3) is answer
