"""The accounts of a site: each signed in when it is first asked for, and again when its session is over."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from runs.engine.browser.codes import ClaimCode, hiding
from runs.engine.browser.freshness import holds
from runs.engine.browser.session import Browser
from runs.engine.browser.signin import MOST_WAITS, sign_in, step_ms
from runs.engine.browser.signin_form import SignInFailed
from runs.engine.events import SignedIn
from runs.engine.masking import Masking
from runs.engine.plan import ACCOUNT, VISITOR, BrowserOptions, SignedInSession, Site

MOST_TRIES = 2
PAUSES = (1.0, 3.0, 9.0)  # seconds, half of them to one and a half: workers that disturbed each other part
# Pages that look like a sign-in page at the same time are asked about in turn: a single look is enough for all.
TRUSTED_SECONDS = 1.0


@dataclass
class _Role:
    """What is known of one role's sign-in. `ready`: it was made; without a session, each request carries it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    ready: bool = False
    session: SignedInSession | None = None
    failures: list[SignInFailed] = field(default_factory=list)
    held_at: float = float("-inf")


class Accounts:
    """Sessions by role, for one site and one process; `emit` is told of each that was made or seen to hold.

    `claim_code` keeps others from entering the same one-time code; without it only this process knows what it gave.
    `masking` hides the secrets of the site, each code that is given out, and each session that is made.
    One that the site was too slow or broken for is tried again a moment later: some break on two sign-ins at once, and
    other workers sign in too. A failing sign-in is tried once more when it is asked for again, and then holds for good.
    """

    def __init__(
        self,
        browser: Browser,
        site: Site,
        options: BrowserOptions,
        *,
        emit: Callable[[SignedIn], None],
        claim_code: ClaimCode | None = None,
    ) -> None:
        self._browser = browser
        self._site = site
        self._options = options
        self._emit = emit
        self.masking = Masking.of_site(site)
        self._claim_code = hiding(self.masking, claim_code)
        self._roles: dict[str, _Role] = {}
        self._one_at_a_time = asyncio.Lock()  # small sites break on two sign-ins at once

    async def state(self, role: str) -> dict[str, Any] | None:
        """The storage state to open contexts of `Site.seen_as(role)` with. Raises `SignInFailed`."""
        if role == VISITOR:
            return None
        known = self._roles.setdefault(role, _Role())
        async with known.lock:
            if not known.ready:
                await self._ready(role, known)
            return known.session.state if known.session else None

    async def renewed(self, role: str, state: dict[str, Any] | None) -> bool:
        """Whether the role was signed in anew, because the session of this state is over. Raises `SignInFailed`.

        A session that was seen to hold a moment ago, or that cannot be told from a visit, is left alone.
        """
        known = self._roles.get(role)
        if known is None or state is None:
            return False
        async with known.lock:
            session = known.session
            # Another slot had it renewed meanwhile: who asks still has the state before.
            if session is None or session.state is not state:
                return known.ready
            if not session.tells or time.monotonic() - known.held_at < TRUSTED_SECONDS:
                return False
            if await self._holds(role, session):
                known.held_at = time.monotonic()
                return False
            known.ready, known.session = False, None
            await self._sign_in(role, known)
            return True

    async def _ready(self, role: str, known: _Role) -> None:
        """From the session that was kept, where it holds; else by signing in."""
        if len(known.failures) >= MOST_TRIES:
            raise known.failures[-1]
        kept = self._site.sessions.get(role)
        if kept is not None and not known.failures and await self._holds(role, kept):
            self._made(role, known, kept)
        else:
            await self._sign_in(role, known)

    async def _sign_in(self, role: str, known: _Role) -> None:
        if self._site.credentials_of(role) is None:
            missing = {ACCOUNT: "There are no credentials to sign in with."}
            raise SignInFailed(missing.get(role, f"There is no sign-in called “{role}”."))
        site = self._site.seen_as(role)
        try:
            async with self._one_at_a_time:
                session = await self._signed_in(site)
        except SignInFailed as error:
            known.failures.append(error)
            raise
        self._made(role, known, session)

    async def _signed_in(self, site: Site) -> SignedInSession | None:
        began, seconds = time.monotonic(), MOST_WAITS * step_ms(self._options) / 1000
        for pause in PAUSES:
            try:
                return await sign_in(self._browser, site, self._options, claim_code=self._claim_code)
            except SignInFailed as failure:
                # Credentials that are refused are not sent again at once, or the site may lock the account.
                if not failure.passing or time.monotonic() - began > seconds:
                    raise
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - no secret
        return await sign_in(self._browser, site, self._options, claim_code=self._claim_code)

    def _made(self, role: str, known: _Role, session: SignedInSession | None) -> None:
        if session is not None:
            self.masking.hide_state(session.state)  # before anybody can use it
        known.ready, known.session = True, session
        known.failures.clear()
        credentials = self._site.credentials_of(role)
        if session is not None and session.tells and credentials is not None and credentials.fingerprint:
            self._emit(
                SignedIn(
                    role=role,
                    fingerprint=credentials.fingerprint,
                    page=session.page,
                    signs=session.signs,
                    closed=session.closed,
                    state=session.state,
                )
            )

    async def _holds(self, role: str, session: SignedInSession) -> bool:
        site = self._site.seen_as(role)
        return await holds(self._browser, site, self._options, session)
