"""The ways of a page to reach an address, as documents of a site."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

from tests.engine.pages import Answer, Answers, Asked

TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".xml": "text/xml", ".xsl": "text/xml"}
TOGETHER = 40


@dataclass(frozen=True)
class Way:
    name: str
    body: str = ""
    script: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    top: bool = False
    silent: bool = False

    @property
    def document(self) -> str:
        script = f"<script>try {{ {self.script} }} catch {{}}</script>" if self.script else ""
        begun = "" if self.body.startswith(("<body", "<frameset")) else "<body>"
        return f"<!doctype html><title>{self.name}</title>{begun}{self.body}{script}"


WAYS = [
    Way(name, **fields)
    for name, fields in tomllib.loads(Path(__file__).with_name("ways.toml").read_text("utf-8")).items()
]


def pages_of(ways: list[Way]) -> list[tuple[str, list[Way]]]:
    """Paths to open, and which ways each of them tries."""
    inside = [way for way in ways if not way.top]
    framed = [inside[start : start + TOGETHER] for start in range(0, len(inside), TOGETHER)]
    alone = [(f"/t/{way.name}", [way]) for way in ways if way.top]
    return [(f"/frames/{number}", some) for number, some in enumerate(framed)] + alone


def site_of(ways: list[Way], port: int) -> Answers:
    """The answers of a site that tries these ways to reach a port of this machine."""
    place = f"127.0.0.1:{port}"

    def filled(text: str, name: str) -> str:
        return Template(text).safe_substitute(URL=f"http://{place}/{name}", PLACE=place, PORT=port)

    def go(asked: Asked) -> Answer:
        name = asked.path.partition("?")[2]
        return Answer("", 307 if asked.method == "POST" else 302, {"Location": f"http://{place}/{name}"})

    answers: Answers = {"/go": go, "/empty.svg": Answer("<svg/>", type="image/svg+xml"), "/": "<h1>Shop</h1>"}
    for way in ways:
        headers = {name: filled(text, way.name) for name, text in way.headers.items()}
        answers[f"/t/{way.name}"] = Answer(filled(way.document, way.name), way.status, headers)
        for path, text in way.files.items():
            answers[path] = Answer(filled(text, way.name), type=TYPES[Path(path).suffix])
    for path, some in pages_of(ways):
        frames = "".join(f'<iframe src="/t/{way.name}"></iframe>' for way in some)
        answers.setdefault(path, f"<!doctype html><title>Ways</title>{frames}")
    return answers


def heard(head: bytes) -> Any:
    """The way that a request to the proxy belongs to, as far as its first line tells."""
    return head.split(b" ", 2)[1].decode("latin-1").rpartition("/")[2].partition("?")[0]
