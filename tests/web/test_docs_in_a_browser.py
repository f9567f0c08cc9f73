"""The documentation of the API and the admin work under our own content security policy."""

import pytest
from playwright.async_api import expect

from tests.web.conftest import Open, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_documentation_of_the_api_shows_its_operations(visit: Open, shop: World) -> None:
    page = await visit("/api/v1/docs", None)
    await expect(page.get_by_role("heading", name="API", exact=True)).to_be_visible()
    assert await page.locator("details.operation").count() > 100
    operation = page.locator("#getRunList")
    await operation.locator("summary").click()
    await expect(operation.get_by_text("part of the actor's or project's name")).to_be_visible()
    await expect(operation.locator("pre")).to_contain_text('/api/v1/runs"')
    await operation.get_by_role("link", name="PageOfRunOut").click()
    await expect(page.locator("#schema-PageOfRunOut table")).to_be_visible()


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
