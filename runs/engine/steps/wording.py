"""A test in sentences, in the form in which somebody likes to read it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from runs.engine.plan import Format
from runs.engine.steps.document import Document, parse


def sentences(document: Mapping[str, Any], form: Format = "step_by_step") -> list[str]:
    """The test line by line. Raises `InvalidDocument`."""
    return list(FORMS[form](parse(document)))


def _step_by_step(test: Document) -> Iterator[str]:
    lines = [*_given(test), *(step.sentence() for step in test.steps)]
    for number, line in enumerate(lines, start=1):
        yield f"{number}. {line}"


def _checklist(test: Document) -> Iterator[str]:
    """What is done stands plain; what must hold has a box to tick."""
    yield from _given(test)
    for step in test.steps:
        yield f"☐ {step.sentence()}" if step.checks() else f"· {step.sentence()}"


def _gherkin(test: Document) -> Iterator[str]:
    yield f"Scenario: {test.title}"
    before = ""
    said: Sequence[tuple[str, str]] = [
        *(("Given", line) for line in _given(test)),
        *(("Then" if step.checks() else "When", step.sentence()) for step in test.steps),
    ]
    for word, line in said:
        yield f"  {'And' if word == before else word} {line[:1].lower()}{line[1:]}"
        before = word


def _given(test: Document) -> Iterator[str]:
    if test.auth is not None:
        yield f"Sign in as {test.auth}"
    if test.opening is not None:
        yield f"Open {test.opening}"


FORMS: dict[Format, Callable[[Document], Iterator[str]]] = {
    "step_by_step": _step_by_step,
    "checklist": _checklist,
    "gherkin": _gherkin,
}
