"""Which of the demo shop's flows the proposed tests walk: what `truth.json` says in words, as steps in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.targets import SHOP

Document = Mapping[str, Any]

# Each flow is a list of patterns that lines of one test match in this order; see `lines`.
SHOP_FLOWS: dict[str, tuple[str, ...]] = {
    "arrive": (r"goto /$", r"expect_(visible|text) .*heading", r"expect_no_console_errors"),
    "read about a product": (r"/products/[a-z-]+|click link", r"expect_(visible|text) .*heading"),
    "browse a category": (r"category=|click link (kitchen|home|desk|outdoor)", r"expect_(count|text|visible)"),
    "go to page 2": (r"click .*(next|page|\b2\b)", r"expect_(text|visible|hidden|count|url)"),
    "sort by price": (r"select .*(sort|price)", r"expect_(text|visible|value|url)"),
    "search": (r"fill .*search", r"expect_(text|visible|count) .*(result|heading|listitem|list|link)"),
    "search without a result": (r"fill .*search", r"expect_(text|visible|count|hidden) .*(\b0\b|\bno\b|nothing|none)"),
    "add to cart": (r"click button add to cart", r"expect_(text|visible) .*(added|item|cart)"),
    "change a quantity": (
        r"click button add to cart",
        r"(select|fill) .*quantity",
        r"click button update",
        r"expect_(text|value|visible)",
    ),
    "remove from the cart": (r"click button add to cart", r"click button remove", r"expect_(text|visible|hidden)"),
    "shipping needs an address": (
        r"click button add to cart",
        r"click (link|button) .*check ?out|goto /checkout",
        r"click button .*continue",
        r"expect_(text|visible) .*(problem|error|alert|required|enter)",
    ),
    "sign in": (
        r"fill .*email",
        r"fill .*password",
        r"click button sign in",
        r"expect_(text|visible|url) .*(welcome|/account)",
    ),
    "sign in with a wrong password": (
        r"fill .*password",
        r"click button sign in",
        r"expect_(text|visible) .*(incorrect|alert|problem|error)",
    ),
    "sign out": (r"click button sign out", r"expect_(visible|hidden|url|text) .*sign[ -](in|out)"),
    "account needs an account": (r"goto /account", r"expect_url .*/sign-in"),
    "send a message": (
        r"goto /contact",
        r"fill .*message",
        r"click button send message",
        r"expect_(text|visible|url) .*(thank|reference)",
    ),
    "a message needs all fields": (
        r"goto /contact",
        r"click button send message",
        r"expect_(text|visible|url) .*(problem|error|alert|required|enter|contact$)",
    ),
    "newsletter": (r"fill .*email", r"click button subscribe", r"expect_(text|visible) .*(thank|list|status)"),
    "filter the stock": (r"goto /stock|click link stock", r"fill .*", r"expect_(count|text|visible|hidden)"),
    "stock of one product": (r"goto /stock$|click link stock", r"click (link|button)", r"expect_(text|visible|url)"),
    "read about returns": (r"goto /about", r"click tab returns", r"expect_(text|visible)"),
}


def flows_of(site: str) -> dict[str, tuple[str, ...]]:
    """Flows by name; none for sites that only say in words what a user would do."""
    return SHOP_FLOWS if site == SHOP else {}


def missing_flows(flows: Mapping[str, Sequence[str]], documents: Sequence[Document]) -> list[str]:
    """The flows that no test walks from beginning to end."""
    tests = [list(lines(document)) for document in documents]
    return [name for name, patterns in flows.items() if not any(walks(test, patterns) for test in tests)]


def walks(test: Sequence[str], patterns: Sequence[str]) -> bool:
    rest = iter(test)
    return all(any(re.search(pattern, line) for line in rest) for pattern in patterns)


def lines(document: Document) -> Iterator[str]:
    """A test in lower case, a line per step: `fill search mug` says what is done, to what, with what."""
    yield f"goto {document.get('start', '')}".lower()
    for step in document.get("steps", ()):
        yield " ".join([str(step.get("do", "")), *_said(step)]).lower()


def _said(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in ("do", "memory", "note", "timeout"):
                yield from _said(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _said(inner)
    elif isinstance(value, str):
        yield value
