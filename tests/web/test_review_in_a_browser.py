"""The review queue as people use it: by keyboard, in place, many at once, and back again."""

import re
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import Locator, Page, expect

from projects.models import Comment, Test
from tests.web.conftest import Open, World

pytestmark = pytest.mark.asyncio(loop_scope="session")
# What has the focus as soon as an answer of the server is shown; "" where htmx would still change something.
HOLD_THE_FOCUS = """let settled = false;
document.addEventListener("htmx:afterSettle", () => { settled = true; }, { once: true });
document.addEventListener("htmx:afterSwap",
  () => setTimeout(() => { window.focused = settled ? document.activeElement.name : ""; }), { once: true })"""


@pytest.fixture
def queue(shop: World) -> list[Test]:
    evidence = {"replays": 3, "passed": 3, "why": "It was seen thrice."}
    return shop.tests(4, evidence=evidence, family="form", template="/p/{id}")


@sync_to_async
def review_states(shop: World) -> list[str]:
    return list(shop.project.tests.order_by("pk").values_list("review_status", flat=True))


def current(page: Page) -> Locator:
    return page.locator(".proposal.current h2")


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def test_keys_pressed_quicker_than_answers_come_decide_about_one_test_each(visit: Open, shop: World) -> None:
    await sync_to_async(shop.tests)(7)
    page: Page = await visit(shop.at("/review"))
    await page.evaluate("""() => {
      const pressed = () => new KeyboardEvent("keydown", { key: "a", bubbles: true });
      for (let time = 0; time < 5; time++) document.activeElement.dispatchEvent(pressed());
    }""")
    await expect(current(page)).to_have_text("Test 5")
    await expect(page.locator("#waiting-count")).to_contain_text("2")
    assert await review_states(shop) == ["approved"] * 5 + ["draft"] * 2
    await press(page, "z", "z")
    await expect(page.locator("#waiting-count")).to_contain_text("4")
    assert await review_states(shop) == ["approved"] * 3 + ["draft"] * 4


async def test_what_was_not_approved_after_all_is_shown_again(visit: Open, shop: World, queue: list[Test]) -> None:
    page: Page = await visit(shop.at("/review"))
    await page.route("**/decide**", lambda route: route.abort())
    await press(page, "a", "a")
    await expect(page.get_by_text("Sentri does not answer")).to_be_visible()
    await expect(page.locator(".proposal:visible")).to_have_count(4)
    assert await review_states(shop) == ["draft"] * 4
    visit.complaints.clear()  # type: ignore[attr-defined]


async def test_a_queue_is_reviewed_and_taken_back_by_keys_alone(visit: Open, shop: World, queue: list[Test]) -> None:
    page: Page = await visit(shop.at("/review"))
    await expect(current(page)).to_have_text("Test 0")
    await expect(page.locator(".proposal.current").get_by_text('Click the button "Buy"')).to_be_visible()
    await press(page, "j")
    await expect(current(page)).to_have_text("Test 1")
    await press(page, "a")
    await expect(page.get_by_text("Approved: Test 1")).to_be_visible()
    await expect(current(page)).to_have_text("Test 2")
    await expect(page.locator("#waiting-count")).to_contain_text("3")
    await press(page, "r")
    await page.keyboard.type("flaky jest")
    await press(page, "Enter")
    await expect(page.get_by_text("Rejected: Test 2")).to_be_visible()
    assert await review_states(shop) == ["draft", "approved", "rejected", "draft"]
    assert (await Test.objects.aget(pk=queue[2].pk)).reason == "flaky jest"
    await press(page, "z")
    await expect(page.get_by_text("Undone: Test 2")).to_be_visible()
    await press(page, "z")
    await expect(page.get_by_text("Undone: Test 1")).to_be_visible()
    assert await review_states(shop) == ["draft"] * 4
    await press(page, "1", "9", "k", "k", "k")
    await expect(current(page)).to_have_text("Test 0")
    await press(page, "Enter")
    await expect(page).to_have_url(re.compile(f"/tests/{queue[0].public_id}$"))


async def test_a_reason_is_pressed_and_escape_rejects_nothing(visit: Open, shop: World, queue: list[Test]) -> None:
    page: Page = await visit(shop.at("/review"))
    await press(page, "r", "Escape", "j", "r")
    await page.locator(".proposal.current").get_by_role("button", name="Duplicate").click()
    await expect(page.get_by_text("Rejected: Test 1")).to_be_visible()
    assert await review_states(shop) == ["draft", "rejected", "draft", "draft"]
    assert (await Test.objects.aget(pk=queue[1].pk)).reason == "Duplicate"


