"""Steps as rows: what a row shows, and that nothing is lost on the way into rows and out of them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.engine.steps import STEPS
from runs.engine.steps.document import InvalidDocument, parse
from runs.views.new_steps import kinds, new_step
from runs.views.step_rows import StepField, StepRow, unnamed

TEXTS = st.one_of(
    st.sampled_from(
        ["{{random.digits(6)}}", 'say "no"', " two  spaces ", "a\nb\r\nc", "<b>&amp;</b>", "\0", "x" * 300]
    ),
    st.text(max_size=8),
)
TARGETS = st.recursive(
    st.one_of(
        st.fixed_dictionaries(
            {"role": st.sampled_from(["button", "link", "oddrole"])},
            optional={"name": TEXTS, "exact": st.booleans(), "nth": st.integers(-1, 9)},
        ),
        *(st.fixed_dictionaries({way: TEXTS}) for way in ("label", "text", "css", "test_id")),
    ),
    lambda inner: st.builds(
        lambda target, scope, frame: {**target, "within": scope, "frame": [frame]}, inner, inner, inner
    ),
    max_leaves=3,
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
PARTS = st.fixed_dictionaries(
    {"do": st.sampled_from([*STEPS, "dance"])},
    optional={
        "target": TARGETS | JSON, "value": TEXTS | st.lists(TEXTS, max_size=3), "contains": TEXTS, "path": TEXTS,
        "query": st.dictionaries(TEXTS, TEXTS, max_size=3), "count": st.integers(), "key": TEXTS, "state": TEXTS,
        "timeout": st.integers(), "note": TEXTS, "odd": JSON, "name": TEXTS, "expect": JSON, "json": JSON,
    },
)  # fmt: skip
STEADY = settings(max_examples=300, deadline=None)


def shape(step: Any) -> str:
    """The row as it is read: [in brackets] what can be changed."""
    parts = StepRow.from_step(step).parts
    return " ".join(f"[{dict(p.options).get(p.value, p.value)}]" if isinstance(p, StepField) else p for p in parts)


def with_text(step: Any, label: str, text: str) -> Any:
    row = StepRow.from_step(step)
    return row.with_texts([text if field.label == label else None for field in row.fields])


@STEADY
@given(PARTS | JSON)
def test_what_is_not_changed_comes_back_as_it_was(step: Any) -> None:
    row = StepRow.from_step(step)
    assert row.with_texts([field.value for field in row.fields]) == step
    as_a_browser_sends = [field.value.replace("\r", "").replace("\n", "\r\n") for field in row.fields]
    if not any("\r" in field.value for field in row.fields):
        assert row.with_texts(as_a_browser_sends) == step


@STEADY
@given(PARTS, TEXTS, st.data())
def test_a_text_that_is_typed_is_the_one_that_stands_there_and_nothing_else_moves(
    step: Any, text: str, data: st.DataObject
) -> None:
    row = StepRow.from_step(step)
    writable = [number for number, field in enumerate(row.fields) if not field.choices]
    if not writable or "\r" in text or "\0" in text:
        return
    at = data.draw(st.sampled_from(writable))
    texts = [text if number == at else None for number in range(len(row.fields))]
    after = StepRow.from_step(row.with_texts(texts))
    assert after.fields[at].value == text or row.fields[at].whole
    others = [number for number in range(len(row.fields)) if number != at]
    assert [after.fields[n].value for n in others] == [row.fields[n].value for n in others]


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        ({"do": "fill", "target": {"label": "Email"}, "value": "a"}, "Fill the [field] [Email] with [a]"),
        ({"do": "expect_count", "target": {"css": "li"}, "count": 2}, "Expect [2] of [element that matches] [li]"),
        ({"do": "expect_text", "target": {"role": "status"}, "equals": "x"}, "Expect the [status] [] to [be] [x]"),
        (
            {"do": "expect_url", "path": "/s", "query": {"q": "1"}},
            "Expect the address to be [/s] and have q= [1]",
        ),
        ({"do": "select", "target": {"label": "A"}, "value": ["x", "y"]}, "Select [x] , [y] in the [field] [A]"),
        (
            {"do": "click", "target": {"role": "button", "name": "Go", "nth": 1, "within": {"text": "B"}}},
            'Click the 2nd [button] [Go] in text "B"',
        ),
        ({"do": "scroll", "to": "top"}, "Scroll to the [top] of the page"),
        ({"do": "dance"}, '{"do": "dance"}'),
        (5, "5"),
    ],
)  # fmt: skip
def test_a_row_reads_as_its_sentence(step: Any, shown: str) -> None:
    assert shape(step) == shown


def test_an_element_is_named_in_another_way_and_keeps_its_name() -> None:
    step = {"do": "click", "target": {"role": "link", "name": "Cart", "exact": True, "memory": {"tag": "a"}}}
    assert with_text(step, "kind of element", "role:button")["target"] == {
        "role": "button", "name": "Cart", "exact": True,
    }  # fmt: skip
    assert with_text(step, "kind of element", "text")["target"] == {"text": "Cart", "exact": True}
    assert with_text(step, "name of the element", "")["target"] == {"role": "link", "exact": True}
    both = StepRow.from_step(step).with_texts(["label", "Basket"])
    assert both["target"] == {"label": "Basket", "exact": True}


def test_comparison_and_text_change_together() -> None:
    step = {"do": "expect_title", "contains": "Shop"}
    assert StepRow.from_step(step).with_texts(["equals", "The shop"]) == {"do": "expect_title", "equals": "The shop"}


def test_numbers_stay_numbers_and_what_is_none_is_kept_to_be_refused() -> None:
    step = {"do": "expect_count", "target": {"role": "row"}, "count": 2}
    assert with_text(step, "count", "12")["count"] == 12
    assert with_text(step, "count", "many")["count"] == "many"


@pytest.mark.parametrize("kind", STEPS)
def test_a_new_step_of_every_kind_can_be_written_in_its_row_alone(kind: str) -> None:
    step = new_step(kind)
    row = StepRow.from_step(step)
    assert len(set(row.fields)) == len(row.fields)
    written = {"path": "/a", "query": "q"}
    texts = [
        field.value if field.choices or field.whole else written.get(str(field.path[-1]), "a") for field in row.fields
    ]
    whole = row.with_texts(texts)
    assert not unnamed(whole)
    parse({"title": "T", "steps": [whole]})


def test_a_new_step_that_names_nothing_is_refused() -> None:
    assert unnamed(new_step("fill"))
    with pytest.raises(InvalidDocument):
        parse({"title": "T", "steps": [new_step("press")]})


def test_every_kind_can_be_added() -> None:
    assert {kind for _, group in kinds() for kind, _ in group} == set(STEPS)
