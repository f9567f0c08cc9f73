"""Every page that the product has, found in its url conf: a new one is looked at without being listed anywhere."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# What is no page of ours: the API (its documents are), files, Django's own login page behind ours.
NOT_OURS = ("api/v1/", "admin/", "artifacts/", "trace-viewer/")
OURS_ALL_THE_SAME = ("api/v1/docs",)
# Parameters that mean something else on one route, or take one value of several.
KINDS = {"new-auth-profile": ("form", "basic", "headers"), "new-channel": ("teams", "email", "webhook", "github")}
# Pages that look otherwise with a query, by the name of their route.
QUERIES: Mapping[str, tuple[str, ...]] = {
    "tests": ("?q=nothing-like-this",),
    "review": ("?state=rejected", "?least=101"),
    "map": ("?under=/shop",),
    "result": ("?attempt=1",),
}


class NoExample(Exception):
    """A route whose parameters nobody knows an example of."""


def routes(inside: Any = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Path and name of every route, with its parameters in angle brackets."""
    for entry in (inside or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        elif isinstance(entry, URLPattern):
            yield path, entry.name or ""


def ours() -> list[tuple[str, str]]:
    return [(path, name) for path, name in routes() if not path.startswith(NOT_OURS) or path in OURS_ALL_THE_SAME]


def addresses(path: str, name: str, examples: Mapping[str, Any]) -> list[str]:
    """A route's examples. Raises NoExample where one of its parameters is not known."""
    if name in KINDS:
        return [where for kind in KINDS[name] for where in addresses(path, "", {**examples, "kind": kind})]
    # What a parameter means on this route alone stands under "route.parameter".
    examples = {
        **examples,
        **{key[len(name) + 1 :]: one for key, one in examples.items() if key.startswith(f"{name}.")},
    }
    missing = [parameter for parameter in PARAMETER.findall(path) if parameter not in examples]
    if missing:
        raise NoExample(f"{path}: tests/web/filled gives no example of {', '.join(missing)}")
    where = "/" + PARAMETER.sub(lambda found: str(examples[found[1]]), path)
    return [where, *(where + query for query in QUERIES.get(name, ()))]


def pages(client: Client, examples: Mapping[str, Any], more: Iterator[str] | tuple[str, ...] = ()) -> list[str]:
    """The addresses that answer this person with a whole page: not those that only take what is sent, nor data."""
    asked = [where for path, name in ours() for where in addresses(path, name, examples)]
    return [where for where in dict.fromkeys((*asked, *more)) if _is_page(client, where)]


def _is_page(client: Client, where: str) -> bool:
    answer = client.get(where)
    if answer.status_code in (302, 405):
        return False
    said = answer.headers.get("Content-Type", "")
    assert answer.status_code == 200 or "html" not in said, f"{where} answers {answer.status_code}"
    return said.startswith("text/html") and b"<html" in answer.content[:2000].lower()