async def test_ranges_are_selected_by_keys_and_by_clicks_and_decided_together(
    visit: Open, shop: World, queue: list[Test]
) -> None:
    page: Page = await visit(shop.at("/review"))
    await press(page, "Shift+J", "Shift+J")
    await expect(page.get_by_text("3 selected")).to_be_visible()
    await press(page, "Space")
    await expect(page.get_by_text("2 selected")).to_be_visible()
    await page.get_by_label("Select Test 0").uncheck()
    await page.get_by_label("Select Test 1").uncheck()
    await page.get_by_label("Select Test 3").check()
    await page.get_by_label("Select Test 1").click(modifiers=["Shift"])
    await expect(page.get_by_text("3 selected")).to_be_visible()
    await page.locator("#bulk").get_by_text("Reject them …").click()
    await page.locator("#bulk").get_by_role("button", name="Not stable").click()
    await expect(page.get_by_text("Rejected: 3 tests")).to_be_visible()
    assert await review_states(shop) == ["draft", "rejected", "rejected", "rejected"]
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("Undone: 3 tests")).to_be_visible()
    assert await review_states(shop) == ["draft"] * 4


async def test_all_from_a_score_on_are_approved_and_undone(visit: Open, shop: World) -> None:
    def scored() -> None:
        shop.tests(25, score=92)
        shop.tests(2, score=60)

    await sync_to_async(scored)()
    page: Page = await visit(shop.at("/review"))
    await page.get_by_role("link", name="≥ 90: 25").click()
    await expect(page.get_by_text("with score ≥ 90")).to_be_visible()
    await page.get_by_role("button", name="Approve all 25").click()
    await expect(page.get_by_text("Approved: 25 tests")).to_be_visible()
    await expect(page.get_by_text("Nothing matches")).to_be_visible()
    await press(page, "z")
    await expect(page.get_by_text("Undone: 25 tests")).to_be_visible()
    assert await review_states(shop) == ["draft"] * 27


async def test_steps_are_edited_by_keys(visit: Open, shop: World, queue: list[Test]) -> None:
    page: Page = await visit(shop.at("/review"))
    card = page.locator(".proposal.current")
    rows = card.locator("[data-row]")
    await press(page, "e")
    await expect(card.get_by_label("Title")).to_be_focused()
    await press(page, "Tab")
    await expect(card.get_by_label("Path")).to_be_focused()
    await page.keyboard.type("cart")
    await page.evaluate(HOLD_THE_FOCUS)
    await press(page, "Control+Enter")
    await expect(rows.first.get_by_text("A path begins with /")).to_be_visible()
    assert await page.evaluate("window.focused") == "field-1", "Focus is at the step that is wrong"
    await expect(card.get_by_label("Path")).to_have_value("cart")
    await card.get_by_label("Path").fill("/cart")
    await press(page, "Alt+ArrowDown", "Alt+ArrowDown")
    await expect(card.get_by_label("Path")).to_be_focused()
    await expect(rows.first.get_by_label("Name of the element")).to_have_value("Buy")
    await rows.first.get_by_role("button", name="Delete").focus()
    await press(page, "Enter", "a", "j")
    await expect(rows.first.get_by_role("button", name="Put back")).to_be_focused()
    await press(page, "Control+Enter")
    await expect(page.get_by_text("Saved version 2: Test 0")).to_be_visible()
    assert (await Test.objects.aget(pk=queue[0].pk)).document["steps"] == [{"do": "expect_url", "path": "/cart"}]


async def test_a_step_is_added_and_is_the_same_as_json(visit: Open, shop: World, queue: list[Test]) -> None:
    page: Page = await visit(shop.at("/review"))
    card = page.locator(".proposal.current")
    await press(page, "e")
    await card.get_by_label("Kind of the new step").select_option("fill")
    await card.get_by_label("Kind of the new step").focus()
    await page.evaluate(HOLD_THE_FOCUS)
    await press(page, "Enter")
    await expect(card.locator("[data-row]").nth(2).get_by_label("Name of the element")).to_be_focused()
    assert await page.evaluate("window.focused") == "field-3"
    await page.keyboard.type('My "mail"')
    await press(page, "Tab")
    await page.keyboard.type("{{random.digits(6)}}")
    await card.get_by_role("button", name="As JSON").click()
    steps = card.get_by_label("Steps")
    await expect(steps).to_be_focused()
    await steps.fill((await steps.input_value()).replace('"/"', '"/basket"'))
    await card.get_by_role("button", name="As rows").click()
    await expect(card.get_by_label("Path")).to_have_value("/basket")
    await press(page, "Control+Enter")
    await expect(page.get_by_text("Saved version 2: Test 0")).to_be_visible()
    assert (await Test.objects.aget(pk=queue[0].pk)).document["steps"] == [
        {"do": "expect_url", "path": "/basket"},
        {"do": "click", "target": {"role": "button", "name": "Buy"}},
        {"do": "fill", "target": {"label": 'My "mail"'}, "value": "{{random.digits(6)}}"},
    ]


