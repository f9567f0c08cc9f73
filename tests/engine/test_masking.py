"""What is hidden, in which shapes, and what is left alone."""

import asyncio
import base64
import html
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from pydantic import SecretStr

from runs.engine.events import (
    AttemptEnded,
    CaseObserved,
    Event,
    Failure,
    Link,
    Log,
    PageSnapshot,
    PageVisited,
    SignedIn,
    StepReport,
)
from runs.engine.masking import LEFT_OUT, MASK, Masking, leaving
from runs.engine.masking.archive import clean
from runs.engine.masking.session_keys import is_key, keys_of
from runs.engine.plan import Credentials, Site

PASSWORD = "pä \"ss'</w>&ö/rd"
TOKEN = "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_123"
ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "html": html.escape,
    "html of Go and Jinja": lambda text: html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "html of PHP": lambda text: html.escape(text).replace("&#x27;", "&#039;"),
    "html of XML": lambda text: html.escape(text).replace("&#x27;", "&apos;"),
    "a text node of a browser": lambda text: html.escape(text, quote=False),
    "an attribute of a browser": lambda text: text.replace("&", "&amp;").replace('"', "&quot;"),
    "a path": quote,
    "a query": quote_plus,
    "a form of a browser": lambda text: quote_plus(text, "*").replace("~", "%7E"),
    "encodeURIComponent": lambda text: quote(text, safe="!'()*"),
    "all of an address": lambda text: quote(text, safe=""),
    "lower hex": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "json": lambda text: json.dumps(text)[1:-1],
    "json as it is": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json of PHP": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "json of Django": lambda text: (
        json.dumps(text)[1:-1].replace("<", "\\u003C").replace(">", "\\u003E").replace("&", "\\u0026")
    ),
    "json in json": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "json in an attribute": lambda text: html.escape(json.dumps(text)[1:-1]),
    "an address in json": lambda text: json.dumps(quote(text))[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 in an address": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
}


@pytest.mark.parametrize("shape", ENCODINGS)
@pytest.mark.parametrize("secret", [PASSWORD, TOKEN, "s3cr3t-word", "til~de*and(more)!"])
def test_secrets_are_masked_in_every_shape_in_which_they_travel(secret: str, shape: str) -> None:
    said = ENCODINGS[shape](secret)
    assert Masking([secret]).text(f"<{said}>") == f"<{MASK}>"
    assert Masking([secret]).content(f"<{said}>".encode()) == f"<{MASK}>".encode()


