"""Answers in JSON to what a page asks for in the background, gone wrong at one place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from runs.engine.browser import BrowserContext, Route
from runs.engine.foreign import UnreadableJson, loaded
from runs.engine.prove.json_mutation import JsonMutation, values
from runs.engine.prove.mutations.base import Mutation, MutationEffect, fetched, replace_answers
from runs.engine.prove.touched import Touched, TouchedCall

MOST = 6


@dataclass(frozen=True)
class JsonMutant(Mutation):
    """What is asked for is brought, but for one place of it. What writes is left alone: it would be carried out."""

    json_mutation: JsonMutation | None = None

    @staticmethod
    def json_mutations(document: Any) -> list[JsonMutation]:
        """The ways in which a document can go wrong."""
        raise NotImplementedError

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Self]:
        """What has most to do with the test first."""
        ranked = [
            (_worth(touched, values(document, json_mutation.field.path)), call, json_mutation)
            for call, document in _answers(touched)
            for json_mutation in cls.json_mutations(document)
        ]
        telling = [way for way in ranked if way[0]] or ranked
        found: dict[str, Self] = {}
        for _, call, json_mutation in sorted(telling, key=lambda way: -way[0]):
            what = f"{call.method} {call.path} answers {json_mutation.what}"
            found.setdefault(what, cls(what, call=call, json_mutation=json_mutation))
        return list(found.values())[:MOST]

    async def prepare(self, context: BrowserContext, effect: MutationEffect) -> None:
        call, json_mutation = self.call, self.json_mutation
        if call is None or json_mutation is None:
            return

        async def answer(route: Route) -> None:
            async with fetched(route) as got:
                if got is None:
                    return
                response, said = got
                try:
                    document = loaded(said)
                except UnreadableJson:
                    # It is no JSON this time: it goes its way unbroken, and does not count.
                    await route.fulfill(response=response)
                    return
                mutated = json_mutation.applied(document)
                effect.hits += mutated != document
                await route.fulfill(response=response, json=mutated)

        # Only answers that really went wrong count.
        await replace_answers(context, call, effect, answer, counts=False)


def _answers(touched: Touched) -> Iterator[tuple[TouchedCall, Any]]:
    for call in touched.calls:
        if call.kind == "api" and not call.writes and call.answer is not None:
            try:
                yield call, loaded(call.answer[2])
            except UnreadableJson:
                continue


def _worth(touched: Touched, there: list[Any]) -> float:
    """How much a place has to do with the test: 0 for nothing that its page shows, more than 1 for what it expects."""
    look = touched.after
    shown = [*look.texts, *(pressable.name for pressable in look.pressables)] if look else []
    expected = [text for step_id in touched.expectations for text in _texts(touched.steps[step_id].model_dump())]
    holds = any(isinstance(value, dict | list) for value in there)
    named = _share(there, expected)
    return 1 + named if named else float(holds or _share(there, shown) > 0)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def _share(there: list[Any], texts: list[str]) -> float:
    """How much of one of the texts one of the values is, at most 1."""
    words = {str(value) for value in there if isinstance(value, str | int | float) and not isinstance(value, bool)}
    shares = (
        len(word) / len(text)
        for text in texts
        for word in words
        # A figure counts only where it stands by itself: 5 is no part of 15.
        if word and word in text and re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", text)
    )
    return max(shares, default=0.0)
