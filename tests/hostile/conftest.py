"""A browser for the hostile pages of one file; each of its tests has a context of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from tests.hostile.hostile import launched


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium(browser_path: str) -> AsyncIterator[Browser]:
    async with launched(browser_path) as browser:
        yield browser
