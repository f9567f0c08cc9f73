"""What a driver says is put together once: Playwright copies a message anew for each 32 KB that come of it, so that one
of ten times the length would take a hundred times as long, and the driver be taken for dead meanwhile."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Playwright


class Growing(bytearray):
    """Bytes to which others are added in place."""

    __add__ = bytearray.__iadd__


def widen(playwright: Playwright) -> None:
    """From now on long messages of this driver take time in proportion. Its pipe is no part of Playwright's interface;
    where that is another one, all stays as it is."""
    inside: Any = playwright
    try:
        pipe = inside._impl_obj._connection._transport._proc.stdout
        read = pipe.readexactly
    except AttributeError:
        return

    async def readexactly(size: int) -> Growing:
        return Growing(await read(size))

    pipe.readexactly = readexactly
