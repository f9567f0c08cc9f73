import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from runs.engine.browser.egress import Egress
from runs.engine.netguard import Guard
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
    egress = Egress(Guard(allow_private=True))
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


async def test_a_name_is_judged_by_the_address_that_it_leads_to(site: Pages) -> None:
    strict = Egress(Guard.of("http://127.0.0.1"))
    proxy = await strict.start()
    try:
        async with httpx.AsyncClient(proxy=proxy) as client:
            assert (await client.get(f"{site.url}/echo")).status_code == 200
            named = await client.get(site.url.replace("127.0.0.1", "localhost") + "/echo")
    finally:
        await strict.stop()
    assert named.status_code == 403
    assert [asked.path for asked in site.asked] == ["/echo"]


async def test_nonsense_closes_the_connection_and_nothing_else(egress: str, site: Pages) -> None:
    host, port = egress.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\x16\x03\x01 what\r\n\r\n")
    assert await reader.read() == b""
    writer.close()
    async with httpx.AsyncClient(proxy=egress) as client:
        assert (await client.get(site.url)).status_code == 200
