"""Nothing that was typed is lost: neither to an ended session, nor to a form's old token, nor to a slip."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.sessions.models import Session
from playwright.async_api import Dialog, Page, expect

from projects.models import Comment, Environment, Project
from projects.models import Test as StoredTest
from tests.web.conftest import PASSWORD, Open, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def passwords(shop: World) -> None:
    """As the server keeps them; those of other tests are quick to make, and of no use to it."""
    kept = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    for user in shop.people.values():
        user.password = kept
        user.save()


async def session_ends() -> None:
    await sync_to_async(Session.objects.all().delete)()


async def sign_in_again(page: Page, password: str = PASSWORD) -> None:
    dialog = page.get_by_role("dialog", name="Sign in again")
    await expect(dialog).to_be_visible()
    await dialog.get_by_label("Password").fill(password)
    await dialog.get_by_role("button", name="Sign in and go on").click()


async def test_a_form_that_meets_an_ended_session_goes_on_after_signing_in(visit: Open, shop: World) -> None:
    page = await visit(shop.at("/settings/environments/new"))
    await page.get_by_label("Name", exact=True).fill("Staging")
    await page.get_by_label("Address").fill("https://staging.shop.test")
    await session_ends()
    await page.get_by_role("button", name="Save").click()
    await sign_in_again(page, "wrong")
    await expect(page.get_by_role("alert").filter(has_text="do not match an account")).to_be_visible()
    await sign_in_again(page)
    await page.wait_for_url("**/settings/environments")
    assert (await sync_to_async(Environment.objects.get)()).name == "Staging"


async def test_not_now_keeps_the_form_as_it_is(visit: Open, shop: World) -> None:
    page = await visit(shop.at("/settings"))
    await page.get_by_label("Name", exact=True).fill("Another name")
    await session_ends()
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.get_by_role("button", name="Not now").click()
    await expect(page.get_by_role("dialog", name="Sign in again")).to_be_hidden()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Another name")
    await page.get_by_role("button", name="Save", exact=True).click()
    await sign_in_again(page)
    await expect(page.get_by_text("Saved.")).to_be_visible()
    assert (await sync_to_async(Project.objects.get)(pk=shop.project.pk)).name == "Another name"


async def test_an_edit_in_a_card_goes_on_after_signing_in(visit: Open, shop: World) -> None:
    (test,) = await sync_to_async(shop.tests)(1)
    page = await visit(shop.at("/review"))
    await page.keyboard.press("e")
    await page.get_by_label("Title").fill("What a person wrote")
    await session_ends()
    await page.get_by_role("button", name="Save").click()
    await sign_in_again(page)
    await expect(page.get_by_role("heading", name="What a person wrote")).to_be_visible()
    assert (await sync_to_async(StoredTest.objects.get)(pk=test.pk)).title == "What a person wrote"


async def test_a_form_with_an_old_token_is_sent_with_a_new_one(visit: Open, shop: World) -> None:
    (test,) = await sync_to_async(shop.tests)(1)
    page = await visit(shop.at("/settings"))
    await page.get_by_label("Name", exact=True).fill("Another name")
    await rotate(page)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.goto(shop.at("/review"))
    await page.keyboard.press("c")
    await page.get_by_role("textbox", name="comment").fill("What a person thinks")
    await rotate(page)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("What a person thinks")).to_be_visible()
    assert (await sync_to_async(Comment.objects.get)(test=test)).text == "What a person thinks"
    visit.complaints.clear()  # type: ignore[attr-defined]


async def rotate(page: Page) -> None:
    """As signing in in another tab does."""
    await page.context.add_cookies([{"name": "sentri_csrf", "value": "b" * 32, "url": page.url}])


async def test_a_page_that_looks_for_news_does_not_throw_away_what_is_typed(visit: Open, shop: World) -> None:
    (test,) = await sync_to_async(shop.tests)(1)
    page = await visit(f"/tests/{test.public_id}")
    box = page.get_by_role("textbox", name="comment")
    await box.fill("Half a sentence")
    await session_ends()
    async with page.expect_response(lambda answer: "hx-redirect" in answer.headers):
        await page.evaluate("htmx.ajax('GET', location.pathname, {target: '#toasts', swap: 'none'})")
    await expect(box).to_have_value("Half a sentence")
    assert page.url.endswith(test.public_id)


FORMS = {
    "/settings": "Name",
    "/settings/environments/new": "Name",
    "/settings/notifications/new/teams": "Name",
    "/settings/quality": None,
    "/tests/new": None,
}


@pytest.mark.parametrize("path", FORMS)
async def test_leaving_with_unsaved_changes_asks(visit: Open, shop: World, path: str) -> None:
    page = await visit(shop.at(path), "admin")
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    field = page.locator("main form[method=post]").first.locator("input:not([type=hidden]), textarea").first
    await field.click()
    await page.keyboard.type("7")
    await page.get_by_role("link", name="Projects").first.click()
    await page.wait_for_timeout(200)
    assert asked == ["beforeunload"]
    assert page.url.endswith(path)


async def test_what_would_replace_an_edited_card_asks_first(visit: Open, shop: World) -> None:
    await sync_to_async(shop.tests)(2)
    page = await visit(shop.at("/review"))
    answers: list[bool] = [False, True]
    said: list[str] = []

    async def answer(dialog: Dialog) -> None:
        said.append(dialog.message)
        await (dialog.accept() if answers.pop(0) else dialog.dismiss())

    page.on("dialog", answer)
    await page.keyboard.press("e")
    await page.get_by_label("Title").fill("What a person wrote")
    approve = page.locator(".proposal").nth(1).get_by_role("button", name="Approve")
    await approve.click()
    await expect(page.get_by_label("Title")).to_have_value("What a person wrote")
    await approve.click()
    await expect(page.locator(".proposal")).to_have_count(1)
    assert said == ["There are unsaved changes. Discard them?"] * 2


async def test_what_was_saved_or_not_touched_is_left_without_a_question(visit: Open, shop: World) -> None:
    page = await visit(shop.at("/settings"))
    asked: list[Any] = []

    async def note(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    page.on("dialog", note)
    await page.get_by_label("Name", exact=True).fill("Another name")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.get_by_role("link", name="Tests").first.click()
    await page.wait_for_url("**/tests")
    assert asked == []
