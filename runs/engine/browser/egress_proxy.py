"""A small forward proxy through which a browser context reaches whatever is not a site on this machine's loopback.

Every host is resolved here, judged by the guard together with its port, and connected to at the very address that
was judged: a name cannot point elsewhere a moment later. That covers redirects, frames, popups, workers, WebSockets
and requests made by the driver. A connection carries one request: what a browser sends after it goes nowhere, so that
neither the proxy's password nor what is meant for one site can come to another, whatever a site answers.

It listens on loopback, or, for a browser that runs elsewhere, on the address that was configured, and then asks for a
password.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import socket
from base64 import b64encode
from collections.abc import Coroutine, Sequence
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from runs.engine.netguard import Address, Guard, JudgedAddress, known_addresses, place_of

HEAD_LIMIT = 64 * 1024
CHUNK = 64 * 1024
CONNECT_SECONDS = 15
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PASSWORD = b"proxy-authorization:"
# Between two neighbours only, and never to be passed on; a site has nothing to ask of a proxy's user either.
HOP_HEADERS = (b"proxy-", b"connection:", b"keep-alive:")


class EgressRefusal(Exception):
    """The guard says no, or nothing answers; `status` is what the browser gets."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class EgressProxy:
    """One listening port that applies one guard. Away from loopback it answers only to who knows its password."""

    def __init__(self, guard: Guard, host: str = "127.0.0.1") -> None:
        self.host = host
        self.credentials: dict[str, str] = {}
        if host not in LOOPBACK:
            self.credentials = {"username": "sentri", "password": secrets.token_urlsafe(24)}
        self._guard = guard
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen; returns the proxy's URL."""
        self._server = await asyncio.start_server(self._accept, self.host, 0, limit=HEAD_LIMIT)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), CONNECT_SECONDS)
            self._require_password(head)
            await self._forward(head, reader, writer)
        except EgressRefusal as refusal:
            writer.write(_answer(refusal.status, str(refusal)))
            with contextlib.suppress(OSError):
                await writer.drain()
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    def _require_password(self, head: bytes) -> None:
        if not self.credentials:
            return
        known = b64encode(":".join(self.credentials.values()).encode())
        given = (line.split(b":", 1)[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(PASSWORD))
        if not any(compare_digest(word, b"Basic " + known) for word in given):
            raise EgressRefusal(407, "this proxy serves one worker's browser")

    async def _forward(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, url, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        tunnel = method == "CONNECT"
        place = _place(f"http://{url}/" if tunnel else url)
        length = _length(head)
        remote_reader, remote_writer = await self._connect(place)
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _first_of(_copy(reader, remote_writer), _copy(remote_reader, writer))
            else:
                remote_writer.write(_origin_form(head, url))
                asking = _ask(reader, remote_writer, length)
                await _first_of(asking, _pass_on_answer(remote_reader, writer))
        finally:
            remote_writer.close()

    async def _connect(self, place: JudgedAddress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        refusal = self._guard.refuses_host(place.host, place.port)
        addresses: Sequence[Address] = ()
        if not refusal:
            found = known_addresses(place.host) or await _resolved(place)
            addresses, refusal = self._guard.judged(place.host, place.port, found)
        if refusal:
            raise EgressRefusal(403, refusal)
        failure: OSError | TimeoutError | None = None
        for address in addresses:
            try:
                return await asyncio.wait_for(asyncio.open_connection(str(address), place.port), CONNECT_SECONDS)
            except (OSError, TimeoutError) as error:
                failure = error
        raise EgressRefusal(502, f"{place.host} cannot be reached: {failure or 'it has no address'}")


def _place(url: str) -> JudgedAddress:
    try:
        place = place_of(url)
    except ValueError as error:
        raise EgressRefusal(403, f"{url} is not an address that browsers open") from error
    if place.scheme != "http":
        raise EgressRefusal(403, f"{place.scheme}: addresses are not opened")
    return place


async def _resolved(place: JudgedAddress) -> list[Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise EgressRefusal(502, f"{place.host} is not known to the name server") from error
    return [ip_address(str(entry[4][0]).split("%", 1)[0]) for entry in found]


def _origin_form(head: bytes, url: str) -> bytes:
    """The request as the origin expects it: a path instead of a URL, one request per connection."""
    line, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    method, _, version = line.split(b" ", 2)
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _head(b" ".join([method, path.encode("latin-1"), version]), lines)


def _head(first: bytes, lines: list[bytes]) -> bytes:
    """A head that says, before all else, that nothing follows on its connection."""
    kept = [line for line in lines if not line.lower().startswith(HOP_HEADERS)]
    return b"\r\n".join([first, b"Connection: close", *kept, b"", b""])


def _length(head: bytes) -> int:
    """How many bytes of body a request has. Browsers say so; raises Refusal for what is said in another way."""
    lines = [line.lower() for line in head.split(b"\r\n")]
    # Chromium streams bodies over HTTP/2 alone, so nothing that it sends here is chunked.
    if any(line.startswith(b"transfer-encoding:") for line in lines):
        raise EgressRefusal(501, "a request through this proxy says how long it is")
    lengths = {line.partition(b":")[2].strip() for line in lines if line.startswith(b"content-length:")}
    # A length that two readers understand differently hides a second request in the first (request smuggling).
    if len(lengths) > 1 or not all(length.isdigit() for length in lengths):
        raise EgressRefusal(400, "the length of the request is not clear")
    return int(next(iter(lengths), b"0"))


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int) -> None:
    """Send the body; then wait for the browser to leave, without passing on what it might still say."""
    while length and (chunk := await reader.read(min(CHUNK, length))):
        length -= len(chunk)
        writer.write(chunk)
        await writer.drain()
    while await reader.read(CHUNK):
        pass


async def _pass_on_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The answer, its head rewritten so that the browser uses the connection for nothing else."""
    interim = True
    while interim:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            # No head of HTTP: what the browser makes of it is its own matter.
            writer.write(error.partial)
            await writer.drain()
            return
        except asyncio.LimitOverrunError as error:
            raise EgressRefusal(502, "the site's headers are too long") from error
        line, *lines = re.split(rb"\r?\n", head.rstrip(b"\r\n"))
        # Heads of 1xx come before that of the answer; behind 101 a WebSocket follows, and no further head.
        interim = re.match(rb"HTTP/1\.[01] 1(?!01)\d\d", line) is not None
        writer.write(_head(line, lines))
        await writer.drain()
    await _copy(reader, writer)


def _answer(status: int, sentence: str) -> bytes:
    body = f"Sentri did not open this address: {sentence}.".encode()
    reasons = {400: "Bad Request", 403: "Forbidden", 407: "Proxy Authentication Required", 501: "Not Implemented"}
    reason = reasons.get(status, "Bad Gateway")
    challenge = 'Proxy-Authenticate: Basic realm="sentri"\r\n' if status == 407 else ""
    kind = f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}"
    return f"HTTP/1.1 {status} {reason}\r\n{challenge}{kind}\r\nConnection: close\r\n\r\n".encode("latin-1") + body


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Until one side has said its last: neither browsers nor sites half-close. Raises what the first one raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()
