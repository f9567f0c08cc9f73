"""What a page offers to do, read in one script call: controls to press, menus to open, fields that stand alone."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from runs.engine.browser import Page, read_page
from runs.engine.events import Form, Seen
from runs.engine.page.safety import Control

LIMITS = {"offers": 300}


class Offer(Seen):
    """One thing to do. `how` is press, hover or field.

    `container` is the chain of roles around it; where it is `repeated`, in each entry of a list, `tail` is its place
    in the entry. `twins` is how many controls have its role and name, `place` which of them it is.
    """

    how: str
    role: str = ""
    name: str = ""
    hints: str = ""
    script: str = ""
    address: str = ""
    method: str = ""
    confirms: bool = False
    landmark: str = ""
    container: str = ""
    tail: str = ""
    repeated: bool = False
    twins: int = 0
    place: int = -1
    css: str = ""
    frame: str = ""
    type: str = ""
    options: tuple[str, ...] = ()
    chosen: str = ""

    def control(self) -> Control:
        return Control(self.name, self.hints, self.script, self.address, self.method, self.confirms)


class Sends(Seen):
    """What the button of a form says besides its name."""

    css: str
    hints: str = ""
    script: str = ""
    address: str = ""
    method: str = ""
    confirms: bool = False


class Offers(Seen):
    """All of a page. While a modal dialog is open, `covered`, only what is in it can be used."""

    offers: tuple[Offer, ...] = ()
    sends: tuple[Sends, ...] = ()
    scrolls: bool = False
    covered: str = ""
    inside: frozenset[str] = frozenset()

    def control(self, form: Form) -> Control:
        """The button that sends a form."""
        # Paths within a frame begin anew: the same path may be that of another button of the page.
        sends = next((button for button in self.sends if button.css == form.submit_css and not form.frame), None)
        if sends is None:
            return Control(form.submit or form.name or form.heading or form.action, address=form.action)
        address = sends.address or form.action
        return Control(form.submit, sends.hints, sends.script, address, sends.method, sends.confirms)

    def usable(self, form: Form) -> bool:
        """Whether nothing lies over the form."""
        return not self.covered or form.css in self.inside or form.submit_css in self.inside


@cache
def script(*names: str) -> str:
    """The text of page functions, in the order in which they need each other."""
    here = files("runs.engine.crawl")
    return "\n".join(here.joinpath(name).read_text(encoding="utf-8") for name in names)


@cache
def listening() -> str:
    """What runs before a page's own scripts, so that listeners can be told later."""
    return script("listening.js")


async def offered(page: Page) -> Offers:
    """Read what the page offers now."""
    body = script("semantics.js", "forms.js", "snapshot.js", "entries.js", "controls.js", "offers.js")
    return Offers.model_validate(await read_page(page, body, "offers(given)", LIMITS))
