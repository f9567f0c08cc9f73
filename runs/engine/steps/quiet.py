"""What the expectations on console and network have in common."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from playwright.async_api import Error
from pydantic import Field

from runs.engine.inpage import read_page
from runs.engine.patterns import Pattern, found
from runs.engine.steps.base import Stage

Patterns = Annotated[
    tuple[Pattern, ...], Field(max_length=100, description="regular expressions; what they match is let pass")
]

ONE_TURN = "new Promise(done => setTimeout(() => done('true')))"


async def rested(stage: Stage) -> None:
    """Let the page finish what it began: loaded, and no request under way that matters; gives up without a word."""

    async def idle() -> bool:
        return not stage.watch.busy()

    try:
        await stage.page.wait_for_load_state("load", timeout=stage.timeout_ms)
        await stage.until(idle)
        # One round trip behind the last answer: what scripts said about it has arrived before.
        await read_page(stage.page, "", ONE_TURN)
    except Error:
        return


def remaining(lines: list[str], ignore: tuple[str, ...]) -> list[str]:
    return [line for line in lines if not any(found(pattern, line) for pattern in ignore)]


def same_host(url: str, base_url: str) -> bool:
    return urlsplit(url).hostname == urlsplit(base_url).hostname
