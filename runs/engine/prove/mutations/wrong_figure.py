from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.plan import Target
from runs.engine.prove.mutations.base import Mutation, MutationEffect, on_elements
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Stage

MISCOUNT = """const strike = (elements) => {
  let changed = 0;
  for (const element of elements.slice(-1)) {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode;
      if (!/\\d/.test(node.nodeValue)) continue;
      node.nodeValue = node.nodeValue.replace(/\\d/, digit => (+digit + 1) % 10);
      changed++;
    }
  }
  return changed;
};"""


@dataclass(frozen=True)
class WrongFigure(Mutation):
    """An amount or a number that the last action brought about is another one, in the last place where it stands."""

    kind: ClassVar[str] = "wrong_figure"
    of_page_alone: ClassVar[bool] = True
    target: Target | None = None

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        for text, _ in touched.figures:
            target = Target(text=text, exact=True)
            yield cls(f"“{text}” is another number", frozenset({touched.final}), target=target)

    async def strike(self, stage: Stage, effect: MutationEffect) -> None:
        if self.target is not None:
            effect.hits += await on_elements(stage, self.target, MISCOUNT)
