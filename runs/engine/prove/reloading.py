"""Mutations of what the last page loads, tried by loading it once more where a clean replay has ended on it.

A replay of its own would open all pages before it once more for each. What a page shows when it is loaded again need
not be what the test saw: something may be told once only, or a broken load may have left something behind. So the page
is loaded unbroken in the end, and where it then shows something else nothing is believed of what was compared with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from runs.engine.browser import BrowserContext, Pace, Page, PageWatch, settle
from runs.engine.events import Failure
from runs.engine.execute.attempt import AttemptPlayer
from runs.engine.execute.attempt_page import AttemptPage
from runs.engine.page.look import Look
from runs.engine.passing import troubles
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
    replays have ended. `pace` says when the site may be asked again, `usual` what it answers however often it is asked
    as if that might pass. `tried` is what came of the mutations.
    """

    attempt: AttemptPlayer
    attempt_page: AttemptPage
    url: str
    own: Sequence[Identified]
    candidates: Sequence[Identified]
    calm: Look | None
    clean: Sequence[Look]
    pace_ms: int
    pace: Pace
    usual: Collection[str]
    tried: list[Tried] = field(default_factory=list)

    async def put(self, mutations: Sequence[Mutation], known: Sequence[Tried]) -> None:
        """Try those mutations that say more than is `known`; the page is theirs from then on."""
        context, watch, here = self.attempt_page.context, self.attempt_page.watch, self.attempt_page.stage.page.url
        # An address that a script has set is not what was loaded.
        if context is None or watch is None or not mutations or _bare(here) != _bare(self.url):
            return
        loading = _Loading(self, context, watch, here)
        heard = list(watch.requests)
        try:
            # An error page is the mutation's as a whole: it does not matter what was there, and nothing is left of it.
            for mutation in (mutation for mutation in mutations if mutation.of_document_alone):
                self.tried += await loading.broken(mutation)
            compared: list[Tried] = []
            steps = dict(self.own)
            for mutation in (mutation for mutation in mutations if not mutation.of_document_alone):
                if choosing.informative([mutation], [*known, *self.tried, *compared], steps.keys(), steps):
                    compared += await loading.broken(mutation)
            if compared and await loading.is_as_before(compared):
                self.tried += compared
        finally:
            watch.requests[:] = heard  # what was asked for since is nothing that the replay has met with


@dataclass
class _Loading:
    """The page at the address `here`, which is loaded again for what `reloading` tries."""

    reloading: Reloading
    context: BrowserContext
    watch: PageWatch
    here: str

    @property
    def page(self) -> Page:
        return self.reloading.attempt_page.stage.page

    async def broken(self, mutation: Mutation) -> list[Tried]:
        """What came of a mutation.

        Nothing where the page has not asked for what is broken, or where the site itself had trouble meanwhile.
        """
        effect, own = MutationEffect(), self.reloading.own
        await mutation.prepare(self.context, effect)
        try:
            await self._load()
            noticed = await self._failing(own)
            checked = list(own)
            if not noticed:  # what a candidate notices counts only where the test itself notices nothing
                noticed = await self._failing(self.reloading.candidates)
                checked += self.reloading.candidates
            look = await look_at(self.page)
        finally:
            effect.over = True  # a page that asks again meanwhile is answered alike
        if not effect.hits or self._troubled(effect):
            return []
        effective = bool(noticed) or differs(self.reloading.clean, look)
        reached = frozenset(step_id for step_id, _ in checked)
        return [Tried(mutation.kind, mutation.what, effective, reached, noticed, mutation)]

    async def is_as_before(self, compared: Sequence[Tried]) -> bool:
        """Whether the page, loaded unbroken, is as the replay left it."""
        await self._load()
        noticing = choosing.noticing(compared, self.reloading.candidates)
        failed = await self._failing([*self.reloading.own, *noticing])
        if failed or self._troubled(MutationEffect()):
            return False
        return same(await look_at(self.page), self.reloading.calm)

    async def _load(self) -> None:
        """Load the page and let it settle. What it said when it was loaded before is no matter of expectations."""
        await self.reloading.pace.turn()
        self.watch.forget_history()
        if _bare(self.page.url) == _bare(self.here):
            await self.page.reload(wait_until="domcontentloaded", timeout=LOAD_MS)
        else:
            await self.page.goto(self.here, wait_until="domcontentloaded", timeout=LOAD_MS)
        await settle(self.page, SETTLE_MS)

    async def _failing(self, steps: Sequence[Identified]) -> dict[int, Failure]:
        reloading = self.reloading
        return await failing(reloading.attempt, reloading.attempt_page, steps, reloading.pace_ms)

    def _troubled(self, effect: MutationEffect) -> bool:
        """Whether the site answered something in this load that may be otherwise soon."""
        answers = [
            request for request in self.watch.requests if (request["method"], request["url"]) not in effect.answered
        ]
        origin = self.reloading.attempt.shard.plan.site.origin
        return not set(troubles(answers, origin)) <= set(self.reloading.usual)


def _bare(url: str) -> str:
    """An address without its fragment."""
    return url.partition("#")[0]
