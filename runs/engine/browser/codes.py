"""One-time codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds), each given out once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from pydantic import SecretStr
from pyotp import TOTP

PERIOD = 30
TOO_LATE_SECONDS = 3.0
_given: dict[str, int] = {}


async def next_code(
    secret: SecretStr,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> str:
    """A code that this process has not given out and that holds for three more seconds; waits for one if need be."""
    key = secret.get_secret_value()
    while True:
        now = clock()
        window, left = int(now // PERIOD), PERIOD - now % PERIOD
        if left >= TOO_LATE_SECONDS and window > _given.get(key, -1):
            _given[key] = window
            return TOTP(key, interval=PERIOD).at(int(now))
        await sleep(left + 0.05)