@pytest.mark.parametrize("before", range(5))
def test_base64_of_a_text_with_a_secret_in_it_does_not_give_it_away(before: int) -> None:
    said = base64.b64encode(b"x" * before + b"correct-horse-42" + b"yz").decode()
    masked = Masking(["correct-horse-42"]).text(said)
    assert MASK in masked
    assert len(masked) - len(MASK) <= 4 * (before // 3 + 1) + 8


def test_what_a_browser_sends_to_a_challenge_is_masked() -> None:
    site = Site(base_url="http://a.test", credentials=Credentials(username="eva", password=SecretStr("hunter-2")))
    said = base64.b64encode(b"eva:hunter-2").decode()
    assert Masking.of_site(site).text(f"Basic {said}") == f"Basic {MASK}"


def test_everything_that_a_site_is_told_in_confidence_is_hidden() -> None:
    profile = Credentials(kind="headers", headers={"Authorization": SecretStr(TOKEN)})
    form = Credentials(username="eva", password=SecretStr("pass-word-1"), totp=SecretStr("JBSWY3DPEHPK3PXP"))
    site = Site(
        base_url="http://a.test",
        secret_headers={"X-Key": SecretStr("header-key-1")},
        secrets={"api": SecretStr("variable-key-1")},
        credentials=form,
        profiles={"robot": profile},
    )
    masking = Masking.of_site(site)
    told = [TOKEN, TOKEN.split()[1], "pass-word-1", "jbswy3dpehpk3pxp", "JBSW Y3DP EHPK 3PXP", "header-key-1"]
    assert [masking.text(said) for said in [*told, "variable-key-1"]] == [MASK] * 7
    assert masking.text("eva") == "eva"


@pytest.mark.parametrize("word", ["abc", "admin", "Password", "123456"])
def test_short_and_ordinary_words_are_left_alone(word: str) -> None:
    assert Masking([word]).text(f"/{word}/users") == f"/{word}/users"


def test_a_password_that_is_the_user_name_is_left_alone() -> None:
    site = Site(base_url="http://a.test", credentials=Credentials(username="Evelyn", password=SecretStr("evelyn")))
    assert Masking.of_site(site).text("Signed in as evelyn") == "Signed in as evelyn"


def test_the_beginning_of_a_secret_at_the_end_of_a_cut_text_is_masked() -> None:
    masking = Masking(["correct-horse-battery"])
    assert masking.text("it said correct-horse-b…") == f"it said {MASK}…"
    assert masking.text("it said correct-horse-b and more") == "it said correct-horse-b and more"


def test_masks_reach_every_text_of_an_event_and_leave_what_has_none_as_it_is() -> None:
    masking = Masking(["s3cr3t-word"])
    failure = Failure(kind="expectation", message="no s3cr3t-word", received="s3cr3t-word")
    step = StepReport(index=0, do="fill", sentence="Fill s3cr3t-word", ok=False, duration_ms=1, error="s3cr3t-word")
    requests = ({"url": "/?q=s3cr3t-word", "s3cr3t-word": [{"deep": ("s3cr3t-word",)}]},)
    ended = AttemptEnded(1, 1, False, 0.0, 1, (step,), failure, (), ("s3cr3t-word",), requests)
    masked = masking.event(ended)
    assert "s3cr3t-word" not in repr(masked)
    assert repr(masked) == repr(ended).replace("s3cr3t-word", MASK)
    seen = CaseObserved(1, {"saved": {"x": "s3cr3t-word"}})
    assert masking.event(seen).outcome == {"saved": {"x": MASK}}
    plain = Log("info", "nothing")
    assert masking.event(plain) is plain
    assert masking.text("half of a pair \ud800 s3cr3t-word") == f"half of a pair \ud800 {MASK}"


def test_sessions_go_to_the_store_as_they_are_and_are_hidden_from_then_on() -> None:
    masking = Masking()
    state = {"cookies": [{"name": "sid", "value": "q8w7e6r5t4z3u2i1", "httpOnly": True}], "origins": []}
    event = SignedIn("account", "f", "/", (), True, state)
    assert masking.event(event) is event
    assert masking.text("sid=q8w7e6r5t4z3u2i1") == f"sid={MASK}"


def test_what_leaves_a_pipeline_is_masked_its_errors_too_and_masked_addresses_are_not_followed() -> None:
    def link(url: str) -> Link:
        return Link(url=url, key=url, group="", priority=0, depth=1)

    async def broken() -> None:
        try:
            raise KeyError("s3cr3t-word")
        except KeyError as error:
            raise ValueError("s3cr3t-word was wrong") from error

    told: list[Event] = []

    async def played() -> None:
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        page = PageSnapshot(url="/", path="/", title="s3cr3t-word")
        events.put_nowait(PageVisited(1, "/", "/", page, (link("/a"), link("/b?token=s3cr3t-word"))))
        events.put_nowait(Log("info", "s3cr3t-word"))
        events.put_nowait(None)
        async for event in leaving(events, Masking(["s3cr3t-word"]), broken()):
            told.append(event)  # noqa: PERF401 - what came before the error is looked at

    with pytest.raises(ValueError, match=f"{MASK} was wrong") as raised:
        asyncio.run(played())
    assert raised.value.__cause__ is not None
    assert raised.value.__cause__.args == (MASK,)
    warning, visited, log = told
    assert warning == Log("warning", LEFT_OUT)
    assert isinstance(visited, PageVisited)
    assert (visited.snapshot.title, [one.url for one in visited.links]) == (MASK, ["/a"])
    assert log == Log("info", MASK)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("550e8400-e29b-41d4-a716-446655440000", True),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", True),
        ("plain-token-0123456789", True),
        ("abcdefghijklmnopqrstuvwx", True),
        ("the-blue-mug-with-12-cups", False),
        ("/products/8f3a9b2c7d6e5f4a", False),
        ("https://shop.test/8f3a9b2c7d6e5f4a", False),
        ("A text that a page shows", False),
        ("q8w7e6", False),
    ],
)
def test_keys_are_told_from_words_and_addresses(text: str, key: bool) -> None:
    assert is_key(text) == key


