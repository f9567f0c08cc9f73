from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from runs.engine.browser import Error, read_page
from runs.engine.prove.mutations.base import SEEING, Mutation, MutationEffect
from runs.engine.prove.touched import Touched
from runs.engine.steps.base import Stage, Subject

EMPTY = """const empty = () => {
  const main = document.querySelector('main, [role=main]');
  const aside = 'header, nav, footer, script, style, [role=banner], [role=navigation], [role=contentinfo]';
  const parts = main ? [...main.childNodes] : [...document.body.children].filter(part => !part.matches(aside));
  parts.forEach(part => part.remove());
  return parts.length;
};"""


@dataclass(frozen=True)
class EmptiedMain(Mutation):
    """The main content of the last page is not there; header, navigation and footer are."""

    kind: ClassVar[str] = "emptied_main"
    of_page_alone: ClassVar[bool] = True
    challenges: ClassVar[frozenset[Subject]] = SEEING

    @classmethod
    def ways(cls, touched: Touched) -> Iterable[Mutation]:
        if touched.after is not None:
            yield cls(f"{touched.after.path} has no content", before_steps=frozenset({touched.final}))

    async def strike(self, stage: Stage, effect: MutationEffect) -> None:
        with contextlib.suppress(Error):
            effect.hits += bool(await read_page(stage.page, EMPTY, "empty()"))
