import pytest

from runs.engine.locate import Strategy, describe, strategies
from runs.engine.plan import Target


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"role": "button", "name": "Add to cart"}, 'button "Add to cart"'),
        ({"role": "alert"}, "alert"),
        ({"label": "E-mail"}, 'field "E-mail"'),
        ({"placeholder": "Search"}, 'field with the hint "Search"'),
        ({"test_id": "cart"}, "element with the test id cart"),
        ({"css": ".row", "nth": 1}, "2nd element that matches .row"),
        ({"text": "More", "nth": -1}, 'last text "More"'),
        ({"text": "More", "nth": 10}, '11th text "More"'),
        (
            {"role": "button", "name": "Add", "within": {"role": "listitem", "name": "Blue mug"}},
            'button "Add" in listitem "Blue mug"',
        ),
        (
            {"label": "Card", "frame": [{"title": "Outer"}, {"title": "Payment"}]},
            'field "Card" in the frame element titled "Payment" in the frame element titled "Outer"',
        ),
    ],
)
def test_a_target_is_described_as_a_person_would(target: dict[str, object], words: str) -> None:
    assert describe(Target.model_validate(target)) == words


def test_the_first_strategy_is_the_target_as_it_was_named() -> None:
    target = Target.model_validate(
        {
            "role": "button",
            "name": "Pay",
            "exact": True,
            "nth": 0,
            "within": {"role": "dialog"},
            "frame": [{"title": "Payment"}],
            "memory": {"tag": "button"},
        }
    )
    assert strategies(target)[0] == Strategy(
        way="role",
        value="button",
        name="Pay",
        exact=True,
        frames=(Strategy("title", "Payment"),),
        within=Strategy("role", "dialog"),
        nth=0,
    )
