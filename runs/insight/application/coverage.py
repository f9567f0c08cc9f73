"""What of an application is tested: kinds of pages, forms and endpoints against the tests there are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from runs.engine.kinds import kind_of
from runs.engine.page.volatile import normalised
from runs.insight.application.parts import Kind, KnownPart

Cover = Literal["covered", "proposed", "none"]
NAMES = ("name", "label", "placeholder", "text", "title", "css")
_VARIABLE = re.compile(r"\{\{[^{}]*\}\}")


@dataclass(frozen=True, slots=True)
class TestOf:
    """A living test that was not rejected. `page` is the key of its page, `template` the structure it was seen with."""

    __test__ = False

    id: str
    title: str
    approved: bool
    stale: bool
    page: str
    template: str
    document: Mapping[str, Any]


@dataclass(slots=True)
class Coverage:
    """Tests by the kind and key of what they are about."""

    tests: dict[tuple[Kind, str], list[TestOf]] = field(default_factory=lambda: defaultdict(list))

    def cover_of(self, part: KnownPart) -> Cover:
        return self.at(part.kind, part.key)

    def at(self, kind: Kind, key: str) -> Cover:
        found = [test for test in self.tests.get((kind, key), ()) if not test.stale]
        if any(test.approved for test in found):
            return "covered"
        return "proposed" if found else "none"


def coverage(parts: Iterable[KnownPart], tests: Iterable[TestOf]) -> Coverage:
    """A test is about its page's kind, about the forms there whose fields or button it uses, and about what it asks."""
    known = list(parts)
    of_signature = {
        signature: part.key for part in known if part.kind == "template" for signature in part.facts["signatures"]
    }
    of_page = {part.key: part.template for part in known if part.kind == "page"}
    forms = [part for part in known if part.kind == "form"]
    endpoints = [part for part in known if part.kind == "endpoint"]
    found = Coverage()
    for test in tests:
        # The page comes first: its structure may have changed since the test was made.
        template = of_page.get(test.page) or of_signature.get(test.template)
        if template is not None:
            found.tests["template", template].append(test)
            names = set(_named(_used(test.document)))
            for form in forms:
                if template in form.templates and _uses(names, form):
                    found.tests["form", form.key].append(test)
        calls = list(_api_calls(test.document))
        for endpoint in endpoints:
            if any(_asks(endpoint, method, path) for method, path in calls):
                found.tests["endpoint", endpoint.key].append(test)
    return found


def _used(document: Mapping[str, Any]) -> list[Any]:
    """The steps that do something: to see a form is not to test it."""
    steps = [step for step in document.get("steps") or () if isinstance(step, Mapping)]
    return [step for step in steps if kind_of(step).role not in ("expect", "wait")]


def _named(value: Any, key: str = "") -> Iterator[str]:
    """What the targets of steps are called."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _named(inner, name) if name != "memory" else ()
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner, key)
    elif isinstance(value, str) and key in NAMES:
        yield value


def _uses(names: set[str], form: KnownPart) -> bool:
    labels = {str(said) for field in form.facts["fields"] for said in (field["label"], field["name"]) if said}
    if labels & names:
        return True
    submit = form.facts["submit"]
    return bool(submit) and (submit in names or normalised(submit) in names)


def _api_calls(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for step in document.get("steps") or ():
        if isinstance(step, Mapping) and kind_of(step).asks_api:
            path = _VARIABLE.sub("0", str(step.get("path") or step.get("url") or ""))
            yield str(step.get("method", "GET")).upper(), urlsplit(path).path


def _asks(endpoint: KnownPart, method: str, path: str) -> bool:
    mine, theirs = endpoint.facts["path"].split("/"), path.split("/")
    if method != endpoint.facts["method"] or len(mine) != len(theirs):
        return False
    return all(segment == other or segment.startswith("{") for segment, other in zip(mine, theirs, strict=True))
