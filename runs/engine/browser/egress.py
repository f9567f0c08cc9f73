"""A small forward proxy through which everything but the site itself leaves a browser context.

The site's own host and port are in the context's bypass list, so the usual request pays nothing. Every other
host is resolved here, judged by the guard, and connected to at the very address that was judged: a name cannot
point elsewhere a moment later. That covers redirects, frames, popups, workers, WebSockets and requests made
by the driver. Two things are not covered: WebRTC's UDP, and, where the site's own host is bypassed, a change of
its address between two requests. It is bypassed only when it is a literal address, localhost, or when private
networks are allowed anyway. It listens on loopback, or, for a browser that runs elsewhere, on the address that was
configured, and then asks for a password.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from base64 import b64encode
from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlsplit

from runs.engine.netguard import Guard, literal

HEAD_LIMIT = 64 * 1024
CONNECT_SECONDS = 15
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PASSWORD = b"proxy-authorization:"
HOP_HEADERS = (b"proxy-connection:", b"connection:", PASSWORD, b"keep-alive:")


class Refusal(Exception):
    """The guard says no, or nothing answers; `status` is what the browser gets."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Egress:
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
        except Refusal as refusal:
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
            raise Refusal(407, "this proxy serves one worker's browser")

    async def _forward(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, url, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        tunnel = method == "CONNECT"
        parts = urlsplit(f"//{url}" if tunnel else url)
        upstream = await self._connect(parts.hostname or "", parts.port or 80)
        remote_reader, remote_writer = upstream
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                remote_writer.write(_origin_form(head, url))
            await _relay((reader, remote_writer), (remote_reader, writer))
        finally:
            remote_writer.close()

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        refusal = self._guard.refuses_host(host)
        if refusal:
            raise Refusal(403, refusal)
        failure: OSError | TimeoutError | None = None
        for address in await self._resolve(host, port):
            refusal = self._guard.refuses_address(host, ip_address(address))
            if refusal:
                raise Refusal(403, refusal)
            try:
                return await asyncio.wait_for(asyncio.open_connection(address, port), CONNECT_SECONDS)
            except (OSError, TimeoutError) as error:
                failure = error
        raise Refusal(502, f"{host} cannot be reached: {failure or 'it has no address'}")

    async def _resolve(self, host: str, port: int) -> list[str]:
        address = literal(host)
        if address is not None:
            return [str(address)]
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Refusal(502, f"{host} is not known to the name server") from error
        return [str(entry[4][0]).split("%", 1)[0] for entry in found]


def _origin_form(head: bytes, url: str) -> bytes:
    """The request as the origin expects it: a path instead of a URL, one request per connection."""
    line, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    method, _, version = line.split(b" ", 2)
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [entry for entry in lines if not entry.lower().startswith(HOP_HEADERS)]
    return b"\r\n".join([b" ".join([method, path.encode("latin-1"), version]), *kept, b"Connection: close", b"", b""])


def _answer(status: int, sentence: str) -> bytes:
    body = f"Sentri did not open this address: {sentence}.".encode()
    reason = {403: "Forbidden", 407: "Proxy Authentication Required", 502: "Bad Gateway"}[status]
    challenge = 'Proxy-Authenticate: Basic realm="sentri"\r\n' if status == 407 else ""
    kind = f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}"
    return f"HTTP/1.1 {status} {reason}\r\n{challenge}{kind}\r\nConnection: close\r\n\r\n".encode("latin-1") + body


Flow = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _relay(*flows: Flow) -> None:
    """Copy both ways until one side has said its last: neither browsers nor sites half-close."""
    tasks = [asyncio.ensure_future(_copy(*flow)) for flow in flows]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(64 * 1024):
        writer.write(chunk)
        await writer.drain()
