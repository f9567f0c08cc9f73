"""Hostile bytes for everything that reads what a site sends: bounded in calls and memory, whatever they say."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from runs.engine.crawl.address_shapes import varies
from runs.engine.crawl.canonical import canonical, resolve
from runs.engine.crawl.challenge import answered_by
from runs.engine.crawl.robots import parse_robots
from runs.engine.crawl.scope import Scope, is_destructive
from runs.engine.crawl.sitemap import MAX_BYTES, parse_sitemap
from runs.engine.crawl.snapshot import read as read_snapshot
from runs.engine.foreign import UnreadableJson, loaded
from runs.engine.generate.openapi.operations import UnreadableDocument as NotDescribed
from runs.engine.generate.openapi.operations import read as read_openapi
from runs.engine.page.volatile import normalised, steady
from runs.engine.steps.answer import Answer, AnswerExpectation
from runs.engine.steps.base import StepFailed
from runs.engine.steps.variables import expressions
from runs.engine.traffic import Exchange, blanked, blanked_line, entries, template
from runs.engine.traffic.json_shape import is_field
from runs.insight.facts import keys
from runs.insight.normalising import path_template, words
from tests.hostile.bounded import grows_with_its_input, spent

URL = "http://shop.test/" + "a" * 2_000


def robots(text: str) -> tuple[bool, int]:
    read = parse_robots(text)
    return read.allows(URL), len(read.sitemaps)


ROBOTS: dict[str, Callable[[int], str]] = {
    "stars": lambda n: "User-agent: *\nDisallow: /" + "*a" * n + "*b$\n",
    "spaces": lambda n: "User-agent: *\nDisallow:" + " " * n * 100 + "x\n",
    "a name without end": lambda n: "a" * n * 100,
    "many agents, many rules": lambda n: "".join(f"User-agent: a{i}\n" for i in range(n)) + "Disallow: /a\n" * n,
    "many rules of ours": lambda n: "User-agent: *\n" + "".join(f"Disallow: /*a*{i}$\n" for i in range(n)),
    "percent signs": lambda n: "User-agent: *\nDisallow: /" + "%2" * n + "%\n",
    "colons": lambda n: ":" * n * 100,
    "sitemaps": lambda n: "Sitemap: http://shop.test/s.xml\n" * n,
    "controls": lambda n: "User-agent: *\nDisallow: /\0\x0b\x1c\u2028" * n,
}


@pytest.mark.parametrize("make", ROBOTS.values(), ids=ROBOTS)
def test_robots(make: Callable[[int], str]) -> None:
    grows_with_its_input(robots, make, 150)


def sitemap(body: bytes) -> int:
    read = parse_sitemap(body, 5_000)
    return len(read.pages) + len(read.sitemaps)


def of_entries(text: str) -> bytes:
    return f"<urlset>{text}</urlset>".encode()


SITEMAPS: dict[str, Callable[[int], bytes]] = {
    "tags that do not end": lambda n: b"<urlset>" + b"<image:loc " * n,
    "elements that do not end": lambda n: b"<urlset>" + b"<image:loc>" * n,
    "elements in elements": lambda n: b"<a>" * n + b"</a>" * n,
    "attributes": lambda n: b"<urlset " + b"".join(b'a%d="1" ' % i for i in range(n)) + b"/>",
    "one attribute": lambda n: b'<urlset a="' + b"a" * n * 10 + b'"/>',
    "spaces": lambda n: of_entries("<url><loc>" + " " * n * 10 + "</loc></url>"),
    "references": lambda n: of_entries("<url><loc>" + "&amp;" * n + "</loc></url>"),
    "entries": lambda n: of_entries("<url><loc>http://shop.test/</loc></url>" * n),
    "comments": lambda n: b"<urlset>" + b"<!-- - -" * n,
    "plain text": lambda n: b"http://shop.test/\r" * n,
    "one line": lambda n: b"http://shop.test/" + b"a" * n * 10,
    "instructions": lambda n: b"<?xml version='1.0'?>" + b"<?a?>" * n + b"<urlset/>",
    "namespaces": lambda n: b"<urlset " + b"".join(b"xmlns:a%d='b' " % i for i in range(n)) + b"/>",
}


@pytest.mark.parametrize("make", SITEMAPS.values(), ids=SITEMAPS)
def test_sitemaps(make: Callable[[int], bytes]) -> None:
    grows_with_its_input(sitemap, make, 500)


LAUGHS = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
BOMBS: dict[str, bytes] = {
    "a billion laughs": f"<!DOCTYPE u [{LAUGHS}]><urlset><url><loc>http://a/&a11;</loc></url></urlset>".encode(),
    "an entity elsewhere": b'<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>&x;</loc></url></urlset>',
    "gzip": gzip.compress(b"<urlset>" + b" " * (60 * 1024 * 1024), 9),
    "gzip in gzip": gzip.compress(gzip.compress(b" " * MAX_BYTES)),
    "a strange charset": b'<?xml version="1.0" encoding="nonsense"?><urlset/>',
    "utf-7": b'<?xml version="1.0" encoding="utf-7"?><urlset/>',
    "half of utf-16": "<urlset><url><loc>http://a/".encode("utf-16"),
    "nothing": b"",
    "nulls": b"\0" * 100_000,
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_sitemaps_that_unpack_to_more_than_they_are(body: bytes) -> None:
    found = spent(lambda: sitemap(body))
    assert found.megabytes < 40
    assert found.calls < 20_000
    assert found.result == "0"


def test_a_sitemap_that_breaks_off_lists_what_stands_before() -> None:
    body = b"<urlset><url><loc>http://shop.test/1</loc></url>" + b"<image:loc " * 18_000
    assert parse_sitemap(body).pages == ("http://shop.test/1",)


# --- JSON ---


def as_json(text: str | bytes) -> str:
    try:
        loaded(text)
    except UnreadableJson as error:
        return f"refused: {error}"
    return "read"


DOCUMENTS: dict[str, Callable[[int], str]] = {
    "lists in lists": lambda n: "[" * n + "]" * n,
    "objects in objects": lambda n: '{"a":' * n + "1" + "}" * n,
    "lists that do not end": lambda n: "[" * n,
    "a whole number": lambda n: "9" * n,
    "a fraction": lambda n: "0." + "9" * n,
    "an exponent": lambda n: "1e" + "9" * n,
    "keys given twice": lambda n: "{" + ",".join(['"a":1'] * n) + "}",
    "half characters": lambda n: '"' + "\\ud800" * n + '"',
    "no characters": lambda n: '["' + '\\u0000","' * n + '"]',
    "escapes": lambda n: '"' + "\\\\" * n + '"',
    "spaces": lambda n: " " * n + "1",
    "words": lambda n: "NaN" * n,
}


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)
def test_json(make: Callable[[int], str]) -> None:
    grows_with_its_input(as_json, make, 1_000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 300 + "]" * 300, "nested more than 200 deep"),
        ("[" * 100_000, "nested more than 200 deep"),
        ("9" * 5_000, "a number of 5,000 digits"),
        ("1e999", "a number that is too large"),
        ("NaN", "NaN is no number in JSON"),
        ("-Infinity", "-Infinity is no number in JSON"),
        ('"' + "a" * 20_000_001, "larger than 20 MB"),
        ("{", "it is not JSON"),
    ],
)
def test_json_that_is_not_read_is_told_as_what_it_is(text: str, said: str) -> None:
    with pytest.raises(UnreadableJson, match=said):
        loaded(text)
    with pytest.raises(StepFailed, match="Expected JSON, but") as failed:
        Answer(200, {}, text.encode(), 1.0).document()
    assert "set_int_max_str_digits" not in failed.value.message


def test_texts_of_json_are_texts() -> None:
    assert loaded(b'{"a\\ud800": ["\\u0000b", "\\ud83d\\ude00"]}') == {"a\ufffd": ["\ufffdb", "\U0001f600"]}


CALLS: dict[str, Callable[[int], bytes]] = {
    "a query of comments": lambda n: json.dumps({"query": "#\n" * n + "x"}).encode(),
    "a query of spaces": lambda n: json.dumps({"query": " " * n + "x"}).encode(),
    "a query of words": lambda n: json.dumps({"query": "query " * n}).encode(),
    "a batch": lambda n: json.dumps([{"query": "{a}"}] * n).encode(),
    "fields": lambda n: json.dumps({f"a{i}": i for i in range(n)}).encode(),
    "texts": lambda n: json.dumps({"a": ["a@a." * 20] * n}).encode(),
    "one text": lambda n: json.dumps(["a." * n, "1" * n, "a@" * n, "-" * n, "A" * n]).encode(),
    "lists in lists": lambda n: b"[" * n,
}


@pytest.mark.parametrize("make", CALLS.values(), ids=CALLS)
def test_calls_of_a_page(make: Callable[[int], bytes]) -> None:
    def heard(body: bytes) -> int:
        url = "http://shop.test/" + "/a1" * 500 + "?" + "a=b&" * 500
        return len(entries(Exchange("POST", url, "fetch", 200, "application/json", body, "application/json", body)))

    grows_with_its_input(heard, make, 300)


@pytest.mark.parametrize(
    "part", ["a", "1", "%", "%2", ";", "/..", "a=", "&", "é", "@", ":", "\\", "\t", "//", "-", "A.", "[", "\0"]
)
def test_addresses(part: str) -> None:
    def read(url: str) -> None:
        resolve(url, "http://shop.test/a/b")
        canonical(url)
        blanked(url)
        blanked_line(f"GET {url} failed")
        template(url)
        is_destructive(url[:8_000])
        Scope("http://shop.test/").admits(canonical(url[:8_000]), url)

    grows_with_its_input(read, lambda n: "http://shop.test/" + part * n, 400)


@pytest.mark.parametrize(
    "part", [" ", "a", "1", "1 ", "a@", "a.", "{{", "-", "$", "1:", "jan ", "http://", "#a1", "(", "\u00a0", "日"]
)
def test_words_of_a_page(part: str) -> None:
    def read(text: str) -> None:
        normalised(text)
        steady(text)
        answered_by(503, {}, text)

    grows_with_its_input(read, lambda n: part * n, 1_000)


def test_an_answer_is_checked_in_time_that_grows_with_it() -> None:
    expectation = AnswerExpectation.model_validate(
        {
            "json": [{"path": "$.a[*].b", "contains": "x"}],
            "schema": {"properties": {"a": {"items": {"type": "object"}}}},
        }
    )

    def verify(body: bytes) -> str:
        try:
            expectation.verify(Answer(200, {"x": "y" * 100_000}, body, 1.0))
        except StepFailed as failed:
            return failed.message
        return "fits"

    grows_with_its_input(verify, lambda n: json.dumps({"a": [{"b": "y"}] * n}).encode(), 300)


# --- descriptions of APIs ---


def described(text: str) -> str:
    try:
        found = read_openapi(text, "http://shop.test")
    except NotDescribed as error:
        return f"refused: {error}"
    return f"{len(found)} operations, {len(json.dumps([one.model_dump() for one in found]))} characters"


def api(schema: Any, paths: int = 1, schemas: dict[str, Any] | None = None) -> str:
    answer = {"get": {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}}
    document = {"openapi": "3.0.0", "paths": {f"/{n}": answer for n in range(paths)}}
    return json.dumps(document | {"components": {"schemas": schemas or {}}})


def merging(levels: int, by: str = "<<: [*a{0}, *a{0}]") -> str:
    lines = ["openapi: 3.0.0", "paths: {/a: {get: {}}}", "a0: &a0 {x: 1}"]
    return "\n".join(lines + [f"a{n + 1}: &a{n + 1} {{{by.format(n)}}}" for n in range(levels)])


DOUBLED = {f"s{n}": {"allOf": [{"$ref": f"#/components/schemas/s{n + 1}"}] * 2} for n in range(40)}
ALIASES = merging(40, "a: *a{0}, b: *a{0}, c: *a{0}")
LATER = ALIASES.replace("paths:", "later:")


def posted(schema: Any, **more: Any) -> str:
    media = {"application/json": {"schema": schema}}
    return json.dumps({"openapi": "3.0.0", "paths": {"/a": {"post": {"requestBody": {"content": media}}}}} | more)


def got(**more: Any) -> str:
    return json.dumps({"openapi": "3.0.0", "paths": {"/a": {"get": {}} | more}})


NAMES = [f"a{n}" for n in range(20)]
EVERYTHING = {"type": "object", "required": NAMES, "properties": {name: {"$ref": "#/s"} for name in NAMES}}
ITSELF = {"a": {"$ref": "#/components/schemas/a"}}
DESCRIPTIONS: dict[str, str] = {
    "a reference to itself": api(ITSELF["a"], 300, ITSELF),
    "a schema in itself": api(ITSELF["a"], 300, {"a": {"items": ITSELF["a"]}}),
    "references that double": api({"$ref": "#/components/schemas/s0"}, 4, DOUBLED),
    "aliases that triple": ALIASES,
    "an example of aliases": LATER
    + "\npaths: {/a: {post: {requestBody: {content: {application/json: {example: *a40}}}}}}",
    "enumerations of aliases": LATER
    + "\npaths: {/a: {get: {responses: {200: {content: {application/json: {schema: {enum: [*a40]}}}}}}}}",
    "merges that double": merging(40),
    "an alias of itself": "openapi: 3.0.0\npaths: &a\n  /a: *a",
    "lists in lists": "openapi: 3.0.0\npaths: " + "[" * 100_000,
    "rows in rows": "openapi: 3.0.0\npaths:\n " + "- " * 20_000 + "a",
    "keys in keys": "openapi: 3.0.0\npaths: " + "{a: " * 50_000,
    "questions": "openapi: 3.0.0\n" + "? " * 50_000,
    "a number": "openapi: 3.0.0\npaths: {/a: " + "9" * 100_000 + "}",
    "a number of minutes": "openapi: 3.0.0\npaths: {/a: 1" + ":59" * 3_000 + "}",
    "an object of Python": "openapi: 3.0.0\npaths: !!python/object/apply:os.system ['true']",
    "statuses": got(get={"responses": {str(n): {} for n in range(3_000)}}),
    "parameters": got(parameters=[{"name": str(n), "in": "query"} for n in range(3_000)]),
    "paths": api({}, 500),
    "parts of the wrong kind": got(get={"parameters": 7, "responses": [1]}, post={"requestBody": {"content": [1]}}),
    "schemas of the wrong kind": posted({"allOf": 3, "required": "x", "properties": [1]}),
    "everything is required": posted({"$ref": "#/s"}, s=EVERYTHING),
}


@pytest.mark.parametrize("text", DESCRIPTIONS.values(), ids=DESCRIPTIONS)
def test_descriptions_of_an_api(text: str) -> None:
    found = spent(lambda: described(text))
    assert found.megabytes < 120
    assert found.calls < 2_000_000
    assert "python/object" in found.result or "operations" in found.result or "refused" in found.result


def test_what_is_merged_in_yaml_is_still_read() -> None:
    text = yaml.safe_dump({"openapi": "3.0.0"}) + "x: &x {responses: {200: {}}}\npaths: {/a: {get: {<<: *x}}}"
    [operation] = read_openapi(text, "http://shop.test")
    assert operation.answers == {"200": {}}


# --- what page functions bring ---


def shown(**more: Any) -> str:
    face = {"text": "", "chosen": [], "dialogs": [], "told": [], "colours": {}}
    raw = {
        "title": "",
        "lang": "",
        "headings": [],
        "landmarks": [],
        "forms": [],
        "actions": [],
        "links": [],
        "scripted": True,
    }
    return json.dumps(raw | {"skeleton": {}, "face": face} | more)


SNAPSHOTS: dict[str, Callable[[int], str]] = {
    "half characters": lambda n: shown(title="\ud800" * n, headings=[{"level": 1, "text": "\ud83d" * n}]),
    "no characters": lambda n: shown(title="\0" * n, lang="\0"),
    "spaces": lambda n: shown(title=" " * n, headings=[{"level": 1, "text": " " * n + "x"}]),
    "kinds of parts": lambda n: shown(skeleton={f"form:{i}": {} for i in range(n)}),
}


@pytest.mark.parametrize("make", SNAPSHOTS.values(), ids=SNAPSHOTS)
def test_snapshots(make: Callable[[int], str]) -> None:
    grows_with_its_input(lambda text: read_snapshot(loaded(text)), make, 300)


# --- what C reads for us ---

LONG = 40_000
PARTS = ["1", "a", "A1", " ", "a@", "a.", "-1", "a-", "{{", "{{a ", "%31", "0", "\u00a0", "<", "1:", "/a", "x.m"]
ENDS = ["", "\n", "\n1", "!"]


@pytest.mark.parametrize("part", PARTS)
def test_expressions_of_ours_do_not_run_away(part: str) -> None:
    """Their steps are not counted by anything; sixty seconds of processor are a thousand times what they take."""

    def read() -> None:
        for end in ENDS:
            text = part * (LONG // len(part)) + end
            normalised(text)
            words(text)
            keys((), [f"Uncaught {text}", text])
            list(expressions({"a": text}))
            for path in (f"/{text}", f"/a/{text}/b"):
                template(path)
                path_template(f"http://shop.test{path}")
            varies(text)
            blanked_line(text)
            is_field(text)

    spent(read)


def test_frames_of_a_script_are_looked_for_once() -> None:
    """A million characters: in proportion that is a moment, and with their square longer than the net is wide."""
    spent(lambda: keys((), ["Uncaught x", "/a.js?" * 200_000]))
