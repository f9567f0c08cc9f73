"""Tests as sentences."""

from __future__ import annotations

import json
from typing import Any

from runs.engine.steps.document import Document, InvalidDocument, parse


def sentences(document: dict[str, Any]) -> list[str]:
    """What the test does, a sentence a step; for a document of another time, what is wrong with it."""
    try:
        parsed = parse(document)
    except InvalidDocument as error:
        return [f"This document cannot be read: {error}"]
    opening = [f"Open {parsed.opening}"] if parsed.opening else []
    return [*opening, *(step.sentence() for step in parsed.steps)]


def read_document(text: str) -> Document:
    """The document that was typed. Raises InvalidDocument with a sentence for each place that is wrong."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        sentence = f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        raise InvalidDocument([("", sentence)]) from error
    if not isinstance(value, dict):
        raise InvalidDocument([("", 'A test is an object: {"title": "…", "steps": […]}')])
    return parse(value)
