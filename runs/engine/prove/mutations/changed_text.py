from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.page.volatile import is_steady
from runs.engine.plan import Target
from runs.engine.prove.mutations.base import Mutation, MutationEffect, on_elements
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Stage

CHANGE = """const strike = (elements) => {
  let changed = 0;
  for (const element of elements) {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode;
      if (/[\\p{L}\\p{N}]/u.test(node.nodeValue)) { node.nodeValue = ' Lorem ipsum '; changed++; }
    }
    if (element.getAttribute('aria-label')) element.setAttribute('aria-label', 'Lorem ipsum');
  }
  return changed;
};"""
MOST = 6


@dataclass(frozen=True)
class ChangedText(Mutation):
    """A heading, a message or another text that the last page shows says something else."""

    kind: ClassVar[str] = "changed_text"
    of_page_alone: ClassVar[bool] = True
    target: Target | None = None

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        for words, target, step_id in _texts(touched):
            before = touched.final if step_id is None else step_id
            yield cls(f"“{words[:80]}” says something else", frozenset({before}), aimed_at=step_id, target=target)

    async def strike(self, stage: Stage, effect: MutationEffect) -> None:
        if self.target is not None:
            effect.hits += await on_elements(stage, self.target, CHANGE)


def _texts(touched: Touched) -> Iterator[tuple[str, Target, int | None]]:
    """The main heading unless the last action leaves it as it was, what that brought about, and what is looked at."""
    before, after, change = touched.before, touched.after, touched.change
    # A heading that the last action leaves as it was is what such an action is not about.
    stays = before is not None and after is not None and before.main_heading == after.main_heading
    if after is not None and after.main_heading and not stays:
        heading = Target(role="heading", name=after.main_heading, exact=True)
        yield after.main_heading, heading, _expecting(touched, after.main_heading)
    if change is not None:
        for text in [text for text in change.texts if is_steady(text) and 8 <= len(text) <= 120][:MOST]:
            yield text, Target(text=text, exact=False), None
    for step_id in sorted(touched.expectations):
        step = touched.steps[step_id]
        target = step.aim()
        words = getattr(step, "contains", None) or (target and (target.name or target.text))
        if target is not None and words and step.about == "element" and target.nth is None:
            yield words, target, step_id


def _expecting(touched: Touched, heading: str) -> int | None:
    for step_id in touched.expectations:
        target = touched.steps[step_id].aim()
        if target is not None and target.role == "heading" and target.name == heading:
            return step_id
    return None
