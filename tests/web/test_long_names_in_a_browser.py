"""What long names and large numbers once broke, looked at in a browser."""

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from playwright.async_api import Page, expect

from projects.models import Test
from tests.web.conftest import DOCUMENT, Open, World
from tests.web.filled import Filled, filled, words

pytestmark = pytest.mark.asyncio(loop_scope="session")

OVERLAPPING = """(list) => {
  const all = [...document.querySelectorAll(list)].map((one) => one.getBoundingClientRect());
  const boxes = all.filter((one) => one.width);
  return boxes.flatMap((one, at) => boxes.slice(at + 1).filter((other) => one.left < other.right - 1
    && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1)).length;
}"""


@pytest.fixture
def full(shop: World) -> Filled:
    made = filled()
    shop.people["full"] = made.person
    return made


async def test_a_rejection_that_is_being_written_leaves_its_card_readable(visit: Open, full: Filled) -> None:
    page: Page = await visit(f"/projects/{full.project.public_id}/review", "full")
    title = page.locator(".proposal.current h2")
    before = await title.bounding_box()
    await page.keyboard.press("r")
    await expect(page.locator(".proposal.current [name=reason]")).to_be_focused()
    box = await title.bounding_box()
    assert before is not None and box is not None  # noqa: PT018
    assert box["height"] <= 2 * before["height"]
    assert box["width"] > 400


async def test_causes_name_their_tests_beside_each_other_and_no_structure(visit: Open, full: Filled) -> None:
    page: Page = await visit(f"/runs/{full.runs.full.public_id}", "full")
    await expect(page.locator("#causes li li a").first).to_be_visible()
    assert await page.evaluate(OVERLAPPING, "#causes li li a") == 0
    assert "9f3c2b1a77de" not in await page.locator("#causes").inner_text()


async def test_titles_have_the_room_of_a_column_in_which_nobody_says_anything(visit: Open, full: Filled) -> None:
    page: Page = await visit(f"/runs/{full.runs.full.public_id}?show=passed", "full")
    await expect(page.locator("#results tr")).to_have_count(30)
    await expect(page.locator("#results td.said").first).to_be_hidden()
    table = await page.locator("table:has(#results)").bounding_box()
    title = await page.locator("#results td").first.bounding_box()
    assert table is not None and title is not None  # noqa: PT018
    assert title["width"] > table["width"] / 2


async def test_more_proposals_than_999_are_counted_in_one_line(visit: Open, shop: World) -> None:
    rows = [Test(project=shop.project, title=f"T{at}", document=DOCUMENT) for at in range(1200)]
    await Test.objects.abulk_create(rows)
    page: Page = await visit(shop.at())
    count = page.locator("#waiting-count")
    await expect(count).to_have_text("999+ waiting")
    assert await count.evaluate("one => one.offsetHeight") == 16


async def test_on_a_phone_the_bar_has_room_for_its_words_and_more_opens_the_rest(visit: Open, shop: World) -> None:
    page: Page = await visit(shop.at(), width=360, height=740)
    bar = page.get_by_role("navigation", name="Main")
    items = [*await bar.get_by_role("link").all(), bar.get_by_role("button", name="More")]
    assert len(items) == 6
    for item in items:
        assert await item.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 11
        assert await item.evaluate("one => one.scrollWidth <= one.clientWidth")
    await expect(bar.get_by_role("link", name="Settings")).to_be_hidden()
    await bar.get_by_role("button", name="More").click()
    await expect(page.locator("#rail-more:popover-open")).to_be_visible()
    await page.set_viewport_size({"width": 1360, "height": 740})
    await expect(page.locator("#rail-more:popover-open")).to_have_count(0)
    await expect(bar.get_by_role("link", name="Settings")).to_be_visible()
    await page.set_viewport_size({"width": 360, "height": 740})
    await bar.get_by_role("button", name="More").click()
    await bar.get_by_role("link", name="Settings").click()
    await expect(page.get_by_role("heading", name="Settings")).to_be_visible()


async def test_a_crawl_whose_proposals_do_not_all_hold_does_not_look_like_a_red_run(visit: Open, full: Filled) -> None:
    page: Page = await visit(f"/runs/{full.runs.crawl.public_id}", "full")
    await expect(page.locator("#results tr").first).to_contain_text("not proved")
    assert (
        await page.locator("#progress .failed, #results .failed, #lanes .failed, #result-filter .failed").count() == 0
    )
    await page.goto(f"/projects/{full.project.public_id}/runs?kind=crawl")
    row = page.locator("tr", has=page.get_by_role("link", name=full.runs.crawl.public_id, exact=True))
    await expect(row.get_by_role("cell", name="20 proved of 60")).to_be_visible()
    assert await row.locator(".failed").count() == 0


async def test_a_cut_title_from_right_to_left_shows_its_beginning(visit: Open, shop: World) -> None:
    at = timezone.now()
    await sync_to_async(shop.tests)(1, "approved", title=words.ARABIC * 3, document=DOCUMENT, created_at=at)
    page: Page = await visit(shop.at("/tests"), width=768)
    title = page.locator("tbody a.cut").first
    assert await title.evaluate("one => getComputedStyle(one).direction") == "rtl"