async def test_escape_cancels_and_asks_first_where_something_would_be_lost(
    visit: Open, shop: World, queue: list[Test]
) -> None:
    page: Page = await visit(shop.at("/review"))
    card = page.locator(".proposal.current")
    await press(page, "e")
    await expect(card.get_by_label("Title")).to_be_focused()
    await press(page, "Escape")
    await expect(card.get_by_label("Title")).to_be_hidden()
    await press(page, "e")
    await expect(card.get_by_label("Title")).to_be_focused()
    await page.keyboard.type("x")
    await press(page, "Escape")
    await expect(card.get_by_role("button", name="Discard the changes?")).to_be_focused()
    await card.get_by_label("Title").press("y")
    await expect(card.get_by_role("button", name="Cancel")).to_be_visible()
    await press(page, "Escape", "Escape")
    await expect(card.get_by_label("Title")).to_be_hidden()
    assert (await Test.objects.aget(pk=queue[0].pk)).version == 1


async def test_a_test_is_edited_in_place_and_a_mistake_loses_nothing(
    visit: Open, shop: World, queue: list[Test]
) -> None:
    page: Page = await visit(shop.at("/review"))
    card = page.locator(".proposal.current")
    await press(page, "e")
    await expect(card.get_by_label("Title")).to_be_focused()
    await card.get_by_label("Title").fill("Buying a mug")
    await card.get_by_role("button", name="As JSON").click()
    steps = card.get_by_label("Steps")
    written = await steps.input_value()
    await steps.fill(written.replace('"click"', '"klick"'))
    await page.evaluate(HOLD_THE_FOCUS)
    await press(page, "Control+Enter")
    await expect(card.get_by_text("'klick' is not a step")).to_be_visible()
    assert await page.evaluate("window.focused") == "steps", "Focus moves with the answer, not after it"
    await expect(card.get_by_label("Title")).to_have_value("Buying a mug")
    await steps.fill(written)
    await press(page, "Control+Enter")
    await expect(page.get_by_text("Saved version 2: Buying a mug")).to_be_visible()
    await expect(current(page)).to_have_text("Buying a mug")
    await press(page, "j")
    await expect(current(page)).to_have_text("Test 1")
    assert await review_states(shop) == ["draft"] * 4


async def test_a_comment_is_written_on_the_card(visit: Open, shop: World, queue: list[Test]) -> None:
    page: Page = await visit(shop.at("/review"))
    await press(page, "c")
    await expect(page.locator(".proposal.current textarea")).to_be_focused()
    await page.keyboard.type("Is this stable?")
    await press(page, "Control+Enter")
    await expect(page.locator(".comments").get_by_text("Is this stable?")).to_be_visible()
    assert await Comment.objects.acount() == 1
    await page.locator(".comments").get_by_role("button", name="Delete").click()
    await page.locator(".comments").get_by_role("button", name="Press again").click()
    await expect(page.get_by_text("Is this stable?")).to_be_hidden()
    assert await Comment.objects.acount() == 0


async def test_a_viewer_reads_and_no_key_decides(visit: Open, shop: World, queue: list[Test]) -> None:
    page: Page = await visit(shop.at("/review"), "viewer")
    await press(page, "j", "a", "r", "e", "x", "z", "Shift+J")
    await expect(current(page)).to_have_text("Test 2")
    assert await review_states(shop) == ["draft"] * 4


@sync_to_async
def at_their_worst(shop: World) -> None:
    """Proposals with all evidence and with none, and names that nothing can break."""
    long = "Averylongwordwithoutanyplacetobreakit" * 8
    evidence = {
        "replays": 3, "passed": 3, "duration_ms": 1200, "why": long, "checks": [long], "noticed": 1, "effective": 2,
        "breakages": [{"what": long, "noticed": flag, "by": long} for flag in (True, False)],
        "dropped": [{"step": long, "because": long}], "added": [long], "pruned": [long], "merged": [long],
    }  # fmt: skip
    kinds: tuple[dict[str, Any], ...] = ({"evidence": evidence, "score": 100}, {"evidence": {}})
    for fields in kinds:
        test = shop.tests(1, family=long[:40], template=long[:80], page_url=f"http://shop.test/{long}", **fields)[0]
        step = {
            "do": "fill",
            "target": {"label": long, "within": {"role": "form", "name": long}},
            "value": f"{long}\n{long}",
        }
        test.edit(None, long[:300], {**test.document, "title": long[:300], "steps": [step]})
        Comment.objects.create(test=test, author_name=long[:160], text=f"https://shop.test/{long}")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
async def test_nothing_of_a_card_scrolls_sideways(visit: Open, shop: World, width: int, scheme: str) -> None:
    await at_their_worst(shop)
    page: Page = await visit(shop.at("/review"), width=width, color_scheme=scheme)
    for _ in range(2):
        await page.evaluate("document.querySelectorAll('details:not(.menu)').forEach((one) => { one.open = true; })")
        await expect(page.locator(".proposal.current .comments")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        await press(page, "Escape", "e")
        await expect(page.locator("[data-row]")).to_have_count(1)
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        await press(page, "Escape")
        await expect(page.locator("[data-row]")).to_have_count(0)
        await press(page, "j")
