"""A server that says the very bytes it is told to, as often as somebody listens; bombs, and what memory they took."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import brotli
import psutil

from runs.engine.browser import Browser, driver_ending

MEGABYTE = 1_000_000
ZEROS = bytes(MEGABYTE)
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
Said = Callable[[], Iterable[bytes]]


@dataclass
class Speaking:
    """`said` gives, for a path, what is said; `/` is said of paths that are not known. `asked`: heads as they came."""

    url: str
    said: dict[str, Said]
    asked: list[bytes] = field(default_factory=list)


@contextlib.contextmanager
def speaking(said: dict[str, Said]) -> Iterator[Speaking]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        served = Speaking(f"http://127.0.0.1:{listening.getsockname()[1]}", said)
        threading.Thread(target=_accept, args=(listening, served), daemon=True).start()
        try:
            yield served
        finally:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, served: Speaking) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_speak, args=(connection, served), daemon=True).start()


def _speak(connection: socket.socket, served: Speaking) -> None:
    with contextlib.suppress(OSError), connection:
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(65_536)
            if not more:
                return
            head += more
        served.asked.append(head)
        path = head.split(b" ", 2)[1].decode().partition("?")[0]
        for piece in served.said.get(path, served.said["/"])():
            connection.sendall(piece)
        # To close with something unread would take back what was said.
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        while connection.recv(65_536):
            pass


def answer(body: bytes | str, *headers: bytes | str, status: str = "200 OK") -> Said:
    """One answer with these lines as headers."""
    lines = b"".join(_bytes(line) + b"\r\n" for line in headers)
    said = _bytes(body)
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(said)}\r\n".encode()
    return lambda: [head + lines + b"\r\n" + said]


def endless(piece: bytes = ZEROS, kind: str = "application/json") -> Said:
    return lambda: itertools.chain([HEAD + f"Content-Type: {kind}\r\n\r\n".encode()], itertools.repeat(piece))


def bomb(encoding: str, kind: str = "application/json") -> Said:
    """An answer without end, of which each kilobyte unpacks to a megabyte."""
    start, again = BOMBS[encoding]()
    head = HEAD + f"Content-Type: {kind}\r\nContent-Encoding: {encoding}\r\n\r\n".encode()
    return lambda: itertools.chain([head + start], itertools.repeat(again))


def packed(megabytes: int, byte: bytes = b" ") -> bytes:
    """A gzip file that unpacks to so many megabytes of one byte."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(byte * MEGABYTE) for _ in range(megabytes)) + packer.flush()


def _of_zlib(bits: int) -> tuple[bytes, bytes]:
    """The beginning, and a piece that stands for itself and can be repeated."""
    packer = zlib.compressobj(wbits=bits)
    start = packer.compress(ZEROS) + packer.flush(zlib.Z_FULL_FLUSH)
    return start, packer.compress(ZEROS) + packer.flush(zlib.Z_FULL_FLUSH)


def _of_brotli() -> tuple[bytes, bytes]:
    packer = brotli.Compressor(quality=5)
    start = packer.process(ZEROS) + packer.flush()
    return start, packer.process(ZEROS) + packer.flush()


BOMBS: dict[str, Callable[[], tuple[bytes, bytes]]] = {
    "gzip": lambda: _of_zlib(31),
    "deflate": lambda: _of_zlib(15),
    "br": _of_brotli,
}


@dataclass(frozen=True)
class Memory:
    """The most memory that a process had since `forget` was called, as the system counts it, in MB."""

    process: psutil.Process

    @property
    def _place(self) -> Path:
        return Path(f"/proc/{self.process.pid}")

    def forget(self) -> float:
        """Begin anew; what it has now."""
        (self._place / "clear_refs").write_text("5")
        return self.most

    @property
    def most(self) -> float:
        status = (self._place / "status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / MEGABYTE


@contextlib.contextmanager
def bounded(browser: Browser, megabytes: float) -> Iterator[None]:
    """What happens meanwhile takes no more memory than this, of the browser's driver and of this process."""
    watched = [Memory(process) for process in (driver_of(browser), psutil.Process())]
    before = [memory.forget() for memory in watched]
    yield
    grown = [memory.most - had for memory, had in zip(watched, before, strict=True)]
    assert max(grown) < megabytes


def driver_of(browser: Browser) -> psutil.Process:
    assert browser._playwright is not None
    return driver_ending.processes_of(browser._playwright)[0]


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