def test_keys_are_found_inside_of_what_is_stored_as_json() -> None:
    kept = json.dumps({"user": {"access": "9f8e7d6c5b4a39281706", "name": "Eva Example Person"}})
    origins = [{"origin": "http://a.test", "localStorage": [{"name": "auth", "value": kept}]}]
    cookies = [{"name": "prefs", "value": quote(kept), "httpOnly": False}]
    assert keys_of({"origins": origins}) == ["9f8e7d6c5b4a39281706"]
    assert keys_of({"cookies": cookies})[-1] == "9f8e7d6c5b4a39281706"


def test_a_trace_is_kept_without_cookies_sign_ins_and_packed_files(tmp_path: Path) -> None:
    session = "f00dfeedc0ffee1122334455"
    record = {
        "type": "resource-snapshot",
        "snapshot": {
            "request": {
                "headers": [{"name": "Cookie", "value": f"sid={session}"}, {"name": "Accept", "value": "*/*"}],
                "cookies": [{"name": "sid", "value": session}],
            },
            "response": {"headers": [{"name": "set-cookie", "value": f"sid={session}; Path=/"}], "cookies": []},
        },
    }
    options = {"type": "context-options", "options": {"httpCredentials": {"password": "x"}, "storageState": {"a": "b"}}}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as inner:
        inner.writestr("in.txt", "s3cr3t-word")
    path = tmp_path / "trace.zip"
    with zipfile.ZipFile(path, "w") as trace:
        trace.writestr("0-trace.network", json.dumps(record) + "\n")
        trace.writestr("0-trace.trace", json.dumps(options) + '\n{"value": "s3cr3t-word"}\nno json: cookie\n')
        trace.writestr("resources/a.html", f"<p>{session} s3cr3t-word</p>")
        trace.writestr("resources/b.png", b"\x89PNG\xff\x00")
        trace.writestr("resources/c.dat", packed.getvalue())
    clean(path, Masking(["s3cr3t-word"]))
    with zipfile.ZipFile(path) as trace:
        held = {name: trace.read(name) for name in trace.namelist()}
    assert b"s3cr3t-word" not in b"".join(held.values())
    assert session.encode() not in b"".join(held.values())
    assert b'"*/*"' in held["0-trace.network"]
    assert json.loads(held["0-trace.trace"].split(b"\n")[0])["options"] == {
        "httpCredentials": None,
        "storageState": None,
    }
    assert (held["resources/b.png"], held["resources/c.dat"]) == (b"\x89PNG\xff\x00", b"")


@pytest.mark.parametrize("deep", [300, 3_000, 100_000])
def test_a_key_is_found_however_deep_a_site_hides_it(deep: int) -> None:
    key = "9f8e7d6c5b4a39281706"
    said = "[" * deep + f'"{key}"' + "]" * deep
    inner: Any = key
    for _ in range(deep):
        inner = [inner]
    databases = [{"stores": [{"records": [inner]}]}]
    assert keys_of({"cookies": [{"name": "n", "value": said}]}) == [key]
    assert keys_of({"origins": [{"origin": "http://a.test", "indexedDB": databases}]}) == [key]


def test_a_trace_of_a_page_that_is_nested_deep_is_kept_without_its_secrets(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    session, cookie = "f00dfeedc0ffee1122334455", {"name": "Cookie", "value": "sid=f00dfeedc0ffee1122334455"}

    def line(deep: int) -> str:
        return '["DIV",' * deep + json.dumps(cookie) + "]" * deep

    path = tmp_path / "trace.zip"
    with zipfile.ZipFile(path, "w") as trace:
        trace.writestr("0-trace.trace", "\n".join([line(600), line(50_000), '{"type":"after"}']))
    clean(path, Masking())
    with zipfile.ZipFile(path) as trace:
        kept = trace.read("0-trace.trace").decode().split("\n")
    assert session not in "".join(kept)
    assert (kept[0].count("DIV"), kept[1], kept[2]) == (600, "", '{"type":"after"}')
    assert "nested very deep is left out" in caplog.text
