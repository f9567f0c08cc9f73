"""What stands for {{ … }} in a test. Chance and time come from outside, so that an attempt can be repeated."""

from __future__ import annotations

import re
import string
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from random import Random
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from runs.engine.plan import Site


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise ValueError("a variable's name has letters, digits and underscores, and begins with no digit")
    return text


VariableName = Annotated[str, Field(max_length=80), AfterValidator(_name)]
BRACES = re.compile(r"\{\{\s*([^\s{}](?:[^{}\n]*[^\s{}])?)\s*\}\}")
CALL = re.compile(r"^(?P<name>[\w.\-]+)(?:\(\s*(?:(?P<number>\d{1,4})\s*)?\))?$")
# fmt: off
WORDS = (
    "amber", "basil", "cedar", "clover", "coral", "dahlia", "ember", "fennel", "garnet", "hazel", "indigo",
    "jasper", "juniper", "lilac", "linden", "maple", "meadow", "onyx", "opal", "pebble", "pepper", "quartz",
    "river", "saffron", "sienna", "sorrel", "thistle", "tulip", "velvet", "willow",
)
# fmt: on
NATIVE = frozenset({"json", "equals"})


class UnknownVariable(Exception):
    """A test names a variable that nothing gives a value."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{{{{{name}}}}} is not a variable of the data row, the environment, the account or Sentri")
        self.name = name


Builtin = Callable[[Random, datetime, int], str]
BUILTINS: dict[str, Builtin] = {
    "random.digits": lambda chance, _now, n: "".join(chance.choices(string.digits, k=n)),
    "random.letters": lambda chance, _now, n: "".join(chance.choices(string.ascii_lowercase, k=n)),
    "random.word": lambda chance, _now, _n: chance.choice(WORDS),
    "random.email": lambda chance, _now, n: f"{chance.choice(WORDS)}-{chance.randrange(10**n):0{n}}@example.com",
    "random.name": lambda chance, _now, _n: f"{chance.choice(WORDS)} {chance.choice(WORDS)}".title(),
    "uuid": lambda chance, _now, _n: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "now": lambda _chance, now, _n: now.isoformat(timespec="seconds"),
    "now.date": lambda _chance, now, _n: now.date().isoformat(),
    "now.timestamp": lambda _chance, now, _n: str(int(now.timestamp())),
}
ACCOUNT = ("account.email", "account.username", "account.password")


class Variables:
    """The values of one attempt: the data row, what was saved, the environment, the account, built-ins."""

    def __init__(self, site: Site, row: Mapping[str, Any], chance: Random, now: datetime) -> None:
        self._row = row
        self._site = _of_site(site)
        self._chance = chance
        self._now = now
        self.saved: dict[str, Any] = {}

    def resolve(self, value: Any, *, native: bool = False) -> Any:
        """The same value with every {{ … }} in its strings replaced. Raises `UnknownVariable`.

        Where `native`, and always inside keys such as json and equals, a string that is nothing but one variable
        becomes the variable's own value, a number for instance.
        """
        if isinstance(value, str):
            return self._text(value, native)
        if isinstance(value, dict):
            return {key: self.resolve(inner, native=native or key in NATIVE) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.resolve(inner, native=native) for inner in value]
        return value

    def _text(self, text: str, native: bool) -> Any:
        if "{{" not in text:
            return text
        whole = BRACES.fullmatch(text.strip())
        if native and whole:
            return self._value(whole[1])
        return BRACES.sub(lambda found: str(self._value(found[1])), text)

    def _value(self, expression: str) -> Any:
        for source in (self._row, self.saved, self._site):
            if expression in source:
                return source[expression]
        call = CALL.match(expression)
        if call is None or call["name"] not in BUILTINS:
            raise UnknownVariable(expression)
        return BUILTINS[call["name"]](self._chance, self._now, min(int(call["number"] or 6), 1000))


def _of_site(site: Site) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if site.credentials:
        secret = site.credentials.password.get_secret_value()
        values = dict(zip(ACCOUNT, (site.credentials.username, site.credentials.username, secret), strict=True))
    values |= {name: secret.get_secret_value() for name, secret in site.secrets.items()}
    return values | site.variables


def known(site: Site) -> frozenset[str]:
    """Names that the site gives a value."""
    return frozenset(_of_site(site))


def is_builtin(expression: str) -> bool:
    call = CALL.match(expression)
    return call is not None and call["name"] in BUILTINS


def expressions(value: Any) -> Iterator[str]:
    """What stands between braces, anywhere in strings, dicts, lists and tuples."""
    if isinstance(value, str):
        yield from BRACES.findall(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from expressions(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from expressions(inner)
