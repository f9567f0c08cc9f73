"""Removing again what a form created, where the application offers it for that very record."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from runs.engine.browser import Error, Page, read_page, settle
from runs.engine.crawl.offers import script
from runs.engine.events import Seen
from runs.engine.lexicon import Intent, intents
from runs.engine.page.ours import OURS
from runs.engine.page.safety import Control, danger, denied, of_many
from runs.engine.plan import CrawlOptions

DELETES = "deletes"
PRESS_MS = 3_000
SETTLE_MS = 3_000


class Remover(Seen):
    """A control, and the record with our marker that it stands in: a CSS path, "" for none.

    `answering` is in a dialog, or in a form about that record alone.
    """

    name: str = ""
    hints: str = ""
    script: str = ""
    address: str = ""
    method: str = ""
    confirms: bool = False
    css: str
    record: str = ""
    answering: bool = False

    @property
    def deletes(self) -> bool:
        said = Control(self.name, self.hints).said
        deletes = danger(said or self.script) == DELETES or self.method == "delete"
        return deletes and not of_many(said)

    def denied(self, options: CrawlOptions) -> bool:
        return denied(self.name, options) or denied(Control(self.name, self.hints).said, options)


class Removers(Seen):
    there: bool = False
    controls: tuple[Remover, ...] = ()


def markers(path: Iterable[dict[str, Any]], typed: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """What of the entered values is ours alone: made up for this visit. `typed` is the path with its values."""
    pairs = zip(path, typed, strict=True)
    made = [str(done.get("value", "")) for step, done in pairs if "{{random" in str(step.get("value", ""))]
    return tuple(dict.fromkeys(match[0] for value in made for match in OURS.finditer(value)))


def only_one(controls: Iterable[Remover], options: CrawlOptions) -> Remover | None:
    """The control that removes a record of ours: the only one in it that removes anything, and may be pressed."""
    deleting = [control for control in controls if control.record and control.deletes]
    per_record = Counter(control.record for control in deleting)
    alone = (control for control in deleting if per_record[control.record] == 1)
    return next((control for control in alone if not control.denied(options)), None)


def agreement(controls: Iterable[Remover], options: CrawlOptions) -> Remover | None:
    """The one control of a dialog that says yes to removing, where it may be pressed."""
    offered = [control for control in controls if control.answering]
    agreeing = [control for control in offered if control.deletes or Intent.CONFIRM in intents(control.name)]
    return agreeing[0] if len(agreeing) == 1 and not agreeing[0].denied(options) else None


@dataclass(frozen=True, slots=True)
class Removing:
    """What is looked for, under which options, and who gives the turn for what is opened or pressed."""

    marked: tuple[str, ...]
    options: CrawlOptions
    turn: Callable[[], Awaitable[None]]


async def removed(page: Page, removing: Removing, places: Iterable[str]) -> bool:
    """Look on the page as it is, then at the addresses, for the record and what removes it; whether it is gone."""
    with contextlib.suppress(Error):
        for place in _places(page, places):
            if place:
                await removing.turn()
                await page.goto(place, wait_until="domcontentloaded", timeout=PRESS_MS * 2)
                await settle(page, SETTLE_MS)
            found = await _read(page, removing.marked)
            control = only_one(found.controls, removing.options)
            if control is not None:
                return await _pressed(page, control, removing)
    return False


def _places(page: Page, places: Iterable[str]) -> Iterator[str]:
    yield ""
    yield from dict.fromkeys(place for place in places if place != page.url)


async def _pressed(page: Page, control: Remover, removing: Removing) -> bool:
    listed = page.url
    await removing.turn()
    await page.locator(f"css={control.css}").click(timeout=PRESS_MS)
    await settle(page, SETTLE_MS)
    confirming = agreement((await _read(page, removing.marked)).controls, removing.options)
    if confirming is not None:
        await page.locator(f"css={confirming.css}").click(timeout=PRESS_MS)
        await settle(page, SETTLE_MS)
    response = await page.goto(listed, wait_until="domcontentloaded", timeout=PRESS_MS * 2)
    await settle(page, SETTLE_MS)
    gone = not (await _read(page, removing.marked)).there
    # An error of the server lacks the mark as well; a 404 is what a page about the record alone answers now.
    return gone and (response is None or response.status < 500)


async def _read(page: Page, marked: tuple[str, ...]) -> Removers:
    body = script("semantics.js", "forms.js", "snapshot.js", "entries.js", "controls.js", "cleaning.js")
    return Removers.model_validate(await read_page(page, body, "removers(given)", marked))
