"""Every page with content that is as long as it may be: axe finds nothing, in light and in dark, and nothing is cut."""

from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from playwright.async_api import Page

from tests.web.conftest import Open, Server, World
from tests.web.every_page import NoExample, addresses, pages
from tests.web.filled import Filled, Size, filled

pytestmark = pytest.mark.slow
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN_AXE = """async (rules) => {
  const only = rules ? { runOnly: { type: "rule", values: rules } } : {};
  const found = await axe.run(document, { resultTypes: ["violations"], ...only });
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
}"""
# What may differ between two themes of one page.
OF_COLOURS = ["color-contrast", "link-in-text-block"]
FEW = Size(tests=21, runs=14, results=21, others=7, pages=14)


@dataclass
class Faults:
    """What was found, by page."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def note(self, where: str, what: list[str]) -> None:
        if what:
            self.found.setdefault(where, []).extend(dict.fromkeys(what))

    def __str__(self) -> str:
        return "\n".join(f"{where}\n    " + "\n    ".join(what) for where, what in self.found.items())


@sync_to_async
def seeded() -> tuple[Filled, list[str]]:
    made = filled(FEW)
    client = Client()
    client.force_login(made.person)
    more = (f"/runs/{made.runs.living.public_id}", f"/runs/{made.runs.crawl.public_id}")
    return made, [*pages(client, made.examples, more)]


@pytest.fixture
def files_of_server(settings: Any, server: Server) -> None:
    """Files that are seeded here lie where the server reads them."""
    default = settings.STORAGES["default"]
    options = {**default.get("OPTIONS", {}), "location": server.data_dir / "artifacts"}
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": options}}


@pytest.mark.asyncio(loop_scope="session")
async def test_axe_finds_nothing_on_any_page_in_light_and_dark(visit: Open, shop: World, files_of_server: None) -> None:
    made, found = await seeded()
    shop.people["all"] = made.person
    page: Page = await visit("/", "all")
    faults = Faults()
    for where in found:
        await page.emulate_media(color_scheme="light", reduced_motion="reduce")
        await page.goto(where)
        await page.evaluate(AXE)
        faults.note(f"{where} in light", await page.evaluate(RUN_AXE, None))
        await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        faults.note(f"{where} in dark", await page.evaluate(RUN_AXE, OF_COLOURS))
    assert not faults.found, f"{faults}"


# Text that is cut off although nobody can read the rest: no ellipsis with a title, nothing to scroll, nothing to open.
CUT = """() => [...document.querySelectorAll("main *, .rail *, .top *")].filter((one) => {
  const style = getComputedStyle(one);
  const cut = one.scrollWidth > one.clientWidth + 1 && style.overflowX === "hidden" && one.checkVisibility();
  const said = one.closest("[title], .out-of-sight, svg, select, input, textarea, .panel.flush") ;
  return cut && one.clientWidth > 1 && !said;
}).map((one) => `cut: ${one.outerHTML.slice(0, 160)}`)"""
WIDER = "document.scrollingElement.scrollWidth > innerWidth ? [`wide: ${document.scrollingElement.scrollWidth}`] : []"


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_scrolls_sideways_or_is_cut_for_good_at_360_pixels(
    visit: Open, shop: World, files_of_server: None
) -> None:
    made, found = await seeded()
    shop.people["all"] = made.person
    page: Page = await visit("/", "all", width=360, height=740)
    faults = Faults()
    for where in found:
        await page.goto(where)
        faults.note(where, [*await page.evaluate(WIDER), *await page.evaluate(CUT)])
    assert not faults.found, f"{faults}"


def test_a_route_without_an_example_is_told() -> None:
    with pytest.raises(NoExample, match="no example of novelty"):
        addresses("projects/<str:project>/<str:novelty>", "", {"project": "PRJ-1"})
