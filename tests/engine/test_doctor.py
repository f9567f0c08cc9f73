"""The doctor proves a browser whatever hosts an installation opens."""

from typing import Any

import pytest

from runs.engine.browser.doctor import prove
from runs.engine.netguard import Guard


@pytest.mark.browser
async def test_the_doctor_proves_a_browser_where_no_private_host_is_opened(
    browser_path: str, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setenv("SENTRI_BROWSER_PATH", browser_path)
    settings.GUARD = Guard.allowing("")
    monkeypatch.delenv("SENTRI_BROWSER_WS", raising=False)
    proof = await prove()
    assert browser_path in proof.found
    assert proof.screenshot_bytes > 0
