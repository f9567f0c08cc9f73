"""What receivers of news answer: bounded in calls and memory, and told in one sentence whatever they say."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from runs.engine.netguard import Guard
from runs.notifiers.base import NotNow, Ports, Reply, Undeliverable
from runs.notifiers.egress_client import BODY_LIMIT, EgressClient
from runs.notifiers.github import GitHub, send
from runs.notifiers.http import accepted
from runs.notifiers.smtp import Smtp
from tests.hostile.bounded import spent
from tests.hostile.speaking import HEAD, Said, answer, bomb, endless, packed, speaking
from tests.notifiers.conftest import news

OPEN = Guard.allowing("127.0.0.1")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
# A reply that comes piece by piece is left after so long; nothing is measured by it.
SECONDS = 2.0


def tried(url: str) -> str:
    try:
        reply = accepted(EgressClient(OPEN, SECONDS).send("POST", url, {}, b"{}"), NOW)
    except (NotNow, Undeliverable) as refusal:
        return f"{type(refusal).__name__}: {refusal}"
    return f"{reply.status} with {len(reply.body)}"


def drips(piece: bytes, before: bytes = b"") -> Said:
    return lambda: itertools.chain([before], itertools.repeat(piece))


def says(*pieces: bytes) -> Said:
    return lambda: pieces


def crumbs() -> Iterable[bytes]:
    return [HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"20\r\n" + b"x" * 32 + b"\r\n") * 3_000 + b"0\r\n\r\n"]


NO_HTTP, LATE = "NotNow: 127.0.0.1 does not answer in HTTP: ", "NotNow: 127.0.0.1 did not answer within 2 s."
REPLIES: dict[str, tuple[Said, str | tuple[str, ...]]] = {
    "a body without end": (endless(), f"200 with {BODY_LIMIT}"),
    "a bomb": (bomb("gzip"), f"200 with {BODY_LIMIT}"),
    "a bomb that ends": (answer(packed(50), "Content-Encoding: gzip"), "200 with 48"),
    # On a busy machine its time is over before; what it may cost is the same.
    "a body in crumbs": (crumbs, (f"200 with {BODY_LIMIT}", LATE)),
    "a line without end": (drips(b"x" * 65_536, b"HTTP/1.1 200 "), NO_HTTP),
    "a header without end": (drips(b"x" * 65_536, HEAD + b"X-Long: "), NO_HTTP),
    "headers without end": (drips(b"X-More: 1\r\n" * 1_000, HEAD), NO_HTTP),
    "heads without end": (drips(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10), LATE),
    "a chunk's name without end": (
        drips(b"0" * 65_536, HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
        NO_HTTP,
    ),
    "nothing": (says(), NO_HTTP),
    "no HTTP": (says(b"SSH-2.0-OpenSSH_9.6\r\n"), NO_HTTP),
    "bytes": (says(bytes(range(256)) * 100), NO_HTTP),
    "a body that breaks off": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nx"), NO_HTTP),
    "a length that is none": (says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx"), NO_HTTP),
    "two lengths": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"), NO_HTTP),
    "a status that is none": (says(b"HTTP/1.1 9999 OK\r\n\r\n"), NO_HTTP),
    "CR in a header": (answer("", "X-Odd: a\rb"), NO_HTTP),
    "NUL in a header": (answer("", "X-Odd: a\0b"), NO_HTTP),
    "invalid bytes in a header": (answer("", b"X-Odd: \xff\xfe\xed\xa0\x80"), "200 with 0"),
    "a circle": (answer("", "Location: /", status="302 Found"), "Undeliverable: It answered 302: redirects are not"),
    "a long Location": (answer("", f"Location: /{'a' * 90_000}", status="302 Found"), "Undeliverable: It answered 302"),
    "an hour that never comes": (
        answer("", f"Retry-After: {'9' * 5_000}", status="503 No"),
        "NotNow: It answered 503.",
    ),
    "a date that is none": (answer("", "Retry-After: 99 Foo 99999", status="503 No"), "NotNow: It answered 503."),
    "cookies": (answer("", *[f"Set-Cookie: a{n}={'b' * 50}; Domain=.test" for n in range(1_000)]), "200 with 0"),
    "odd cookies": (answer("", b"Set-Cookie: \xff=\xff; Expires=\xff; Max-Age=1e9; Path", "Set-Cookie: ;=;"), "200"),
}


@pytest.mark.parametrize(("said", "sentence"), REPLIES.values(), ids=REPLIES)
def test_replies(said: Said, sentence: str | tuple[str, ...]) -> None:
    with speaking({"/": said}) as receiver:
        found = spent(lambda: tried(receiver.url))
    assert found.result.strip("'\"").startswith(sentence)
    assert "\\n" not in found.result
    assert found.megabytes < 5
    assert found.calls < 5_000_000


DEEP = "[" * 60_000
GITHUB: dict[str, bytes] = {
    "no JSON": b"\xff\xfe",
    "nothing": b"",
    "nested": DEEP.encode(),
    "a list": b"[]",
    "no parts": b"{}",
    "a number": b'{"token": 1, "expires_at": 1}',
    "no date": b'{"token": "t", "expires_at": "soon"}',
    "a date without a zone": b'{"token": "t", "expires_at": "2026-01-01T00:00:00"}',
    "a part of the wrong kind": b'{"token": "t", "expires_at": "2030-01-01T00:00:00Z", "id": "x", "check_runs": {}}',
    "words": json.dumps({"message": {"a": [1]}, "errors": "x"}).encode(),
    "long words": json.dumps({"message": "a\n" * 20_000}).encode(),
}


@dataclass
class Same:
    """A port that answers everything with the same."""

    reply: Reply

    def send(self, _method: str, _url: str, _headers: Mapping[str, str], _body: bytes = b"") -> Reply:
        return self.reply


@cache
def key() -> str:
    made = rsa.generate_private_key(65_537, 2_048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def asked(body: bytes, status: int, *, repeated: bool) -> str:
    settings = GitHub(repo="octo/shop", app_id=1, installation_id=1, private_key=SecretStr(key()))
    given = news(commit={"sha": "1" * 40}, repeated=repeated)
    try:
        sent = send(given, settings, Ports(Same(Reply(status, {}, body)), Smtp("", ""), {}))
    except (NotNow, Undeliverable) as refusal:
        return f"{type(refusal).__name__}: {refusal}"
    return sent.detail


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("body", GITHUB.values(), ids=GITHUB)
def test_what_github_answers(body: bytes, status: int) -> None:
    key()
    for repeated in (False, True):
        found = spent(partial(asked, body, status, repeated=repeated))
        assert found.result.strip("'\"").startswith(("NotNow: GitHub", "Undeliverable: GitHub answered 403: "))
        assert "\\n" not in found.result
        assert len(found.result) < 400
        assert found.megabytes < 10
