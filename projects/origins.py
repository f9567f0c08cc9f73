"""Origins: scheme, host and port, which is what a secret is entered for."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from ada_url import URL

USUAL = {"http": 80, "https": 443}


# Stands for the site where a page is written as a path.
_ANYWHERE = "http://site.invalid"


def page_address(written: str) -> str:
    """A page as browsers read what was written: a path on the site, or an address. Raises ValueError."""
    try:
        there = str(URL(written.strip(), base=_ANYWHERE).href)
    except ValueError as error:
        raise ValueError("This is no address; write the path of the page, such as /login.") from error
    return there.removeprefix(_ANYWHERE) if there.startswith(f"{_ANYWHERE}/") else there


def origin_of(url: str) -> str:
    """An address without its path, as browsers name it: in small letters, without the usual port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port not in (None, USUAL.get(parts.scheme)) else ""
    return f"{parts.scheme}://{host}{port}"


def trusts(origins: Iterable[str], url: str) -> bool:
    """Whether what was entered for these origins may be sent to an address.

    Who trusts a host without encryption trusts it with: http on the usual port stands for https as well.
    """
    destination = origin_of(url)
    plain = f"http://{destination.removeprefix('https://')}" if destination.startswith("https://") else destination
    unusual = urlsplit(destination).port is not None
    return any(origin == destination or (origin == plain and not unusual) for origin in origins)


def listed(names: Iterable[str]) -> str:
    """ "a, b and c" """
    *first, last = list(names) or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last
