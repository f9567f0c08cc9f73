"""The documentation of the API and the admin work under our own content security policy."""

import pytest
from playwright.async_api import expect

from tests.web.conftest import Open, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_documentation_of_the_api_shows_its_operations(visit: Open, shop: World) -> None:
    page = await visit("/api/v1/docs", "viewer")
    await expect(page.get_by_role("heading", name="Sentri")).to_be_visible()
    await expect(page.locator(".opblock-summary-path").first).to_be_visible()
    assert await page.locator(".opblock").count() > 30
    await page.locator("#operations-me-getMe .opblock-summary-control").click()
    await page.get_by_role("button", name="Try it out").click()
    await page.get_by_role("button", name="Execute").click()
    await expect(page.locator(".live-responses-table td.response-col_status:not(.col_header)")).to_contain_text("200")


async def test_the_admin_opens_and_complains_of_nothing(visit: Open, shop: World) -> None:
    user = shop.people["admin"]
    user.is_staff = user.is_superuser = True
    await user.asave()
    page = await visit("/admin/runs/run/", "admin")
    await expect(page.get_by_role("link", name="Sentri").first).to_be_visible()
    await expect(page.get_by_text("Administration").first).to_be_visible()
    await page.goto("/admin/projects/project/")
    await page.get_by_role("link", name="PRJ-").first.click()
    await expect(page.get_by_label("Name")).to_have_value("Shop")
