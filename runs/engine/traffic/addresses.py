"""Addresses of calls: the template of a path, and a spelling without secrets that may be stored."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit, urlunsplit

from runs.engine.traffic.secrecy import is_secret

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Names with a number behind them, such as address2, look as if they varied, and do not.
_PLAIN = re.compile(r"v\d+(\.\d+)*|[a-z]+\d{1,2}|\d[a-z]{1,3}", re.IGNORECASE)
_VARIES = re.compile(
    rf"""[-+]?\d+ | {_UUID} | (?=.*\d)[0-9a-f]{{8,}} | \d{{4}}-\d{{2}}(-\d{{2}}(T.*)?)?
    | .*\d{{3,}}.* | .*@.* | (?=.*\d)(?=.*[A-Z])[\w-]{{8,}} | [\w-]+\.[\w-]+\.[\w-]{{10,}}""",
    re.VERBOSE | re.IGNORECASE,
)
_TOKEN = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.~+/=-]{24,}|eyJ[\w-]+\.[\w.-]+|[\[{].*", re.DOTALL)
_ID = re.compile(_UUID, re.IGNORECASE)
_ADDRESS = re.compile(r"\b(?:https?|wss?)://[^\s'\"<>“”]+")
BLANK = "***"
_LONGEST = 80  # no longer segment is the name of a resource


def template(path: str) -> str:
    """A path with its varying segments named: `/api/orders/17/lines/3` is `/api/orders/{id}/lines/{id2}`."""
    found = 0
    segments = []
    for segment in path.split("/"):
        plain = unquote(segment)
        if len(plain) > _LONGEST or (_VARIES.fullmatch(plain) and not _PLAIN.fullmatch(plain)):
            found += 1
            segments.append(placeholder(found))
        else:
            segments.append(segment)
    return "/".join(segments)


def placeholder(number: int) -> str:
    return "{id}" if number == 1 else f"{{id{number}}}"


def blanked(url: str) -> str:
    """The address without what may be a secret: user names, values of parameters that are called or look like one."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0]
    host = parts.netloc.rpartition("@")[2]
    fragment = _blanked(parts.fragment) if "=" in parts.fragment else parts.fragment
    return urlunsplit((parts.scheme, host, parts.path, _blanked(parts.query), fragment))


def blanked_line(line: str) -> str:
    """A line of text with what may be secret in its addresses blanked."""
    return _ADDRESS.sub(lambda found: blanked(found[0]), line)


def _blanked(query: str) -> str:
    return "&".join(_pair(pair) for pair in query.split("&")) if query else ""


def _pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    plain = unquote(value.replace("+", " "))
    # A UUID is as long as a token, but mostly says which record is meant.
    secret = is_secret(unquote(name)) or (_TOKEN.fullmatch(plain) and not _ID.fullmatch(plain))
    return f"{name}={BLANK}" if equals and value and secret else pair
