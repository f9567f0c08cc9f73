"""Tests as sentences."""

from __future__ import annotations

import json
from typing import Any

from projects.api.parsing import faults
from runs.engine.kinds import kind_of
from runs.engine.steps.document import Document, InvalidDocument, parse


def sentences(document: dict[str, Any]) -> list[str]:
    """What the test does, a sentence a step; for a document of another time, what is wrong with it."""
    try:
        parsed = parse(document)
    except InvalidDocument as error:
        return [f"This document cannot be read: {error}"]
    opening = [f"Open {parsed.opening}"] if parsed.opening else []
    return [*opening, *(step.sentence() for step in parsed.steps)]


FORMATS = {"step_by_step": "numbered", "checklist": "ticks", "gherkin": "keywords"}


def as_written(document: dict[str, Any], form: str) -> list[tuple[str, str]]:
    """The same in the chosen format: what stands before a sentence (a box, Given, When, Then), and the sentence."""
    texts = sentences(document)
    if form == "checklist":
        return [("☐", sentence) for sentence in texts]
    if form != "gherkin":
        return [("", sentence) for sentence in texts]
    steps = [step if isinstance(step, dict) else {} for step in document.get("steps", ())]
    does = ["Then" if kind_of(step).role == "expect" else "When" for step in steps]
    words = ["Given"] * (len(texts) - len(does)) + does
    repeated = [word == before for before, word in zip(["", *words], words, strict=False)]
    return [("And" if again else word, sentence) for again, word, sentence in zip(repeated, words, texts, strict=False)]


def read_document(text: str) -> Document:
    """The document that was typed. Raises InvalidDocument with a sentence for each place that is wrong."""
    value = _json(text)
    if not isinstance(value, dict):
        raise InvalidDocument([("", 'A test is an object: {"title": "…", "steps": […]}')])
    return parse(value)


def read_steps(text: str) -> list[Any]:
    """The steps that were typed, still to be read. Raises InvalidDocument."""
    value = _json(text, "steps")
    if not isinstance(value, list):
        raise InvalidDocument([("", 'Steps are a list: [{"do": "…"}, …]')])
    return value


def _json(text: str, *place: str) -> Any:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        sentence = f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        raise InvalidDocument([("", sentence)]) from error
    except RecursionError as error:
        raise InvalidDocument([("", "This is nested too deeply.")]) from error
    except ValueError as error:  # Python reads no whole number of more than some thousand digits
        raise InvalidDocument([("", "A number in it has too many digits.")]) from error
    wrong = list(faults(value, *place))
    if wrong:
        raise InvalidDocument(wrong)
    return value
