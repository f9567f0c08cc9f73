"""What a page shows in place of what was expected, for sentences about failures. Never raises, never takes long."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from playwright.async_api import Error, Locator

from runs.engine.inpage import PageResists, read_elements
from runs.engine.locate import Strategy, describe, strategies
from runs.engine.plan import Target
from runs.engine.steps.base import Stage, listed, one_line
from runs.engine.steps.locator import find

# The step has waited for its whole time already when this is looked for.
SECONDS = 2.0
KINDS = {"label": "input:not([type=hidden]), select, textarea", "placeholder": "[placeholder]", "alt": "img[alt]"}
PLURALS = {"label": "fields", "placeholder": "hints", "alt": "pictures"}

NAMES = """const names = (elements) => elements.filter(e => e.checkVisibility()).slice(0, 30).map(e =>
  (e.getAttribute('aria-label') || (e.labels && e.labels[0] && e.labels[0].textContent) || e.innerText
   || e.getAttribute('alt') || e.getAttribute('placeholder') || e.getAttribute('name') || e.value || '').trim());"""


@dataclass(frozen=True)
class MatchedElements:
    """`number`: how many such elements are on the page. `sentence`: what is there instead, in brackets, or nothing.

    A page whose script does not end says nothing: `silent`.
    """

    number: int = 0
    sentence: str = ""
    received: str | None = None
    silent: bool = False


async def company(stage: Stage, target: Target) -> MatchedElements:
    """What stands where the element was expected: the element itself in another state, or its like by other names."""
    if not stage.explains:
        return MatchedElements()
    try:
        async with asyncio.timeout(SECONDS):
            located = stage.locate(target)
            number = await located.count()
            if number:
                return MatchedElements(number, received=await _state(located.first))
            return await _alike(stage, target)
    except PageResists as error:
        return MatchedElements(sentence=f" ({error.message})")
    except Error:
        return MatchedElements()
    except TimeoutError:
        said = " (the page does not answer; a script may run for ever)"
        return MatchedElements(sentence=said, received="no answer", silent=True)


async def _state(located: Locator) -> str | None:
    if not await located.is_visible():
        return "it is hidden"
    return None if await located.is_enabled() else "it is disabled"


async def _alike(stage: Stage, target: Target) -> MatchedElements:
    strategy = strategies(target)[0]
    if strategy.within and not await find(stage.page, strategy.within).count():
        missing = describe(target.within) if target.within else ""
        return MatchedElements(sentence=f" (nor is there {missing})", received=f"no {missing}")
    similar = await _similar(stage, strategy)
    if similar is None:
        return MatchedElements()
    plural = PLURALS.get(strategy.way, f"{strategy.value}s")
    names = [name for name in (one_line(text, 60) for text in similar) if name]
    there = listed(list(dict.fromkeys(names)))
    return MatchedElements(
        sentence=f" ({plural} there: {there})" if there else f" (no {plural} there)", received=there or None
    )


async def _similar(stage: Stage, strategy: Strategy) -> list[str] | None:
    plain = replace(strategy, nth=None)
    if strategy.way == "role" and strategy.name is not None:
        alike = replace(plain, name=None)
    elif strategy.way in KINDS:
        alike = replace(plain, way="css", value=KINDS[strategy.way])
    else:
        return None
    return list(await read_elements(find(stage.page, alike), NAMES, "names(elements)"))


async def texts(stage: Stage, target: Target) -> list[str]:
    """What the elements say, at most five of them."""
    if not stage.explains:
        return []
    located = stage.locate(target)
    try:
        async with asyncio.timeout(SECONDS):
            return [one_line(text) for text in (await located.all_inner_texts())[:5]]
    except (Error, TimeoutError):
        return []
