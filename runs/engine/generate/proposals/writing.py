"""How a generated test is written down: its document, its title, its reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from runs.engine.events import Form, PageSnapshot
from runs.engine.generate.cases import Case, Crawled, Step

TITLE_LENGTH = 120
_SITE_NAME = re.compile(r"\s+[|\u2013\u2014·:-]\s+")


def document(
    case: Case, steps: Sequence[Step], title: str, priority: Literal["low", "medium", "high"] = "medium"
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
    return body | {"auth": "account"} if case.signed_in else body


def short(title: str, suffix: str = "") -> str:
    """A title of at most 120 characters with its suffix, cut between words."""
    line, room = " ".join(title.split()), TITLE_LENGTH - len(suffix)
    if len(line) > room:
        line = line[: room - 1].rsplit(" ", 1)[0][: room - 1] + "…"
    return line + suffix


def page_name(page: PageSnapshot) -> str:
    """What a person would call a page: "home page", "“Blue mug” page"."""
    if page.path == "/":
        return "home page"
    top = [heading.text for heading in page.headings if heading.level == 1]
    name = (top or [_SITE_NAME.split(page.title)[0]])[0].strip()
    return f"“{quoted(name)}” page" if name else f"page {page.path}"


def form_name(form: Form, page: PageSnapshot) -> str:
    """What a person would call a form: by its name, heading, button, or page."""
    for words in (form.name, form.heading, form.submit):
        if words.strip():
            name = quoted(words)
            return name if re.search(r"\bform$", name, re.IGNORECASE) else f"“{name}” form"
    return f"form of the {page_name(page)}"


def quoted(name: str, longest: int = 50) -> str:
    line = " ".join(name.split()).strip('“”"')
    return line if len(line) <= longest else line[: longest - 1].rsplit(" ", 1)[0] + "…"


def outcome(expectation: Step) -> str:
    """The effect in a few words, for the end of a title: shows “Thank you”."""
    target = expectation.get("target", {})
    words = expectation.get("contains") or target.get("text") or target.get("name")
    return f"shows “{quoted(words)}”" if words else "has its effect"


def seen_on(crawled: Crawled, page: PageSnapshot) -> str:
    """Where a test comes from, for the reviewer."""
    count = crawled.of_template(page.template)
    if count > 1:
        return f"{page.path} stands for {count} pages of the same kind"
    return f"seen on {page.path}"
