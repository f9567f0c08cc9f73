"""Mutations of the page alone, put to the last page of one clean replay one after the other and undone again.

A replay of its own costs half a second of a processor for each, most of it for the same pages opened once more.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from runs.engine.browser import Page, read_page
from runs.engine.events import Failure
from runs.engine.execute.attempt import AttemptPlayer
from runs.engine.execute.attempt_page import AttemptPage
from runs.engine.page.look import Look
from runs.engine.prove import choosing
from runs.engine.prove.asking import Identified
from runs.engine.prove.choosing import Tried
from runs.engine.prove.mutations.base import Mutation, MutationEffect
from runs.engine.prove.scenery import differs, look_at, same

# The page is at rest, and what strikes it has struck when it returns: nothing is worth waiting for but the machine.
# On a busy one an expectation that holds may take longer than this, and would be said to notice what it does not see.
PATIENCE_MS = 50
CALM_MS = 500
SLOWER = 4

# The records of a mutation observer, gone through backwards, say how the page was. Nodes come back themselves, with
# what listens to them. What is in shadow roots and frames is not observed: the look at the page tells that.
UNDO = """
const remember = () => {
  const before = document.documentElement.outerHTML;
  const records = [], observer = new MutationObserver(found => { records.push(...found); });
  observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true,
    attributeOldValue: true, characterDataOldValue: true});
  window.__sentri_undo = () => {
    records.push(...observer.takeRecords());
    observer.disconnect();
    for (const one of records.reverse()) {
      if (one.type === 'characterData') one.target.data = one.oldValue;
      else if (one.type === 'attributes' && one.oldValue === null) {
        one.target.removeAttributeNS(one.attributeNamespace, one.attributeName);
      } else if (one.type === 'attributes') {
        one.target.setAttributeNS(one.attributeNamespace, one.attributeName, one.oldValue);
      } else {
        one.addedNodes.forEach(node => { if (node.parentNode === one.target) one.target.removeChild(node); });
        const { nextSibling: next } = one;
        one.removedNodes.forEach(node => one.target.insertBefore(node, next));
      }
    }
    return document.documentElement.outerHTML === before;
  };
  return true;
};
const undo = () => window.__sentri_undo();
"""


@dataclass
class InPlace:
    """Puts mutations to the page that an attempt has ended on.

    `own` are the test's expectations by their ids, `candidates` those that it could have. An expectation has
    `patience_ms`, several times what the slowest one took that held. `tried` is what came of the mutations. It is empty
    again where the page was not as before in the end, or an expectation did not hold any more: then nothing that was
    seen on the way can be relied on. `calm` is how the page looked before.
    """

    attempt: AttemptPlayer
    attempt_page: AttemptPage
    own: Sequence[Identified]
    candidates: Sequence[Identified]
    clean: Sequence[Look]
    tried: list[Tried] = field(default_factory=list)
    calm: Look | None = None
    patience_ms: float = CALM_MS
    slowest_ms: float = 0.0

    async def put(self, mutations: Sequence[Mutation]) -> None:
        """Try those mutations that say more, until one cannot be undone. Raises where the page is gone."""
        page = self.attempt_page.stage.page
        self.calm = await look_at(page)
        self.attempt_page.stage.explains = False
        # A message may have gone away by itself meanwhile.
        lapsed = {*await self._ask(self.own), *await self._ask(self.candidates)}
        self.patience_ms = max(PATIENCE_MS, SLOWER * self.slowest_ms)
        self.own = [(step_id, step) for step_id, step in self.own if step_id not in lapsed]
        self.candidates = [(step_id, step) for step_id, step in self.candidates if step_id not in lapsed]
        steps = dict(self.own)
        for mutation in mutations:
            if mutation.aimed_at in lapsed or not choosing.informative([mutation], self.tried, steps.keys(), steps):
                continue
            await read_page(page, UNDO, "remember()")
            self.tried.append(await self._struck(page, mutation))
            if not await read_page(page, UNDO, "undo()") and not same(await look_at(page), self.calm):
                break
        failed = await self._ask([*self.own, *choosing.noticing(self.tried, self.candidates)])
        if failed or not same(await look_at(page), self.calm):
            self.tried.clear()

    async def _struck(self, page: Page, mutation: Mutation) -> Tried:
        effect = MutationEffect()
        await mutation.strike(self.attempt_page.stage, effect)
        if not effect.hits:
            return Tried(mutation.kind, mutation.what, False, frozenset(), {}, mutation)
        return await self._outcome(page, mutation)

    async def _outcome(self, page: Page, mutation: Mutation) -> Tried:
        noticed = await self._ask(self.own)
        checked = list(self.own)
        if not noticed:  # what a candidate notices counts only where the test itself notices nothing
            noticed = await self._ask(self.candidates)
            checked += self.candidates
        effective = bool(noticed) or differs(self.clean, await look_at(page))
        reached = frozenset(step_id for step_id, _ in checked)
        return Tried(mutation.kind, mutation.what, effective, reached, noticed, mutation)

    async def _ask(self, steps: Sequence[Identified]) -> dict[int, Failure]:
        """Which expectations do not hold now."""
        failed: dict[int, Failure] = {}
        for step_id, step in steps:
            hasty = step.model_copy(update={"timeout": round(self.patience_ms)})
            began = time.monotonic()
            _, failure = await self.attempt.performed(self.attempt_page, step_id, hasty)
            if failure is None:
                self.slowest_ms = max(self.slowest_ms, (time.monotonic() - began) * 1000)
            elif not step.optional:
                failed[step_id] = failure
        return failed
