"""The map as people look at it: on a phone, in the dark, with hundreds of kinds of pages."""

import re

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import Page, expect

from runs.models import Part
from tests.web.conftest import Open, World
from tests.web.test_map import learn

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHOWN = "svg.map:visible"
OUTSIDE = """svg => { const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('circle,rect,text')].filter(one => { const box = one.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1; }).length; }"""
# Words that reach out of what lies behind them, or that a way is drawn over.
CROSSED = """svg => { const last = [...svg.querySelectorAll('path')].at(-1); let crossed = [];
  for (const plate of svg.querySelectorAll('.plate')) {
    const after = !last || last.compareDocumentPosition(plate) & Node.DOCUMENT_POSITION_FOLLOWING;
    const [box, texts] = [plate.getBoundingClientRect(), [...plate.parentElement.querySelectorAll('text:not(.sign)')]];
    const mine = plate.parentElement === svg ? [plate.nextElementSibling] : texts;
    const inside = (text) => text.left >= box.left - 1 && text.right <= box.right + 1
      && text.top >= box.top - 3 && text.bottom <= box.bottom + 3;
    crossed.push(...mine.filter(one => !after || !inside(one.getBoundingClientRect()))
      .map(one => one.textContent));
  }
  return svg.querySelector('.plate') ? crossed : ["no plates"]; }"""
SMALL = """svg => Math.min(...[...svg.querySelectorAll('text')].map(one => one.getBoundingClientRect().height))"""
COLOURS = """svg => [getComputedStyle(svg.querySelector('text:not(.layer):not(.sign)')).fill,
  getComputedStyle(document.body).backgroundColor]"""


@sync_to_async
def large(shop: World) -> None:
    learn(shop, 300)
    long = "Averylongwordwithoutanyplacetobreakit" * 4
    Part.objects.filter(key="t0").update(name=long)
    Part.objects.filter(kind__in=("form", "endpoint")).update(name=long)


async def test_three_hundred_kinds_of_pages_can_be_read_at_every_width(visit: Open, shop: World) -> None:
    await large(shop)
    page: Page = await visit(shop.at("/map"))
    for width in (360, 768, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        drawing = page.locator(SHOWN)
        await expect(drawing).to_have_count(1)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await drawing.evaluate(OUTSIDE) == 0
        assert await drawing.evaluate(CROSSED) == []
        assert await drawing.evaluate(SMALL) >= 9
    await page.locator(f"{SHOWN} >> a", has_text="/shop").first.click()
    await expect(page.get_by_role("heading", name="Below /shop")).to_be_visible()
    await page.set_viewport_size({"width": 360, "height": 800})
    await page.goto(shop.at("/map?under=/shop/area-3"))
    await page.locator(f"{SHOWN} >> a", has_text="Kind 3").click()
    await expect(page.get_by_role("heading", name="Kind 3")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_the_map_is_light_or_dark_as_the_page_is(visit: Open, shop: World) -> None:
    await sync_to_async(learn)(shop)
    page: Page = await visit(shop.at("/map"), color_scheme="dark")
    assert await page.locator(SHOWN).evaluate(COLOURS) == ["rgb(232, 235, 239)", "rgb(15, 18, 22)"]
    await page.emulate_media(color_scheme="light")
    assert await page.locator(SHOWN).evaluate(COLOURS) == ["rgb(22, 25, 29)", "rgb(255, 255, 255)"]
    await page.get_by_role("link", name=re.compile("^Kind 1: ")).locator("visible=true").click()
    await expect(page.get_by_role("heading", name="Kind 1")).to_be_visible()
    await expect(page.get_by_text("△ changed")).to_be_visible()


async def test_a_role_is_chosen_by_hand(visit: Open, shop: World) -> None:
    await sync_to_async(learn)(shop)
    page: Page = await visit(shop.at("/map"))
    await page.get_by_label("reached by").select_option("admin")
    await expect(page).to_have_url(re.compile("role=admin"))
    await expect(page.locator(f"{SHOWN} >> a.faint")).to_have_count(1)
