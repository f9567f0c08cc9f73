"""Answers in JSON to what a page asks for in the background, gone wrong at one place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from runs.engine.browser import BrowserContext, Route
from runs.engine.page.look import Look
from runs.engine.prove.breakages.base import Breakage, Damage, replace_answers
from runs.engine.prove.spoiling import Spoiling, values
from runs.engine.prove.touched import Call, Touched

MOST = 6
LEAST_LETTERS = 3
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class SpoiltAnswer(Breakage):
    """What is asked for is brought, but for one place of it. What writes is left alone: it would be carried out."""

    call: Call | None = None
    spoiling: Spoiling | None = None

    @staticmethod
    def spoilings(document: Any) -> list[Spoiling]:
        """The ways in which a document can go wrong."""
        raise NotImplementedError

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Self]:
        for call, document in _answers(touched):
            found = cls.spoilings(document)
            telling = [one for one in found if touched.after and _shows(touched.after, document, one)]
            for one in (telling or found)[:MOST]:
                yield cls(f"{call.method} {call.path} answers {one.what}", call=call, spoiling=one)

    async def prepare(self, context: BrowserContext, damage: Damage) -> None:
        call, spoiling = self.call, self.spoiling
        if call is None or spoiling is None:
            return

        async def answer(route: Route) -> None:
            response = await route.fetch()
            try:
                document = await response.json()
            except ValueError:
                await route.fulfill(response=response)
                return
            spoilt = spoiling.spoiled(document)
            damage.hits += spoilt != document
            await route.fulfill(response=response, json=spoilt)

        # Only answers that really went wrong count.
        await replace_answers(context, call, Damage(answered=damage.answered), answer)


def _answers(touched: Touched) -> Iterator[tuple[Call, Any]]:
    for call in touched.calls:
        if call.kind == "api" and not call.writes and call.answer is not None:
            try:
                yield call, json.loads(call.answer[2])
            except ValueError:
                continue


def _shows(look: Look, document: Any, spoiling: Spoiling) -> bool:
    """Whether the page seems to show something of the place; what holds other values is always taken to."""
    said = " ".join([*look.texts, *(one.name for one in look.pressables)])
    figures = set(NUMBER.findall(said))
    for value in values(document, spoiling.field.path):
        if isinstance(value, dict | list) or (isinstance(value, str) and len(value) >= LEAST_LETTERS and value in said):
            return True
        if isinstance(value, int | float) and not isinstance(value, bool) and str(value) in figures:
            return True
    return False
