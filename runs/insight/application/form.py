"""Forms as a model keeps them: what names them, and the fields they have."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any
from urllib.parse import urljoin, urlsplit

from runs.engine.page.volatile import normalised
from runs.engine.traffic import template

OWN = "."
SIBLINGS = 3
UNSEEN = frozenset({"hidden", "submit", "button", "reset", "image"})
_SLUG = re.compile(r"[-_\d]")
Json = Mapping[str, Any]
Fields = tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class SeenForm:
    """A form of a page. `path` is a template; `action` the same, but with `.` for the page's own address.

    `headed`: it has no name of its own and goes by a heading in it; no other form of its page differs by that alone.
    """

    method: str
    action: str
    path: str
    name: str
    submit: str
    fields: Fields
    headed: bool = False

    @property
    def identity(self) -> str:
        return f"{self.method} {self.action} {self.name}"

    @property
    def absolute(self) -> str:
        """The identity that the same form has on other pages, when it sends to this one."""
        return f"{self.method} {self.path} {self.name}"

    @property
    def without_name(self) -> tuple[Any, ...]:
        """What tells it from other forms of a page, but for its name."""
        return self.method, self.path, self.submit, field_names(self.fields)

    @property
    def own(self) -> bool:
        return self.action.startswith(OWN)

    def joined(self, other: SeenForm) -> SeenForm:
        """The same form seen twice: all fields of both, required where both say so."""
        theirs = {named(field): field for field in other.fields}
        mine = {named(field): field for field in self.fields}
        both = [field | {"required": field["required"] and theirs[key]["required"]} if key in theirs else field
                for key, field in mine.items()]  # fmt: skip
        fields = (*both, *(field for key, field in theirs.items() if key not in mine))
        return replace(self, fields=fields, headed=self.headed and other.headed)


def joined(forms: Iterable[SeenForm]) -> SeenForm:
    """One form that several pages show: at least one."""
    return reduce(SeenForm.joined, forms)


def named(field: Json) -> str:
    return str(field["name"] or field["label"])


def field_names(fields: Iterable[Json]) -> frozenset[str]:
    return frozenset(map(named, fields))


def forms_of(snapshot: Json) -> Iterator[SeenForm]:
    """The forms of a page; those that differ only in one segment of where they send are one."""
    found = [_form(form, snapshot["url"]) for form in snapshot.get("forms", ())]
    names: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for form in found:
        names[form.without_name].add(form.name)
    found = [replace(form, headed=form.headed and len(names[form.without_name]) == 1) for form in found]
    alike: dict[tuple[Any, ...], list[SeenForm]] = defaultdict(list)
    for form in found:
        alike[form.method, form.name, tuple(map(named, form.fields))].append(form)
    for group in alike.values():
        pattern = _pattern([form.action for form in group])
        yield from ([replace(group[0], action=pattern, path=pattern)] if pattern else group)


def _pattern(actions: Sequence[str]) -> str | None:
    """`/cart/{id}` of three and more addresses that differ in one segment."""
    listed = [action.split("/") for action in sorted(set(actions))]
    if len(listed) < SIBLINGS or len({len(parts) for parts in listed}) > 1:
        return None
    columns = [set(column) for column in zip(*listed, strict=True)]
    if sum(len(column) > 1 for column in columns) != 1:
        return None
    return "/".join(column.pop() if len(column) == 1 else "{id}" for column in columns)


def _form(form: Json, page_url: str) -> SeenForm:
    own, target = urlsplit(page_url), urlsplit(urljoin(page_url, form.get("action") or page_url))
    path = template(target.path or "/")
    action = _action(own.path or "/", target.path or "/")
    if target.netloc != own.netloc:
        action = path = f"{target.scheme}://{target.netloc}{path}"
    return SeenForm(
        method=(form.get("method") or "get").upper(),
        action=action,
        path=path,
        name=normalised(form.get("name") or form.get("heading") or form.get("submit") or "form")[:200],
        submit=form.get("submit") or "",
        fields=tuple(_field(field) for field in form.get("fields", ()) if field.get("type") not in UNSEEN),
        headed=bool(form.get("heading")) and not form.get("name"),
    )


def _action(own: str, path: str) -> str:
    if path == own:
        return OWN
    if own != "/" and path.startswith(f"{own.rstrip('/')}/"):
        return OWN + path[len(own.rstrip("/")) :]
    # The last part of the page's own address, as in /cart/add/blue-mug, names a record and not the form.
    last = own.rstrip("/").rpartition("/")[2]
    slug = last if _SLUG.search(last) else None
    return template("/".join("{id}" if part == slug else part for part in path.split("/")))


def _field(field: Json) -> dict[str, Any]:
    return {
        "name": field.get("name") or "",
        "label": field.get("label") or field.get("placeholder") or "",
        "type": field.get("type") or field.get("tag") or "",
        "required": bool(field.get("required")),
    }
