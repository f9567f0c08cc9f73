"""Tests of an API: what they expect is put to broken copies of the answers that their requests were given.

The driver's own requests cannot be broken on their way, so nothing is sent again: a copy stands for an API that
answers wrongly.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from runs.engine.events import Failure
from runs.engine.foreign import UnreadableJson, loaded
from runs.engine.prove.choosing import Tried
from runs.engine.prove.json_mutation import JsonMutation, missing, retyped
from runs.engine.steps.answer import Answer
from runs.engine.steps.base import Step, StepFailed
from runs.engine.steps.request import Request

Copies = Iterator[tuple[str, Answer]]
MOST_PLACES = 4


def _status(answer: Answer) -> Copies:
    yield "answers 500", replace(answer, status=500, body=b'{"error": "Internal Server Error"}')
    yield "answers 404", replace(answer, status=404, body=b'{"error": "Not Found"}')


def _empty(answer: Answer) -> Copies:
    if answer.body:
        yield "answers with an empty body", replace(answer, body=b"")


def _emptied(answer: Answer) -> Copies:
    body = _json(answer)
    if body:
        yield "answers without content", _with(answer, [] if isinstance(body, list) else {})


def _missing_key(answer: Answer) -> Copies:
    return _mutated(answer, missing)


def _wrong_type(answer: Answer) -> Copies:
    return _mutated(answer, retyped)


ANSWERS: dict[str, Callable[[Answer], Copies]] = {
    "answer_status": _status,
    "answer_empty": _empty,
    "answer_emptied": _emptied,
    "answer_missing_key": _missing_key,
    "answer_wrong_type": _wrong_type,
}


def tried(steps: Mapping[int, Step], answers: Mapping[int, Answer], most: int) -> list[Tried]:
    """What each request's expectations say to broken copies of its answer: one of each kind, then a second, and so on.

    `most` in all.
    """
    queues = [
        (step, step_id, kind, list(copies(answer)))
        for step_id, answer in answers.items()
        if isinstance(step := steps[step_id], Request)
        for kind, copies in ANSWERS.items()
    ]
    longest = max((len(copies) for *_, copies in queues), default=0)
    found = [
        _put(step, step_id, kind, copies[turn])
        for turn in range(longest)
        for step, step_id, kind, copies in queues
        if turn < len(copies)
    ]
    return found[:most]


def _put(step: Request, step_id: int, kind: str, copy: tuple[str, Answer]) -> Tried:
    what, answer = copy
    noticed: dict[int, Failure] = {}
    try:
        step.expect.verify(answer)
    except StepFailed as error:
        noticed[step_id] = Failure(kind=error.kind, message=error.message, step=step_id)
    return Tried(kind, f"{step.method} {step.path} {what}", True, frozenset({step_id}), noticed)


def _json(answer: Answer) -> Any:
    try:
        return loaded(answer.body)
    except UnreadableJson:
        return None


def _mutated(answer: Answer, ways: Callable[[Any], list[JsonMutation]]) -> Copies:
    document = _json(answer)
    for mutation in ways(document)[:MOST_PLACES] if document is not None else ():
        yield f"answers {mutation.what}", _with(answer, mutation.applied(document))


def _with(answer: Answer, body: Any) -> Answer:
    return replace(answer, body=json.dumps(body).encode())
