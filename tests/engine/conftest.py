import asyncio
import importlib
from types import SimpleNamespace

import pytest

from runs.engine import stream
from runs.engine.execute import shard_runner
from tests.held import PATIENCE


@pytest.fixture
def unhurried_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop may take as long as a slow machine needs, and yet less than what pages are waited for in these tests."""
    for module in (stream, shard_runner):
        monkeypatch.setattr(module, "STOP_SECONDS", PATIENCE / 2)


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Timeout]:
    return limits_of_settling(monkeypatch)


def limits_of_settling(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Timeout]:
    """The time limits of pages that are waited for from now on; an expired one says that a page was given up."""
    limits: list[asyncio.Timeout] = []

    def timeout(seconds: float) -> asyncio.Timeout:
        limits.append(asyncio.timeout(seconds))
        return limits[-1]

    settling = importlib.import_module("runs.engine.browser.settle")
    monkeypatch.setattr(settling, "asyncio", SimpleNamespace(timeout=timeout, sleep=asyncio.sleep))
    return limits
