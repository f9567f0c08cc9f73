"""A small site with accounts: sessions that the server can end, roles, one-time codes, and forms of several makes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

import pyotp
from pydantic import SecretStr

from runs.engine.plan import Credentials, Site
from tests.engine.pages import Answer, Asked, Pages, pages

PEOPLE = {"ali": "open sesame", "eva": "let me in"}
PLAIN = """<form method="post" action="/sign-in"><label>E-mail <input name="who"></label>
  <label>Password <input name="pass" type="password"></label><button>Sign in</button></form>"""
LONG = """<form action="/find"><label>Search <input name="q"></label><button>Search</button></form>
  <form method="post" action="/sign-in"><label>Company <input name="company" value="Harbour"></label>
  <input name="nickname" style="display:none"><label>Country <select name="country"><option>FR</option></select></label>
  <label>User <input name="who"></label><label>Secret <input name="pass" type="password"></label>
  <label><input type="checkbox" name="news">Send me news</label>
  <label><input type="checkbox" name="keep">Keep me signed in</label>
  <button type="button">Forgot it?</button><button>Log in</button></form>"""
BOXES = "".join(f'<input name="d{n}" maxlength="1" inputmode="numeric" aria-label="Digit {n}">' for n in range(1, 7))
ONE = '<label>Code from your app <input name="d1" autocomplete="one-time-code"></label>'


FRAME = '<iframe src="/form"></iframe>'


@dataclass
class Members:
    """What the site is like and what it knows; `form` is HTML, and `code` that of a code's fields where one is due."""

    form: str = PLAIN
    framed: bool = False
    code: str = ""
    codes: dict[str, str] = field(default_factory=lambda: {who: pyotp.random_base32() for who in PEOPLE})
    living: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    sent: dict[str, list[str]] = field(default_factory=dict)
    made: int = 0

    def person(self, asked: Asked) -> str | None:
        crumbs = SimpleCookie(asked.headers.get("cookie", ""))
        return self.living.get(crumbs["sid"].value) if "sid" in crumbs else None

    def enter(self, who: str) -> Answer:
        self.made += 1
        self.living[f"session-number-{self.made}"] = who
        return Answer(
            "", 303, {"Location": "/account", "Set-Cookie": f"sid=session-number-{self.made}; Path=/; HttpOnly"}
        )

    def sign_in(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(f"<h1>Sign in</h1>{FRAME if self.framed else self.form}")
        self.sent = parse_qs(asked.body.decode())
        who = self.sent.get("who", [""])[0]
        if PEOPLE.get(who, "-") != self.sent.get("pass", [""])[0]:
            return Answer(f'<h1>Sign in</h1><p role="alert">Wrong name or password</p>{self.form}')
        return Answer(f"<h1>One more step</h1>{self.step(f'/code/{who}')}") if self.code else self.enter(who)

    def step(self, action: str) -> str:
        return f'<form method="post" action="{action}">{self.code}<button>Go</button></form>'

    def check(self, asked: Asked) -> Answer:
        who = asked.path.rsplit("/", 1)[1]
        code = "".join(digit[0] for _, digit in sorted(parse_qs(asked.body.decode()).items()))
        # As RFC 6238 advises, the code before is accepted too: typing it takes a while.
        if code in self.used or not pyotp.TOTP(self.codes[who]).verify(code, valid_window=1):
            return Answer(f'<p role="alert">That code is wrong</p>{self.step(asked.path)}')
        self.used.add(code)
        return self.enter(who)

    def account(self, asked: Asked) -> Answer:
        who = self.person(asked)
        if who is None:
            return Answer("", 302, {"Location": "/sign-in"})
        links = {"/": "Home", "/orders": f"Orders of {who}", "/sign-out": "Sign out"}
        links |= {"/edit": "Edit the shop"} if who == "eva" else {}
        return Answer(f"<h1>Hello {who}</h1>" + " ".join(f'<a href="{to}">{text}</a>' for to, text in links.items()))

    def sign_out(self, asked: Asked) -> str:
        """Ends every session of the person, wherever it is."""
        who = self.person(asked)
        self.living = {name: other for name, other in self.living.items() if other != who}
        return "<h1>Bye</h1>"

    def edit(self, asked: Asked) -> Answer:
        return Answer("<h1>Editor</h1>") if self.person(asked) == "eva" else Answer("<h1>Not for you</h1>", 403)

    def orders(self, asked: Asked) -> Answer:
        who = self.person(asked)
        return Answer(f"<h1>Orders</h1><p>{who}</p>") if who else Answer("", 302, {"Location": "/sign-in"})

    def home(self, asked: Asked) -> str:
        who = self.person(asked)
        return f'<h1>Shop</h1><a href="/account">{who}</a>' if who else '<h1>Shop</h1><a href="/sign-in">Sign in</a>'


@contextmanager
def members(**like: object) -> Iterator[tuple[Pages, Members]]:
    """The site and what it knows."""
    gate = Members(**like)  # type: ignore[arg-type]
    answers = {
        "/": gate.home,
        "/sign-in": gate.sign_in,
        "/form": lambda _asked: gate.form.replace("<form", '<form target="_top"'),
        "/account": gate.account,
        "/orders": gate.orders,
        "/edit": gate.edit,
        "/sign-out": gate.sign_out,
        "/code/ali": gate.check,
        "/code/eva": gate.check,
    }
    with pages(answers) as site:  # type: ignore[arg-type]
        yield site, gate


def credentials(who: str, **more: object) -> Credentials:
    fields = {"username": who, "password": SecretStr(PEOPLE[who]), "fingerprint": f"of {who}"}
    return Credentials(**{**fields, **more})  # type: ignore[arg-type]


def staffed(site: Pages, **more: object) -> Site:
    """ali is the site's account, eva the sign-in called editor."""
    fields = {"credentials": credentials("ali"), "profiles": {"editor": credentials("eva")}}
    return Site(base_url=site.url, **{**fields, **more})  # type: ignore[arg-type]


def behind_http(asked: Asked) -> Answer:
    """A page for ali by HTTP basic."""
    wanted = base64.b64encode(b"ali:open sesame").decode()
    if asked.headers.get("authorization") == f"Basic {wanted}":
        return Answer('<h1>Staging</h1><a href="/more">More</a>')
    return Answer("<h1>401</h1>", 401, {"WWW-Authenticate": 'Basic realm="staging"'})
