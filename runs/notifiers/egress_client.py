"""The way out for notifiers: one judged address per name, a deadline for the whole try, no redirects, short answers.

A name is resolved once, every address it has is judged, and the connection goes to one that was judged: it cannot point
elsewhere a moment later. Host header, SNI and certificate stay those of the name.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx

from runs.engine.netguard import Address, Guard, Resolve, known_addresses, place_of, resolve_name
from runs.notifiers.base import NotNow, Reply, Undeliverable

SECONDS = 10.0
BODY_LIMIT = 64 * 1024


def forbidden(url: str, guard: Guard, resolve: Resolve = resolve_name) -> str | None:
    """Why `url` may not be sent to, by its text and by what its name points to now; None where it may."""
    refusal = guard.refuses(url, resolve)
    if refusal:
        return refusal
    scheme = place_of(url).scheme
    return None if scheme in ("http", "https") else f"{scheme}: addresses are not sent to, only http and https"


class EgressClient:
    """The HTTP port of one try: whatever it sends is over `seconds` after it was made."""

    def __init__(self, guard: Guard, seconds: float = SECONDS, resolve: Resolve = resolve_name) -> None:
        self._guard = guard
        self._resolve = resolve
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        # By its text alone, for the name is resolved once, when it is connected to: see `Pinned`.
        refusal = forbidden(url, self._guard, lambda _host, _port: ())
        if refusal:
            raise Undeliverable(f"The address is not sent to: {refusal}.")
        host = place_of(url).host
        given = {"User-Agent": "Sentri", "Accept": "*/*", "Accept-Encoding": "identity", **headers}
        try:
            # Without a client around it, which would read cookies, and where redirects lead.
            request = httpx.Request(method, url, headers=given, content=body)
            with (
                Transport(Pinned(self._guard, self._resolve, self._until)) as transport,
                contextlib.closing(transport.handle_request(request)) as answer,
            ):
                named = {name.lower(): value for name, value in answer.headers.items()}
                # Not unpacked, whatever the answer says of itself: a megabyte can unpack to a gigabyte (decision 43).
                return Reply(answer.status_code, named, _beginning(answer.iter_raw()))
        except httpcore.TimeoutException as error:
            raise NotNow(f"{host} did not answer within {self._seconds:g} s.") from error
        except httpcore.NetworkError as error:
            raise NotNow(f"{host} cannot be reached: {plain(error)}.") from error
        except (httpcore.ProtocolError, httpx.HTTPError) as error:
            raise NotNow(f"{host} does not answer in HTTP: {str(error)[:200].rstrip('.')}.") from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise Undeliverable(f"The address cannot be used: {str(error)[:200]}.") from error


def plain(error: Exception) -> str:
    """What the system said, without its error number."""
    return re.sub(r"^\[\w+( -?\d+)?\] ", "", str(error))[:200] or type(error).__name__


def _beginning(chunks: Iterator[bytes]) -> bytes:
    # It grows in place: bytes would be copied anew for each crumb of a body that comes in crumbs.
    kept = bytearray()
    for chunk in chunks:
        kept += chunk[:BODY_LIMIT]
        if len(kept) >= BODY_LIMIT:
            break
    return bytes(kept[:BODY_LIMIT])


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class NotifierResponse(httpx.SyncByteStream):
    def __init__(self, chunks: Any) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks

    def close(self) -> None:
        self._chunks.close()


class Transport(httpx.BaseTransport):
    """httpx on connections that we open ourselves."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        core_request = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        answer = self._pool.handle_request(core_request)
        return httpx.Response(answer.status, headers=answer.headers, stream=NotifierResponse(answer.stream))

    def close(self) -> None:
        self._pool.close()


class Pinned(httpcore.NetworkBackend):
    """Connects to addresses that the guard has judged, and to no others."""

    def __init__(self, guard: Guard, resolve: Resolve, until: float) -> None:
        self._guard, self._resolve, self._until = guard, resolve, until
        self._tcp = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        refusal = self._guard.refuses_host(host, port)
        addresses: Sequence[Address] = ()
        if not refusal:
            found = known_addresses(host) or [ip_address(address) for address in self._resolve(host, port)]
            addresses, refusal = self._guard.judged(host, port, found)
        if refusal:
            raise Undeliverable(f"The address is not sent to: {refusal}.")
        if not addresses:
            raise NotNow(f"{host} is not known to the name server.")
        *others, last = map(str, addresses)
        for other in others:
            try:
                return self._connected(other, port, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return self._connected(last, port, local_address, socket_options)

    def _connected(self, address: str, port: int, local: str | None, options: Any) -> httpcore.NetworkStream:
        stream = self._tcp.connect_tcp(address, port, left(self._until), local, options)
        return Limited(stream, self._until)


class Limited(httpcore.NetworkStream):
    """A connection that ends at the deadline, however slowly its bytes come."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, left(self._until))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return Limited(self._stream.start_tls(ssl_context, server_hostname, left(self._until)), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def left(until: float) -> float:
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout("the time for this try is over")
    return seconds
