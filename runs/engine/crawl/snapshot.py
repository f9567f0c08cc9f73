"""What one page shows, read in one script call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from runs.engine.browser import Page, read_page
from runs.engine.crawl.fingerprint import fold, template
from runs.engine.crawl.found_links import FoundLink, found_in
from runs.engine.events import Action, Form, Heading, Landmark
from runs.engine.identity import Face, Signature, signature
from runs.engine.lexicon import Intent, intents

LIMITS = {"headings": 100, "actions": 400, "forms": 40}


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page's content: hidden elements are left out, except from `links`. `scripted`: scripts may still change it;
    not `settled`: it waited for answers when it was looked at."""

    title: str
    lang: str
    template: str
    headings: tuple[Heading, ...]
    landmarks: tuple[Landmark, ...]
    forms: tuple[Form, ...]
    actions: tuple[Action, ...]
    links: tuple[FoundLink, ...]
    scripted: bool
    signature: Signature
    settled: bool = True

    @property
    def blank(self) -> bool:
        """Whether there is nothing to read or press, as on an application that has not started yet."""
        return not (self.headings or self.landmarks or self.forms or self.actions or self.links)


@cache
def script() -> str:
    """The page functions: roles and names, then `collect`, which collects with them."""
    here = files("runs.engine.crawl")
    names = ("semantics.js", "face.js", "forms.js", "snapshot.js")
    return "\n".join(here.joinpath(name).read_text(encoding="utf-8") for name in names)


async def look(page: Page) -> ShownPage:
    """Read the page as it is now; about 30 ms for 3,000 elements. Raises `PageResists`."""
    return read(await read_page(page, script(), "collect(given)", LIMITS))


def read(raw: dict[str, Any]) -> ShownPage:
    """The values of what the page functions returned."""
    shown = _signature(raw)
    return ShownPage(
        title=str(raw["title"]),
        lang=str(raw["lang"]),
        template=shown.template,
        headings=tuple(Heading.model_validate(row) for row in raw["headings"]),
        landmarks=tuple(Landmark.model_validate(row) for row in raw["landmarks"]),
        forms=tuple(Form.model_validate(_with_button(row)) for row in raw["forms"]),
        actions=tuple(Action.model_validate(row) for row in raw["actions"]),
        links=found_in(raw["links"]),
        scripted=bool(raw["scripted"]),
        signature=shown,
    )


def _with_button(row: dict[str, Any]) -> dict[str, Any]:
    """A form of a dialog whose button stands beside it: the first that does more than close the dialog."""
    beside = ((name, css) for name, css in row["beside"] if name and Intent.CANCEL not in intents(name))
    name, css = next(beside, ("", ""))
    return row | {"submit": name, "submit_css": css} if css else row


def _signature(raw: dict[str, Any]) -> Signature:
    """Without its place: a page does not know which parts of its address vary."""
    folded = fold(raw["skeleton"])
    return signature(template(folded), folded, face_of(raw))


def face_of(raw: dict[str, Any]) -> Face:
    """What is shown beside the structure, of what the page function returned."""
    headings = sorted(raw["headings"], key=lambda row: int(row["level"]))
    face = raw["face"]
    return Face(
        heading=str(headings[0]["text"]) if headings else "",
        text=str(face["text"]),
        chosen=tuple(face["chosen"]),
        dialogs=tuple(face["dialogs"]),
        told=tuple(face["told"]),
        colours=face["colours"],
    )
