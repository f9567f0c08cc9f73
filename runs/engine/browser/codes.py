"""One-time codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds), each given out once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from pydantic import SecretStr
from pyotp import TOTP

from runs.engine.masking import Masking

PERIOD = 30
TOO_LATE_SECONDS = 3.0
MOST_WINDOWS = 10
_given: dict[str, int] = {}

ClaimCode = Callable[[SecretStr, int], Awaitable[bool]]
"""Whether the code of a secret in a window (seconds since 1970 by 30) is left to who asks, and to nobody after."""


class _Codes(TOTP):
    """Of secrets of any length: many sites hand out shorter ones than are recommended today."""

    min_secret_length_bits = 0


class NoCode(Exception):
    """Every code was given to somebody else for as long as one waits."""


async def next_code(
    secret: SecretStr,
    claim: ClaimCode | None = None,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> str:
    """A code that nobody was given and that holds for three more seconds; waits for one if need be.

    Without `claim` it is one that this process has not given out. Raises `NoCode` after five minutes.
    """
    key = secret.get_secret_value()
    began = clock()
    while (now := clock()) < began + MOST_WINDOWS * PERIOD:
        window, left = int(now // PERIOD), PERIOD - now % PERIOD
        if left >= TOO_LATE_SECONDS and window > _given.get(key, -1):
            # Before the first await, during which another sign-in of this process could take the same window.
            _given[key] = window
            if claim is None or await claim(secret, window):
                return code_of(secret, window)
        await sleep(left + 0.05)
    raise NoCode


def code_of(secret: SecretStr, window: int) -> str:
    return _Codes(secret.get_secret_value(), interval=PERIOD).at(window * PERIOD)


def hiding(masking: Masking, claim: ClaimCode | None) -> ClaimCode:
    """The same port, where each code that is given out is hidden as well."""

    async def claim_code(secret: SecretStr, window: int) -> bool:
        masking.hide([code_of(secret, window)])
        return claim is None or await claim(secret, window)

    return claim_code


@asynccontextmanager
async def unlimited(limit: asyncio.Timeout) -> AsyncIterator[None]:
    """The time limit stands still: waiting for a code is not held against who is to take it."""
    clock, until = asyncio.get_running_loop().time, limit.when()
    began = clock()
    limit.reschedule(None)
    try:
        yield
    finally:
        limit.reschedule(None if until is None else until + clock() - began)
