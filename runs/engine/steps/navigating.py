"""What steps that load a page have in common."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Annotated

from playwright.async_api import Error, Response
from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import AfterValidator, Field

from runs.engine.steps.base import Stage, StepFailed

REASONS = {
    "ERR_NAME_NOT_RESOLVED": "the name server does not know the host",
    "ERR_CONNECTION_REFUSED": "the connection was refused",
    "ERR_CONNECTION_RESET": "the connection was cut",
    "ERR_EMPTY_RESPONSE": "the server sent nothing",
    "ERR_CONNECTION_TIMED_OUT": "the host did not answer",
    "ERR_ADDRESS_UNREACHABLE": "the host cannot be reached",
    "ERR_INTERNET_DISCONNECTED": "there is no network",
    "ERR_TOO_MANY_REDIRECTS": "the site redirects in a circle",
    "ERR_TUNNEL_CONNECTION_FAILED": "the address is blocked or cannot be reached",
    "ERR_CERT": "the certificate is not valid",
    "ERR_SSL": "the encrypted connection could not be made",
    "ERR_ABORTED": "the page did not load; it may be a download",
}


def _site_path(path: str) -> str:
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        raise ValueError(f"'{path}' is not a path on the site; it starts with a single /")
    return path


SitePath = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_site_path)]


async def navigated(stage: Stage, where: str, navigation: Awaitable[Response | None]) -> Response | None:
    """Await a navigation; what goes wrong becomes a sentence."""
    try:
        return await navigation
    except PlaywrightTimeout:
        raise StepFailed("navigation", f"{where} did not finish loading within {stage.patience}") from None
    except Error as error:
        found = re.search(r"net::(\w+)", error.message)
        if not found:
            raise
        reason = next((said for code, said in REASONS.items() if found[1].startswith(code)), found[1])
        raise StepFailed("navigation", f"{where} could not be opened: {reason}", received=found[0]) from error
