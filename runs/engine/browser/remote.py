"""A browser that runs elsewhere: behind a Playwright server, or with its debugging port open."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Browser as Chromium
from playwright.async_api import Error, Playwright

from runs.engine.foreign import loaded
from runs.engine.netguard import literal

HERE = "127.0.0.1"
CONNECT_SECONDS = 10
AGAIN_SECONDS = 0.5
PATIENCE_SECONDS = 20.0
NOBODY = re.compile(r"ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|socket hang up")
THEIRS, OURS = re.compile(r"server version: v?(\S+)"), re.compile(r"client version: v?(\S+)")


class NotConnected(Exception):
    """The browser elsewhere cannot be used; the message is one sentence that says what to do."""


class NobodyThere(NotConnected):
    """Nothing answers at the address, which may change in a moment."""


@dataclass(frozen=True)
class Remote:
    """Where the browser is, and under which address it reaches this worker's egress proxy.

    `patience` is for how many seconds nobody answering is taken for a restart.
    """

    address: str
    egress_host: str = HERE
    patience: float = PATIENCE_SECONDS

    @classmethod
    def configured(cls, environ: Mapping[str, str] = os.environ) -> Remote | None:
        address = environ.get("SENTRI_BROWSER_WS", "").strip()
        return cls(address, environ.get("SENTRI_EGRESS_HOST", "").strip() or HERE) if address else None

    @property
    def shown(self) -> str:
        """The address without what may be secret in it."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


async def connect(playwright: Playwright, remote: Remote) -> Chromium:
    """Raises NotConnected."""
    began = time.monotonic()
    while True:
        try:
            return await _connect(playwright, remote)
        except NobodyThere:
            if time.monotonic() - began >= remote.patience:
                raise
        await asyncio.sleep(AGAIN_SECONDS)


async def _connect(playwright: Playwright, remote: Remote) -> Chromium:
    chromium, milliseconds = playwright.chromium, CONNECT_SECONDS * 1000
    try:
        port = await _debugging_port(remote)
        if port:
            return await chromium.connect_over_cdp(port, timeout=milliseconds)
        return await chromium.connect(remote.address, timeout=milliseconds)
    except Error as error:
        raise _judged(error, remote) from error


def _judged(error: Error, remote: Remote) -> NotConnected:
    if NOBODY.search(error.message) or "Timeout" in error.message:
        return NobodyThere(
            f"SENTRI_BROWSER_WS is {remote.shown}, where nothing answers: start a browser there or correct the address."
        )
    theirs, ours = THEIRS.search(error.message), OURS.search(error.message)
    if theirs and ours:
        return NotConnected(
            f"The Playwright server at {remote.shown} has version {theirs[1]}, but {ours[1]} is needed:"
            " start it with the Playwright of requirements.txt."
        )
    said = error.message.strip().splitlines()[0].rpartition(": ")[2].rstrip(".")
    return NotConnected(f"SENTRI_BROWSER_WS is {remote.shown}, where something answers, but no browser: {said}.")


async def _debugging_port(remote: Remote) -> str:
    """Where to speak DevTools; nothing where a Playwright server listens.

    The form of an address says it, or else what the place answers to the question that only DevTools understands:
    a wrong first word over the socket itself would confuse either side.
    """
    parts = urlsplit(remote.address)
    numbered = await _by_number(remote)
    if parts.scheme in ("http", "https") or "/devtools/" in parts.path:
        return numbered
    place = urlsplit(numbered)._replace(scheme="https" if parts.scheme == "wss" else "http")
    question = place._replace(path=f"{place.path.rstrip('/')}/json/version").geturl()
    try:
        async with httpx.AsyncClient(timeout=CONNECT_SECONDS, trust_env=False) as client:
            answer = loaded((await client.get(question)).content)
    except (httpx.HTTPError, ValueError):
        return ""
    return place.geturl() if isinstance(answer, dict) and answer.get("webSocketDebuggerUrl") else ""


async def _by_number(remote: Remote) -> str:
    """The address with the host's number: Chromium's debugging port answers to no name but localhost."""
    parts = urlsplit(remote.address)
    host = parts.hostname or ""
    # Under TLS the name stays, for it is what the certificate is made out to.
    if parts.scheme not in ("http", "ws") or host == "localhost" or literal(host):
        return remote.address
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, parts.port or 80, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NobodyThere(
            f"SENTRI_BROWSER_WS is {remote.shown}, and {host} is not known to the name server: correct the address."
        ) from error
    number = str(found[0][4][0])
    return parts._replace(netloc=f"{f'[{number}]' if ':' in number else number}:{parts.port or 80}").geturl()
