"""A visitor without a browser: fills the forms it finds, hidden fields included."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

TRUTH: dict[str, Any] = json.loads((Path(__file__).parent / "truth.json").read_text())
ADDRESS = {
    "name": "Ada",
    "email": "ada@example.com",
    "address": "1 Road",
    "city": "Ulm",
    "postcode": "89073",
    "country": "de",
}
MESSAGE = {"name": "Ada", "email": "ada@example.com", "topic": "order", "message": "Where is it?"}


class Forms(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self.open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "form":
            self.open = True
            self.found.append({"action": named["action"], "method": named["method"], "fields": {}, "required": set()})
        elif self.open and tag in ("input", "select", "textarea") and "name" in named:
            kind = "hidden" if named.get("type") == "hidden" else tag
            self.found[-1]["fields"][named["name"]] = (kind, named.get("value") or "")
            if "required" in named:
                self.found[-1]["required"].add(named["name"])

    def handle_endtag(self, tag: str) -> None:
        self.open = self.open and tag != "form"


class Visitor:
    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def submit(self, path: str, action: str, /, **values: str) -> httpx.Response:
        form = next(form for form in Forms(self.get(path).text).found if form["action"] == action)
        hidden = {name: value for name, (kind, value) in form["fields"].items() if kind == "hidden"}
        return self.client.request(form["method"], action, data={**hidden, **values})

    def satisfy(self, needs: list[str]) -> None:
        if "sign_in" in needs:
            self.submit("/sign-in", "/sign-in", **TRUTH["credentials"])
        if "cart" in needs:
            self.submit("/products/blue-mug", "/cart/add", quantity="1")
        if "shipping" in needs:
            self.submit("/checkout", "/checkout", **ADDRESS)
        if "contact" in needs:
            self.submit("/contact", "/contact", **MESSAGE)


@contextmanager
def visiting(url: str) -> Iterator[Visitor]:
    with httpx.Client(base_url=url, follow_redirects=True, timeout=10) as client:
        yield Visitor(client)
