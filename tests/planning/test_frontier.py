import pytest

from runs.planning import saturated


@pytest.mark.parametrize(
    ("templates", "answer"), [(["a", "a", "a"], True), (["a", "a"], False), (["a", "a", "b"], False)]
)
def test_a_shape_is_saturated_when_enough_of_its_pages_look_the_same(templates: list[str], answer: bool) -> None:
    assert saturated(templates, 3) is answer
