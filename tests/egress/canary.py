"""A port that nothing may reach: it counts whoever comes, over TCP and UDP, by any address of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

KINDS = {"style": "text/css", "script": "text/javascript", "worker": "text/javascript", "image": "image/svg+xml"}
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


class Names(set[str]):
    """Names as they come in, and a way to wait for them."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def add(self, name: str) -> None:
        super().add(name)
        self._news.set()

    async def hold(self, wanted: set[str], seconds: float) -> None:
        """Return when all are there, or time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not wanted <= self:
                    self._news.clear()
                    await self._news.wait()


@dataclass
class Canary(asyncio.DatagramProtocol):
    """`connections` counts them; `names` are the first parts of the paths that were asked for."""

    port: int
    connections: int = 0
    datagrams: int = 0
    names: Names = field(default_factory=Names)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.datagrams += 1
        self.came.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.came.set()
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.names.add(urlsplit(head.split(" ", 2)[1]).path.strip("/"))
            kind = KINDS.get(head.lower().partition("sec-fetch-dest: ")[2].partition("\r\n")[0], "text/html")
            body = SVG if "svg" in kind else ""
            length = f"Content-Type: {kind}\r\nContent-Length: {len(body)}"
            writer.write(f"HTTP/1.1 200 OK\r\n{length}\r\n{ALLOWED}Connection: close\r\n\r\n{body}".encode())
            await writer.drain()
        writer.close()


ALLOWED = "".join(f"Access-Control-Allow-{name}: *\r\n" for name in ("Origin", "Headers", "Methods"))


def _bound(family: socket.AddressFamily, kind: socket.SocketKind, port: int) -> socket.socket:
    found = socket.socket(family, kind)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    found.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
    return found


def _sockets() -> list[socket.socket]:
    """TCP and UDP, IPv4 and IPv6, on one port that is free in all of them."""
    while True:
        found: list[socket.socket] = []
        try:
            port = 0
            for family in (socket.AF_INET, socket.AF_INET6):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    found.append(_bound(family, kind, port))
                    port = found[0].getsockname()[1]
            return found
        except OSError:
            for one in found:
                one.close()


@contextlib.asynccontextmanager
async def canary() -> AsyncIterator[Canary]:
    sockets = _sockets()
    bird = Canary(sockets[0].getsockname()[1])
    loop = asyncio.get_running_loop()
    servers, transports = [], []
    for one in sockets:
        if one.type == socket.SOCK_STREAM:
            servers.append(await asyncio.start_server(bird.serve, sock=one))
        else:
            transport, _ = await loop.create_datagram_endpoint(lambda: bird, sock=one)
            transports.append(transport)
    try:
        yield bird
    finally:
        for server in servers:
            server.close()
        for transport in transports:
            transport.close()
