"""How a generated test is written down: its document, its title, its reason."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Literal

from runs.engine.events import Form, PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Step

TITLE_LENGTH = 120
TITLES: dict[str, dict[str, str]] = tomllib.loads(files(__package__).joinpath("titles.toml").read_text("utf-8"))
# The look behind lets a run of spaces be tried from its beginning alone, which keeps the search linear.
_SITE_NAME = re.compile(r"(?<!\s)\s+[|\u2013\u2014·:-]\s+")


def say(crawled: Crawled, pattern: str, **parts: object) -> str:
    """A pattern of titles.toml in the language of titles that was asked for, with its parts filled in."""
    language = crawled.options.dials.language.split("-")[0]
    return TITLES[language][pattern].format(**parts)


def document(
    case: CaseSpec, steps: Sequence[Step], title: str, priority: Literal["low", "medium", "high"] = "medium"
) -> dict[str, Any]:
    """The test document of a case with these steps; signed in where the page asks for it."""
    body: dict[str, Any] = {
        "title": short(title),
        "kind": "api" if case.fetch else "ui",
        **({} if case.fetch else {"start": case.start}),
        "steps": list(steps),
        "tags": [case.family],
        "priority": priority,
    }
    return body | {"auth": case.auth} if case.auth else body


def short(title: str, suffix: str = "") -> str:
    """A title of at most 120 characters with its suffix, cut between words."""
    line, room = " ".join(title.split()), TITLE_LENGTH - len(suffix)
    if len(line) > room:
        line = line[: room - 1].rsplit(" ", 1)[0][: room - 1] + "…"
    return line + suffix


def page_name(crawled: Crawled, page: PageSnapshot) -> str:
    """What a person would call a page: "home page", "“Blue mug” page"."""
    if page.path == "/":
        return say(crawled, "home_page")
    top = [heading.text for heading in page.headings if heading.level == 1]
    name = (top or [_SITE_NAME.split(page.title)[0]])[0].strip()
    return say(crawled, "page_called", name=quoted(name)) if name else say(crawled, "page_at", path=page.path)


def form_name(crawled: Crawled, form: Form, page: PageSnapshot) -> str:
    """What a person would call a form: by its name, heading, button, or page."""
    for words in (form.name, form.heading, form.submit):
        if words.strip():
            name = quoted(words)
            return name if re.search(r"\bform$", name, re.IGNORECASE) else say(crawled, "form_called", name=name)
    return say(crawled, "form_of", page=page_name(crawled, page))


def quoted(name: str, longest: int = 50) -> str:
    line = " ".join(name.split()).strip('“”"')
    return line if len(line) <= longest else line[: longest - 1].rsplit(" ", 1)[0] + "…"


def outcome(crawled: Crawled, expectation: Step) -> str:
    """The effect in a few words, for the end of a title: shows “Thank you”."""
    target = expectation.get("target", {})
    words = expectation.get("contains") or target.get("text") or target.get("name")
    return say(crawled, "shows", words=quoted(words)) if words else say(crawled, "has_effect")


def seen_on(crawled: Crawled, page: PageSnapshot) -> str:
    """Where a test comes from, for the reviewer."""
    count = crawled.of_template(page.template)
    if count > 1:
        return f"{page.path} stands for {count} pages of the same kind"
    return f"seen on {page.path}"
