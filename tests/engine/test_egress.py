import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from functools import partial
from ipaddress import ip_address

import httpx
import pytest

from runs.engine.browser.egress_proxy import EgressProxy
from runs.engine.netguard import Address, Guard, JudgedAddress
from tests.engine.pages import Answer, Answers, Pages, pages


@pytest.fixture
def site() -> Iterator[Pages]:
    answers: Answers = {
        "/echo": lambda asked: Answer(f"{asked.method} {asked.path} {len(asked.body)}"),
        "/": "<h1>Here</h1>",
    }
    with pages(answers) as site:
        yield site


@pytest.fixture
async def egress() -> AsyncIterator[str]:
    egress = EgressProxy(Guard.allowing("127.0.0.1"))
    yield await egress.start()
    await egress.stop()


async def test_requests_pass_with_query_and_body(egress: str, site: Pages) -> None:
    async with httpx.AsyncClient(proxy=egress) as client:
        answers = await asyncio.gather(
            client.get(f"{site.url}/echo?a=1&b=%20"),
            client.post(f"{site.url}/echo", content=b"x" * 300_000),
            client.get(site.url),
        )
    assert [answer.text for answer in answers] == ["GET /echo?a=1&b=%20 0", "POST /echo 300000", "<h1>Here</h1>"]
    assert {asked.headers["host"] for asked in site.asked} == {site.url.removeprefix("http://")}
    assert not any("proxy-connection" in asked.headers for asked in site.asked)


async def test_a_tunnel_carries_whatever_is_sent_through_it(egress: str, site: Pages) -> None:
    host, port = egress.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    target = site.url.removeprefix("http://")
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    for _ in range(2):
        writer.write(f"GET /echo HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        assert (await reader.readuntil(b"GET /echo 0")).startswith(b"HTTP/1.1 200 ")
    writer.close()


@pytest.mark.parametrize(
    ("url", "status", "sentence"),
    [
        ("http://169.254.169.254/latest", 403, "cloud metadata"),
        ("http://2852039166/", 403, "cloud metadata"),
        ("http://127.0.0.1:9/", 502, "cannot be reached"),
        ("http://no-such-host.invalid/", 502, "not known to the name server"),
    ],
)
async def test_what_is_not_opened_is_answered_with_a_sentence(
    egress: str, url: str, status: int, sentence: str
) -> None:
    async with httpx.AsyncClient(proxy=egress) as client:
        answer = await client.get(url)
    assert answer.status_code == status
    assert sentence in answer.text


async def test_a_name_is_resolved_for_each_connection_and_judged_by_where_it_leads(
    site: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["169.254.169.254"]])

    async def resolved(_place: JudgedAddress) -> list[Address]:
        return [ip_address(address) for address in next(answers)]

    monkeypatch.setattr("runs.engine.browser.egress_proxy._resolved", resolved)
    strict = EgressProxy(Guard.allowing(site.url.removeprefix("http://")))
    proxy = await strict.start()
    try:
        async with httpx.AsyncClient(proxy=proxy) as client:
            url = site.url.replace("127.0.0.1", "rebinding.test") + "/echo"
            seen = [(await client.get(url)).status_code for _ in range(4)]
    finally:
        await strict.stop()
    assert seen == [200, 403, 403, 403]
    assert [asked.path for asked in site.asked] == ["/echo"]


async def test_one_port_of_a_host_opens_no_other(site: Pages) -> None:
    strict = EgressProxy(Guard.allowing(site.url.removeprefix("http://")))
    proxy = await strict.start()
    try:
        with pages({"/": "other"}) as other:
            async with httpx.AsyncClient(proxy=proxy) as client:
                assert (await client.get(f"{site.url}/echo")).status_code == 200
                assert (await client.get(other.url)).status_code == 403
            assert other.asked == []
    finally:
        await strict.stop()


async def _sly(heard: bytearray, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\nConnection: keep-alive\r\nProxy-Authenticate: Basic realm=x\r\n")
    writer.write(b"Content-Length: 2\r\n\r\nok")
    while chunk := await reader.read(1000):
        heard += chunk
    writer.close()


async def test_a_connection_carries_one_request_whatever_the_site_says_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that keeps the connection open would else be sent the next request with the proxy's password."""
    monkeypatch.setattr("runs.engine.browser.egress_proxy.LOOPBACK", ())
    heard = bytearray()
    server = await asyncio.start_server(partial(_sly, heard), "127.0.0.1", 0)
    place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    egress = EgressProxy(Guard.allowing(place))
    host, port = (await egress.start()).removeprefix("http://").split(":")
    known = b64encode(":".join(egress.credentials.values()).encode()).decode()
    request = (
        f"POST http://{place}/ HTTP/1.1\r\nProxy-Authorization: Basic {known}\r\nContent-Length: 3\r\n\r\nabc".encode()
    )
    try:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        answer = await reader.readuntil(b"ok")
        writer.write(request)
        await writer.drain()
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
    finally:
        await egress.stop()
        server.close()
    assert answer.splitlines()[:2] == [b"HTTP/1.1 200 OK", b"Connection: close"]
    assert b"keep-alive" not in answer
    assert b"Proxy-" not in answer
    assert heard == b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"


@pytest.mark.parametrize(
    ("header", "status"), [("Transfer-Encoding: chunked", 501), ("Content-Length: 3\r\nContent-Length: 4", 400)]
)
async def test_a_request_whose_length_is_not_clear_is_not_passed_on(
    egress: str, site: Pages, header: str, status: int
) -> None:
    host, port = egress.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST {site.url}/echo HTTP/1.1\r\n{header}\r\n\r\n".encode())
    assert (await reader.read()).startswith(f"HTTP/1.1 {status} ".encode())
    writer.close()
    assert site.asked == []


async def test_nonsense_closes_the_connection_and_nothing_else(egress: str, site: Pages) -> None:
    host, port = egress.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\x16\x03\x01 what\r\n\r\n")
    assert await reader.read() == b""
    writer.close()
    async with httpx.AsyncClient(proxy=egress) as client:
        assert (await client.get(site.url)).status_code == 200
