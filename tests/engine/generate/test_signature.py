from typing import Any

from runs.engine.generate.signature import signature


def document(value: str, **more: Any) -> dict[str, Any]:
    step = {"do": "fill", "target": {"label": "Email"}, "value": value}
    return {"title": "A title", "kind": "ui", "start": "/", "steps": [step | more.pop("step", {})]} | more


def test_titles_notes_and_memory_do_not_matter() -> None:
    noted = document("x", title="Another", priority="high", step={"note": "why", "memory": {"tag": "input"}})
    assert signature(noted) == signature(document("x"))


def test_generated_values_are_alike() -> None:
    assert signature(document("a-{{random.digits(6)}}")) == signature(document("a-{{ random.letters(4) }}"))
    assert signature(document("a-{{account.username}}")) != signature(document("a-{{random.digits(6)}}"))


def test_what_a_test_does_matters() -> None:
    assert signature(document("x")) != signature(document("y"))
    assert signature(document("x")) != signature(document("x", start="/other"))
    assert signature(document("x")) != signature(document("x", auth="account"))
