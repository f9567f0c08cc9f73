"""Every page with long content: axe finds nothing, in light and in dark, and nothing is cut off or cramped."""

from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from typing import Any, Literal

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import Client
from playwright.async_api import Page, Route, expect

from projects.throttling import PER_ACCOUNT
from tests.web.conftest import Open, Server, World
from tests.web.every_page import NoExample, addresses, pages
from tests.web.filled import Filled, Size, filled
from tests.web.page_states import ADMINISTRATION, STATES, errors, reached

pytestmark = pytest.mark.slow
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN_AXE = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
}"""
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# What a browser says of a page that is an error, which is no fault of the page.
EXPECTED = "Failed to load resource: the server responded with a status of"
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
        await page.goto(where)
        await asked(page, where, faults)
    assert not faults.found, f"{faults}"


async def asked(page: Page, where: str, faults: Faults) -> None:
    await page.evaluate(AXE)
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        faults.note(f"{where} in {theme}", await page.evaluate(RUN_AXE))


@pytest.mark.asyncio(loop_scope="session")
async def test_axe_finds_nothing_in_dialogs_editors_and_errors_in_light_and_dark(
    visit: Open, shop: World, files_of_server: None
) -> None:
    made, _ = await seeded()
    shop.people["all"] = made.person
    examples = {**made.examples, "living": made.runs.living.public_id, "shop": shop.project.public_id}
    await sync_to_async(too_often)()
    faults = Faults()
    for state in STATES:
        page: Page = await visit(state.path.format(**examples), state.who, width=state.width)
        await page.emulate_media(reduced_motion="reduce")
        problem = await reached(page, state)
        faults.note(state.name, [problem] if problem else [])
        await asked(page, state.name, faults)
        await page.context.close()
    complaints: list[str] = visit.complaints  # type: ignore[attr-defined]
    faults.note("the console", [said for said in complaints if not said.startswith(EXPECTED)])
    complaints.clear()
    assert not faults.found, f"{faults}"


async def shown(body: str, route: Route) -> None:
    await route.fulfill(body=body, content_type="text/html")


@sync_to_async
def rendered(made: Filled) -> dict[str, str]:
    client = Client()
    client.force_login(made.person)
    return {name: answer.getvalue().decode() for name, answer in errors(client).items()}


@pytest.mark.asyncio(loop_scope="session")
async def test_axe_finds_nothing_where_something_broke(visit: Open, shop: World) -> None:
    made, _ = await seeded()
    shop.people["all"] = made.person
    page: Page = await visit("/sign-in", None)
    faults = Faults()
    for name, body in (await rendered(made)).items():
        await page.route(f"**/shown?{name}", partial(shown, body))
        await page.goto(f"/shown?{name}")
        await asked(page, name, faults)
    assert not faults.found, f"{faults}"


@pytest.mark.asyncio(loop_scope="session")
async def test_axe_finds_nothing_on_the_page_of_the_first_visit(visit: Open, shop: World) -> None:
    await sync_to_async(User.objects.all().delete)()
    page: Page = await visit("/welcome", None)
    await expect(page.locator("[name=workspace]")).to_be_visible()
    faults = Faults()
    await asked(page, "/welcome", faults)
    assert not faults.found, f"{faults}"


@pytest.mark.asyncio(loop_scope="session")
async def test_axe_finds_nothing_in_the_administration_in_light_and_dark(
    visit: Open, shop: World, files_of_server: None
) -> None:
    made, _ = await seeded()
    shop.people["all"] = made.person
    page: Page = await visit("/admin/", "all")
    faults = Faults()
    for where in ADMINISTRATION:
        for theme in THEMES:
            # Its theme looks once, when a page is loaded, whether a person wants it dark.
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            await page.goto(
                where.format(project=made.project.pk, run=made.runs.full.pk, workspace=made.project.workspace_id)
            )
            await expect(page.locator("html.dark")).to_have_count(int(theme == "dark"))
            await page.evaluate(AXE)
            faults.note(f"{where} in {theme}", await page.evaluate(RUN_AXE))
    assert not faults.found, f"{faults}"


def too_often() -> None:
    for _ in range(PER_ACCOUNT):
        Client().post("/sign-in", {"username": "often", "password": "wrong"})


WIDTHS = (360, 768, 1360, 1920)
# Text that is cut off although nobody can read the rest: no ellipsis with a title, nothing to scroll, nothing to open.
CUT = """() => [...document.querySelectorAll("main *, .rail *, .top *")].filter((one) => {
  const style = getComputedStyle(one);
  const cut = one.scrollWidth > one.clientWidth + 1 && style.overflowX === "hidden" && one.checkVisibility();
  const said = one.closest("[title], .out-of-sight, svg, select, input, textarea");
  return cut && one.clientWidth > 1 && !said;
}).map((one) => `cut: ${one.outerHTML.slice(0, 160)}`)"""
WIDER = "document.scrollingElement.scrollWidth > innerWidth ? [`wide: ${document.scrollingElement.scrollWidth}`] : []"
# Parts of the head of a page that stand over their neighbours.
SPILT = """() => [...document.querySelectorAll(".top > *")]
  .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)
  .map((one) => `spilt: ${one.textContent.replace(/\\s+/g, " ").slice(0, 160)}`)"""
# A word that is broken into lines of a few letters each, because there is no room left for it.
CRAMPED = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const said = node.data.trim();
    if (said.length < 4 || !node.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rows = [...range.getClientRects()].filter((one) => one.width).map((one) => Math.round(one.top));
    const lines = new Set(rows).size;
    const broken = lines > said.split(/\\s+/).length && said.length / lines < 4;
    if (broken) found.push(`letters in ${lines} lines: ${said.slice(0, 60)}`);
  }
  return found;
}"""


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_scrolls_sideways_is_cut_for_good_or_cramped_at_any_width(
    visit: Open, shop: World, files_of_server: None
) -> None:
    """A page that is narrowed is laid out as if it had been opened so: no script of ours reads widths."""
    made, found = await seeded()
    shop.people["all"] = made.person
    page: Page = await visit("/", "all")
    faults = Faults()
    for where in found:
        await page.goto(where)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 740})
            await page.wait_for_function("width => innerWidth === width", arg=width)
            for script in (WIDER, CUT, SPILT, CRAMPED):
                faults.note(f"{where} at {width}", await page.evaluate(script))
    assert not faults.found, f"{faults}"


def test_a_route_without_an_example_is_told() -> None:
    with pytest.raises(NoExample, match="no example of novelty"):
        addresses("projects/<str:project>/<str:novelty>", "", {"project": "PRJ-1"})
