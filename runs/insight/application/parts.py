from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["template", "page", "form", "action", "endpoint", "edge"]
KINDS: tuple[Kind, ...] = ("template", "page", "form", "action", "endpoint", "edge")
What = Literal["new", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class KnownPart:
    """One thing that an application is known to have. `first_seen`, `last_seen` and `gone_since` are numbers of runs.

    `key` names it among those of its kind, `template` is the key of the template that a page is of and an edge starts
    from, `roles` are those that reach a page. What `facts` hold:

    - template: signatures (structures that it was seen with), url, pattern, pages, depth, state
    - page: url, kind, action, depth, found_on
    - form: method, action, fields, submit, templates; a field has name, label, type and required
    - action: role, templates
    - endpoint: method, path, type, operation, operation_type, request, response, statuses, templates
    - edge: to, sentences
    """

    kind: Kind
    key: str
    name: str
    template: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    first_seen: int = 0
    last_seen: int = 0
    gone_since: int | None = None

    @property
    def templates(self) -> tuple[str, ...]:
        """Keys of the templates that a form, an action or an endpoint was seen on."""
        return tuple(self.facts.get("templates", ()))


@dataclass(frozen=True, slots=True)
class PartDifference:
    """What one crawl found otherwise than it was known. `words` say what changed, each a clause: "field x is new"."""

    kind: Kind
    what: What
    key: str
    name: str
    words: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        said = "; ".join(self.words) or {"new": "is new", "changed": "has changed", "removed": "is gone"}[self.what]
        return f"{NOUNS[self.kind]} {self.name}{': ' if self.words else ' '}{said}"


NOUNS: dict[Kind, str] = {
    "template": "kind of page",
    "page": "page",
    "form": "form",
    "action": "action",
    "endpoint": "endpoint",
    "edge": "way",
}
