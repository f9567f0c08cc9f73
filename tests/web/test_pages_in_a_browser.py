"""The pages as people use them: by keyboard, on a phone, in the dark."""

import re

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.async_api import Page, expect

from projects.models import Environment, Test
from runs.models import CrawlPage
from tests.web.conftest import PASSWORD, Open, World, close, ended

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def queue(shop: World) -> list[Test]:
    evidence = {"replays": 2, "passed": 2, "why": "It was seen twice."}
    return shop.tests(4, evidence=evidence, family="form", template="/p/{id}")


@sync_to_async
def review_states(shop: World) -> list[str]:
    return list(shop.project.tests.order_by("pk").values_list("review_status", flat=True))


async def test_a_person_signs_in_and_out(visit: Open, shop: World) -> None:
    user = shop.people["viewer"]
    user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1)  # one that the server knows
    await user.asave()
    page = await visit("/", None)
    await page.get_by_label("User name").fill("viewer")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    await page.locator("summary[aria-label=Account]").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_g_and_a_letter_leads_somewhere_and_decides_nothing(visit: Open, shop: World, queue: list[Test]) -> None:
    page: Page = await visit(shop.at("/review"))
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await expect(page).to_have_url(re.compile("/review$"))
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await expect(page).to_have_url(re.compile("/tests$"))
    assert await review_states(shop) == ["draft"] * 4


async def test_slash_searches_question_mark_explains_and_rows_have_keys(
    visit: Open, shop: World, queue: list[Test]
) -> None:
    page: Page = await visit(shop.at("/tests"))
    await page.keyboard.press("?")
    await expect(page.get_by_role("heading", name="Shortcuts")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await page.keyboard.type("test 3")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page).to_have_url(re.compile("q=test"))
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Test 3")).to_be_visible()


async def test_the_theme_follows_the_system_until_the_person_says_otherwise(visit: Open, shop: World) -> None:
    page: Page = await visit("/", color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    assert await page.evaluate(background) == "rgb(15, 18, 22)"
    await page.get_by_role("button", name="Switch between light and dark").click()
    assert await page.evaluate(background) == "rgb(255, 255, 255)"
    await page.reload()
    assert await page.evaluate(background) == "rgb(255, 255, 255)"


async def test_times_are_local_and_their_title_is_utc(visit: Open, shop: World) -> None:
    run = await sync_to_async(lambda: ended(shop.run(1)))()
    page: Page = await visit(f"/runs/{run.public_id}", timezone_id="Asia/Tokyo", locale="en-GB")
    time = page.locator("#log time").first
    local = f"{(run.created_at.hour + 9) % 24:02}:{run.created_at.minute:02}"
    await expect(time).to_have_text(re.compile(f"^{local}:"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", await time.get_attribute("title") or "")


@sync_to_async
def everything(shop: World) -> list[str]:
    """Pages with the longest names that anybody will give."""
    long = "Averylongwordwithoutanyplacetobreakit" * 4
    shop.project.name = long[:118]
    shop.project.save()
    Environment.objects.create(project=shop.project, name=long[:78], base_url=f"https://{long[:50]}.example/{long}")
    fields = {"family": "form", "template": f"/{long[:70]}", "page_url": f"http://shop.test/{long}"}
    test = shop.tests(1, "rejected", **fields)[0]
    Test.objects.filter(pk=test.pk).update(title=long, reason=long)
    shop.tests(2, **fields)
    run = shop.run(3)
    run.results.update(title=long)
    run = ended(run, "failed")
    result = run.results.first()
    assert result is not None
    result.attempts.update(
        failure={"kind": "expectation", "message": long, "expected": long, "received": long},
        steps=[
            {"index": 0, "do": "click", "sentence": f"Click {long}", "ok": False, "duration_ms": 5000, "error": long}
        ],
        console=[long],
        requests=[{"method": "GET", "url": f"http://shop.test/{long}", "status": 500, "duration_ms": 12}],
    )
    crawl = shop.crawl()
    CrawlPage.objects.filter(run=crawl).update(
        url=f"http://shop.test/{long}", template=long[:78], title=long, status="done", http_status=200,
        snapshot={"forms": [{"name": long}]}, visited_at=run.created_at,
    )  # fmt: skip
    paths = ["", "/review", "/review?state=rejected", "/tests", "/pages", "/runs", "/settings", "/settings/defaults"]
    paths += ["/settings/environments", "/settings/tokens", "/settings/environments/new", "/tests/new"]
    others = ["/", "/projects/new", f"/tests/{test.public_id}", f"/tests/{test.public_id}/edit", "/nothing"]
    others += [f"/runs/{run.public_id}", f"/runs/{run.public_id}/results/{result.pk}", f"/runs/{crawl.public_id}"]
    return [*(shop.at(path) for path in paths), *others]


@pytest.mark.parametrize("width", [360, 768])
async def test_nothing_scrolls_sideways(visit: Open, shop: World, width: int) -> None:
    paths = await everything(shop)
    page: Page = await visit("/", "admin", width=width, height=740)
    wide = []
    for path in paths:
        await page.goto(path)
        if await page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(path)
    visit.complaints.clear()  # type: ignore[attr-defined]  # the page that does not exist is a 404
    assert wide == []


async def test_on_a_phone_the_rail_is_a_bar_at_the_bottom(visit: Open, shop: World) -> None:
    page: Page = await visit(shop.at(), width=360, height=740)
    box = await page.get_by_role("navigation", name="Main").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 360)
    assert box["y"] + box["height"] == 740
    for link in await page.get_by_role("navigation", name="Main").get_by_role("link").all():
        size = await link.bounding_box()
        assert size is not None
        assert size["height"] >= 44


async def test_options_are_behind_a_disclosure_and_start_a_run(visit: Open, shop: World) -> None:
    await sync_to_async(shop.tests)(2, "approved")
    page: Page = await visit(shop.at())
    retries = page.get_by_label("Retries of a failing test")
    await expect(retries).to_be_hidden()
    await page.locator("form.start", has_text="Run tests").locator("summary").click()
    await retries.fill("0")
    await page.get_by_role("button", name="Run tests").click()
    await expect(page.get_by_role("heading", name=re.compile("RUN-"))).to_be_visible()
    await page.get_by_text("Options", exact=True).click()
    await expect(page.locator("dl.expected dt:text-is('retries') + dd")).to_have_text("0")


async def test_a_project_is_deleted_by_writing_its_name(visit: Open, shop: World) -> None:
    page: Page = await visit(shop.at("/settings"), "admin")
    button = page.get_by_role("button", name="Delete project")
    await page.get_by_label("Name of the project").fill("Sho")
    await expect(button).to_be_disabled()
    await page.get_by_label("Name of the project").fill("Shop")
    await button.click()
    await expect(page.get_by_text("Shop was deleted.")).to_be_visible()


async def test_a_result_says_what_failed_and_walks_to_the_next_failure(visit: Open, shop: World) -> None:
    def failed() -> str:
        from tests.ledger.conftest import Hand

        run = shop.run(2)
        Hand(run).work_off("failed")
        close(run)
        return run.public_id

    run = await sync_to_async(failed)()
    page: Page = await visit(f"/runs/{run}")
    await page.get_by_role("link", name="Test 0").first.click()
    await expect(page.get_by_role("alert")).to_contain_text("Expected heading “Cart”, found none.")
    await page.keyboard.press("g")
    await page.keyboard.press("j")
    await expect(page.get_by_role("heading", name="Test 1")).to_be_visible()
