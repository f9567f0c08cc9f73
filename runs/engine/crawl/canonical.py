"""One address for one page: canonical URLs, which make two spellings of an address one row."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

LONGEST = 8_000
DEFAULT_PORTS = {"http": 80, "https": 443}
NOISE = re.compile(
    r"utm_.*|mc_(cid|eid)|_(ga|gl|gac|hsenc|hsmi|openstat)|_?(g|fb|ms|d|y|tw|ttcl|wbra|gbra)clid|gbraid|wbraid|igshid|"
    r"(php|j|asp|aspx)?_?sess(ion)?_?id|sid|cfid|cftoken|session|nonce|csrf.*token|timestamp|_|cb|cachebuster|ref_?src",
    re.IGNORECASE,
)
RETURN_ADDRESS = re.compile(
    r"(next|return|back|continue|dest|destination|came_from|referrer|r|(return|redirect|back|next|callback)_?(to|ur[li]|path)?)",
    re.IGNORECASE,
)
UNREAD = re.compile(r"[\t\n\r]")
PATH_SESSION = re.compile(r";(jsessionid|phpsessid|sid)=[^/;?#]*", re.IGNORECASE)
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
PATH_SAFE = "/!$&'()*+,;=:@"


def resolve(link: str, base: str) -> str | None:
    """The absolute http(s) address of a link on a page, or None where it leads to no page (mailto:, javascript: …).

    Nor is an address one that is longer than 8,000 characters, which few servers take.
    The fragment is kept only when it is a client-side route (`#/cart`, `#!/cart`).
    """
    if len(link) > LONGEST:
        return None
    try:
        parts = urlsplit(urljoin(base, as_browsers_read(link)))
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.rstrip(".")
    netloc = host if port in (None, DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    return urlunsplit((scheme, netloc, parts.path or "/", parts.query, route_of(parts.fragment)))


def as_browsers_read(link: str) -> str:
    """A link without tabs and line ends, and with slashes for the backslashes of its path."""
    path, mark, rest = re.fullmatch(r"([^?#]*)([?#]?)(.*)", UNREAD.sub("", link.strip()), re.DOTALL).groups()  # type: ignore[union-attr]
    return f"{path.replace(chr(92), '/')}{mark}{rest}"


def route_of(fragment: str) -> str:
    """The fragment when it is a client-side route, else the empty string."""
    return fragment if fragment.startswith(("/", "!/")) and len(fragment.strip("!/")) > 0 else ""


def canonical(url: str) -> str:
    """The key of an absolute http(s) address; two addresses of one page have one key. Idempotent.

    >>> canonical("HTTP://Shop.test:80/a/../b?utm_source=x&b=2&a=1#top")
    'http://shop.test/b?a=1&b=2'
    """
    resolved = resolve(url, url)
    if resolved is None:
        return url
    parts = urlsplit(resolved)
    return urlunsplit((parts.scheme, parts.netloc, clean_path(parts.path), clean_query(parts.query), parts.fragment))


def clean_path(path: str) -> str:
    """Percent-encoding in one spelling, dot segments gone, session ids and doubled slashes dropped."""
    segments: list[str] = []
    plain = PATH_SESSION.sub("", path)
    for segment in plain.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(respell(segment))
    tail = "/" if segments and plain.endswith(("/", "/.", "/..")) else ""
    return "/" + "/".join(segments) + tail


def respell(segment: str) -> str:
    """`%7euser` and `~user` in one spelling; `%2F` stays a part of its segment."""
    return "%2F".join(quote(unquote(part), safe=PATH_SAFE.replace("/", "")) for part in re.split("%2[fF]", segment))


def clean_query(query: str) -> str:
    """The significant parameters, sorted; tracking, session ids and return addresses are dropped."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode(sorted((name, value) for name, value in pairs if significant(name, value)))


def significant(name: str, value: str) -> bool:
    """Whether a query parameter can change which page is shown."""
    if NOISE.fullmatch(name):
        return False
    # A link to the sign-in page names the page that it stands on, and would be another on each; `next=2` is paging.
    return not (RETURN_ADDRESS.fullmatch(name) and value.startswith(("/", "http://", "https://")))
