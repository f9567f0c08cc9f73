"""What steps that load a page have in common."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable
from typing import Annotated

from playwright.async_api import Error, Response
from playwright.async_api import Request as PlaywrightRequest
from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import AfterValidator, Field

from runs.engine.events import FailureKind
from runs.engine.netguard import joined, same_origin
from runs.engine.steps.base import Stage, StepFailed
from runs.engine.unopened import PROXY_STATUSES, Unopened, by_proxy, classify

# Stands for the site when a path is judged by itself.
ANYWHERE = "http://site.invalid/"


def _site_path(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError(f"'{path}' is not a path on the site; it starts with a single /")
    if not same_origin(joined(ANYWHERE, path), ANYWHERE):
        raise ValueError(f"{path!r} leaves the site, as browsers read it; a path on the site starts with a single /")
    return path


SitePath = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_site_path)]


async def navigated(stage: Stage, where: str, navigation: Awaitable[Response | None]) -> Response | None:
    """Await a navigation; what goes wrong becomes a sentence."""
    led: list[str] = []

    def failed(request: PlaywrightRequest) -> None:
        if request.is_navigation_request():
            # The driver's error names the address that was opened first; what failed may be where a redirect has led.
            led.append(request.url)

    stage.page.on("requestfailed", failed)
    try:
        response = await navigation
    except PlaywrightTimeout:
        raise StepFailed("navigation", f"{where} did not finish loading within {stage.patience}") from None
    except Error as error:
        code = re.search(r"net::(\w+)|Download is starting", error.message)
        if not code:
            raise
        found = _closed(stage, led[-1] if led else "") or classify(code[0])
        raise _unopened(where, found.words if found else code[1], found, code[0]) from error
    finally:
        stage.page.remove_listener("requestfailed", failed)
    # Over http the proxy of the worker answers in the site's place when it opens nothing.
    if response is not None and response.status in PROXY_STATUSES:
        with contextlib.suppress(Error, UnicodeDecodeError):
            found = by_proxy(await response.text())
            if found:
                raise _unopened(where, found.words, found, str(response.status))
    return response


def _closed(stage: Stage, url: str) -> Unopened | None:
    """An encrypted address that the guard does not open: the browser only says that there is no tunnel to it."""
    refusal = stage.guard.refuses_url(url) if stage.guard and url.startswith("https:") else None
    return Unopened("blocked", refusal) if refusal else None


def _unopened(where: str, words: str, found: Unopened | None, received: str) -> StepFailed:
    kind: FailureKind = "blocked" if found and found.category == "blocked" else "navigation"
    return StepFailed(kind, f"{where} could not be opened: {words}", received=received)
