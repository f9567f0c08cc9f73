from __future__ import annotations

from typing import Any

import pytest
from playwright._impl import _transport as transport

from runs.engine.browser import Browser
from runs.engine.plan import Site
from tests.engine.pages import pages


async def test_a_long_message_of_the_driver_is_put_together_in_place(
    browser_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[tuple[type, int]] = []
    usual = transport.Transport.deserialize_message

    def noting(self: Any, data: Any) -> Any:
        received.append((type(data), len(data)))
        return usual(self, data)

    async with Browser(browser_path) as browser:
        with pages({"/": "a" * 300_000}) as site:
            requests = await browser.requests(Site(base_url=site.url))
            answered = await requests.get(site.url)
            monkeypatch.setattr(transport.Transport, "deserialize_message", noting)
            assert await answered.body() == b"a" * 300_000
            await requests.dispose()
    kind, length = max(received, key=lambda one: one[1])
    assert length > 400_000
    pieces = kind(b"a")
    assert pieces + b"b" is pieces
    assert pieces == b"ab"
