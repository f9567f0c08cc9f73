"""A site that says everything that it is told, in every way in which a site can say something."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit

from tests.engine.pages import Answer, Asked, Pages, pages

FORM = """<form method="post" action="/sign-in"><label>E-mail <input name="who"></label>
  <label>Password <input name="pass" type="password"></label><button>Sign in</button></form>"""
CODE = """<form method="post" action="/code"><label>Code from your app
  <input name="code" autocomplete="one-time-code"></label><button>Go</button></form>"""
ECHO = """<form action="/echo"><label>Say <input name="say"></label><button>Say it</button></form><output></output>
  <script>document.querySelector("[name=say]").oninput = event => {
    document.querySelector("output").textContent = event.target.value; console.error(event.target.value); }</script>"""
KEPT = ("x-", "authorization")


@dataclass
class Gossip:
    """What the site was told, the newest last. `session` is its cookie, `token` what its pages store."""

    session: str
    token: str
    setup: str
    heard: list[str] = field(default_factory=list)

    def hear(self, *texts: str) -> None:
        self.heard += [text for text in texts if text and text not in self.heard]

    def listen(self, asked: Asked) -> None:
        for name, value in asked.headers.items():
            if name.startswith(KEPT):
                self.hear(value, value.partition(" ")[2])
            if value.startswith("Basic "):
                self.hear(b64decode(value.removeprefix("Basic ")).decode().partition(":")[2])
        self.hear(*(value for _, value in parse_qsl(urlsplit(asked.path).query)))
        if asked.path.startswith("/echo/"):
            self.hear(unquote(asked.path.removeprefix("/echo/")))
        if asked.headers.get("content-type", "").startswith("application/json"):
            self.hear(*(str(value) for value in json.loads(asked.body or b"{}").values()))

    def answer(self, asked: Asked) -> Answer:
        self.listen(asked)
        path, member = urlsplit(asked.path).path, self.session in asked.headers.get("cookie", "")
        if asked.method == "POST" and path in ("/sign-in", "/code"):
            return self.signed_in(parse_qs(asked.body.decode()))
        if path.startswith("/api/"):
            return Answer(json.dumps({"heard": self.heard, "path": asked.path}), 200, type="application/json")
        if path == "/basic" and "authorization" not in asked.headers:
            return Answer("<h1>Closed</h1>", 401, {"WWW-Authenticate": 'Basic realm="x"'})
        if path == "/account" and not member:
            return Answer("", 302, {"Location": "/sign-in"})
        title, body = ("Sign in", FORM) if path == "/sign-in" else ("Account" if member else "Gossip", ECHO)
        return self.page(title, body, [self.session, self.token] if member else [])

    def signed_in(self, given: dict[str, list[str]]) -> Answer:
        self.hear(*(given.get("pass") or given["code"]))
        return self.page("One more step", CODE, []) if given.get("who") == ["eva"] else self.enter()

    def enter(self) -> Answer:
        headers = {"Location": "/account?welcome=" + quote(self.heard[-1], safe="")}
        return Answer("", 303, headers | {"Set-Cookie": f"sid={self.session}; Path=/; HttpOnly"})

    def page(self, title: str, body: str, own: list[str]) -> Answer:
        """What was heard, and a member's own keys; nobody is told another's."""
        told = [*self.heard[-12:], *own, self.setup]
        shown = "".join(self.said(number, text) for number, text in enumerate(told))
        store = f"localStorage.setItem('auth', JSON.stringify({{token: {script(self.token)}}}))" if own else ""
        links = '<nav><a href="/account">Account</a> <a href="/sign-in">Sign in</a></nav>'
        html = f"<title>{escape(told[0])} {title}</title>{links}<h1>{title}</h1>{body}{shown}<script>{store}</script>"
        headers = {"X-Said": quote(told[0]), "Set-Cookie": f"last={quote(told[0], safe='')}; Path=/"}
        return Answer(html, 200, headers)

    def said(self, number: int, text: str) -> str:
        """One text in a page: as text, attribute, address, data, base64, on the console, as an error and a request."""
        raw, shown = script(text), escape(text)
        coded = b64encode(f"pre{number}:{text}".encode()).decode()
        noisy = f"console.error({raw}); console.log({raw}); fetch('/api/said?v=' + encodeURIComponent({raw}));"
        thrown = f"setTimeout(() => {{ throw new Error({raw}) }}, 5);"
        return (
            f'<h2 title="{shown}">{shown}</h2><p>{coded}</p><p>{escape(json.dumps(text))}</p>'
            f'<a href="/echo?v={quote(text, safe="")}">{shown}</a> <a href="/echo/{quote(text, safe="")}">more</a>'
            f'<button aria-label="{shown}">{shown}</button><input aria-label="field {number}" value="{shown}">'
            f'<script type="application/json">{{"v": {raw}}}</script><script>{noisy}{thrown}</script>'
        )


def script(text: str) -> str:
    return json.dumps(text).replace("<", "\\u003c")


@contextmanager
def gossip(session: str, token: str, setup: str) -> Iterator[tuple[Pages, Gossip]]:
    told = Gossip(session, token, setup)

    class Everything(dict[str, object]):
        def get(self, _path: object, _default: object = None) -> object:
            return told.answer

    with pages(Everything()) as site:  # type: ignore[arg-type]
        yield site, told
