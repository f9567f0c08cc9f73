"""Mutations of what the last page loads, tried by loading it once more where a clean replay has ended on it.

A replay of its own would open all pages before it once more for each. What a page shows when it is loaded again need
not be what the test saw: something may be told once only, or a broken load may have left something behind. So the page
is loaded unbroken in the end, and where it then shows something else nothing is believed of what was compared with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from runs.engine.browser import BrowserContext, Page, settle
from runs.engine.events import Failure
from runs.engine.execute.attempt import AttemptPlayer
from runs.engine.execute.attempt_page import AttemptPage
from runs.engine.page.look import Look
from runs.engine.prove import choosing
from runs.engine.prove.asking import Identified, failing
from runs.engine.prove.choosing import Tried
from runs.engine.prove.mutations.base import Mutation, MutationEffect
from runs.engine.prove.scenery import differs, look_at, same

LOAD_MS = 10_000
SETTLE_MS = 2_500


@dataclass
class Reloading:
    """Loads the page again and again on which an attempt has ended, each time with another mutation.

    `url` is where its document came from, `own` are the test's expectations by their ids, `candidates` those that it
    could have; together they have `pace_ms`. `calm` is how the page looked at the end of the replay, `clean` how clean
    replays have ended. `answered` are method and address of what was not the site's own answer. `tried` is what came of
    the mutations.
    """

    attempt: AttemptPlayer
    attempt_page: AttemptPage
    url: str
    own: Sequence[Identified]
    candidates: Sequence[Identified]
    calm: Look | None
    clean: Sequence[Look]
    pace_ms: int
    answered: set[tuple[str, str]] = field(default_factory=set)
    tried: list[Tried] = field(default_factory=list)
    _heard: list[dict[str, Any]] = field(default_factory=list)

    async def put(self, mutations: Sequence[Mutation], known: Sequence[Tried]) -> None:
        """Try those mutations that say more than is `known`; the page is theirs from then on."""
        context, page = self.attempt_page.context, self.attempt_page.stage.page
        # An address that a script has set is not what was loaded.
        if context is None or not mutations or _bare(page.url) != _bare(self.url):
            return
        try:
            # An error page is the mutation's as a whole: it does not matter what was there, and nothing is left of it.
            for mutation in (mutation for mutation in mutations if mutation.of_document_alone):
                self.tried += await self._loaded(context, page, mutation)
            compared: list[Tried] = []
            steps = dict(self.own)
            for mutation in (mutation for mutation in mutations if not mutation.of_document_alone):
                if choosing.informative([mutation], [*known, *self.tried, *compared], steps.keys(), steps):
                    compared += await self._loaded(context, page, mutation)
            if compared and await self._is_as_before(page, compared):
                self.tried += compared
        finally:
            if self.attempt_page.watch is not None:
                self.attempt_page.watch.requests[:0] = self._heard

    async def _loaded(self, context: BrowserContext, page: Page, mutation: Mutation) -> list[Tried]:
        """What came of a mutation; nothing where the page has not asked for what is broken."""
        effect = MutationEffect(answered=self.answered)
        await mutation.prepare(context, effect)
        await self._load(page)
        effect.over = True
        if not effect.hits:
            return []
        noticed = await self._failing(self.own)
        checked = list(self.own)
        if not noticed:  # what a candidate notices counts only where the test itself notices nothing
            noticed = await self._failing(self.candidates)
            checked += self.candidates
        effective = bool(noticed) or differs(self.clean, await look_at(page))
        reached = frozenset(step_id for step_id, _ in checked)
        return [Tried(mutation.kind, mutation.what, effective, reached, noticed, mutation)]

    async def _is_as_before(self, page: Page, compared: Sequence[Tried]) -> bool:
        await self._load(page)
        failed = await self._failing([*self.own, *choosing.noticing(compared, self.candidates)])
        return not failed and same(await look_at(page), self.calm)

    async def _load(self, page: Page) -> None:
        """Load the page and let it settle. What it said when it was loaded before is no matter of expectations."""
        if self.attempt_page.watch is not None:
            self._heard += self.attempt_page.watch.requests
            self.attempt_page.watch.forget_history()
        if _bare(page.url) == _bare(self.url):
            await page.reload(wait_until="domcontentloaded", timeout=LOAD_MS)
        else:
            await page.goto(self.url, wait_until="domcontentloaded", timeout=LOAD_MS)
        await settle(page, SETTLE_MS)

    async def _failing(self, steps: Sequence[Identified]) -> dict[int, Failure]:
        return await failing(self.attempt, self.attempt_page, steps, self.pace_ms)


def _bare(url: str) -> str:
    """An address without its fragment."""
    return url.partition("#")[0]
