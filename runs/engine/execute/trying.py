"""One sign-in, tried on its own and told step by step, with a picture of where it ended."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from runs.engine.browser import Browser, BrowserUnavailable, ClaimCode, Error, Page, SignInFailed, sign_in
from runs.engine.browser.codes import hiding
from runs.engine.events import Event, SignInTried, StepEnded, StepReport
from runs.engine.masking import Masking
from runs.engine.netguard import Blocked
from runs.engine.plan import BrowserOptions, Site
from runs.engine.stream import Events, streamed

PICTURE_MS, QUALITY = 8_000, 60
UNKNOWN = "There are no credentials to sign in with: store them first."


@dataclass
class SignInRecorder:
    """Hears from a sign-in what it does, and pictures the page where it ends."""

    number: int
    events: Events
    next_step: int = 0
    since: float = field(default_factory=time.perf_counter)
    picture: bytes | None = None

    def did(self, sentence: str) -> None:
        took = round((time.perf_counter() - self.since) * 1000)
        report = StepReport(index=self.next_step, do="sign_in", sentence=sentence, ok=True, duration_ms=took)
        self.events.put_nowait(StepEnded(self.number, 1, report))
        self.next_step, self.since = self.next_step + 1, time.perf_counter()

    async def ended(self, page: Page) -> None:
        with contextlib.suppress(Error):
            self.picture = await page.screenshot(type="jpeg", quality=QUALITY, timeout=PICTURE_MS)


def try_sign_in(
    browser: Browser, site: Site, number: int, *, claim_code: ClaimCode | None = None
) -> AsyncGenerator[Event, None]:
    """A `StepEnded` for each thing that was done, and one `SignInTried`. `site.credentials` are what is tried."""
    events: Events = asyncio.Queue()
    masking, telling = Masking.of_site(site), SignInRecorder(number, events)

    async def tried() -> None:
        problem = ""
        try:
            if site.credentials is None:
                raise SignInFailed(UNKNOWN)
            code = hiding(masking, claim_code)
            session = await sign_in(browser, site, BrowserOptions(), claim_code=code, telling=telling)
            telling.did("Opened a new window with the session, and was still signed in" if session else LET_IN)
        except (SignInFailed, BrowserUnavailable, Blocked) as error:
            problem = str(error)
        events.put_nowait(SignInTried(number, problem, telling.picture))

    return streamed(events, masking, tried)


LET_IN = "The site let it in; it is sent with each request"
