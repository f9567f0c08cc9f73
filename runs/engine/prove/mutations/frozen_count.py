from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.page.volatile import leading
from runs.engine.plan import Target
from runs.engine.prove.mutations.base import Mutation, MutationEffect, on_elements
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Stage

NUMBER = re.compile(r"\d+")
FREEZE = """const strike = (elements, [now, was]) => {
  let frozen = 0;
  for (const element of elements) {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode;
      if (node.nodeValue.includes(now)) { node.nodeValue = node.nodeValue.replace(now, was); frozen++; }
    }
    const label = element.getAttribute('aria-label');
    if (label) element.setAttribute('aria-label', label.replace(now, was));
  }
  return frozen;
};"""


@dataclass(frozen=True)
class FrozenCount(Mutation):
    """A number that the last action changed, such as that of a cart, stays what it was."""

    kind: ClassVar[str] = "frozen_count"
    of_page_alone: ClassVar[bool] = True
    target: Target | None = None
    now: str = ""
    was: str = ""

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        change, before = touched.change, touched.before
        if change is None or before is None:
            return
        for pressable in change.counted:
            like = [other.name for other in before.pressables if leading(other.name) == leading(pressable.name)]
            # Of two counters that are called alike nobody knows which is which.
            old = like[0] if len(like) == 1 else ""
            now, was = NUMBER.findall(pressable.name), NUMBER.findall(old)
            if pressable.role and now and was and now[0] != was[0]:
                target = Target(role=pressable.role, name=pressable.name, exact=True)
                yield cls(
                    f"“{pressable.name[:80]}” stays “{old[:80]}”",
                    frozenset({touched.final}),
                    target=target,
                    now=now[0],
                    was=was[0],
                )

    async def strike(self, stage: Stage, effect: MutationEffect) -> None:
        if self.target is not None:
            effect.hits += await on_elements(stage, self.target, FREEZE, [self.now, self.was])
