"""What of a site's secrets may be told to whom: each only to the origins that it was entered for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

from projects.origins import listed, origin_of, trusts
from runs.engine.masking.secret_shapes import shapes
from runs.engine.plan import ACCOUNT, Site

WEB = ("http", "https")


class Framed(Protocol):
    """An element of a page, as the browser's driver gives it."""

    async def owner_frame(self) -> Any: ...


async def address_of(element: Framed | None) -> str:
    """Where the document of an element comes from: a frame that was made in place is of the page around it."""
    frame = await element.owner_frame() if element is not None else None
    while frame is not None and frame.parent_frame is not None and urlsplit(frame.url).scheme not in WEB:
        frame = frame.parent_frame
    return str(frame.url) if frame is not None else ""


def headers_to(site: Site, url: str) -> dict[str, str]:
    """What a request to an address carries: nothing where it is not of the site's own origin."""
    return site.sent_headers if origin_of(url) == origin_of(site.base_url) else {}


def may_sign_in(site: Site, url: str) -> str:
    """Why the site's account may not be signed in with at an address; nothing where it may."""
    further = site.credentials.origins if site.credentials else ()
    return _refusal("credentials were", (site.origin, *further), url)


def may_be_told(site: Site, texts: Iterable[str], url: str) -> str:
    """Why texts may not be sent to an address: one of them holds a secret that was entered for others."""
    if trusts([site.origin], url):
        return ""
    said = list(texts)
    for what, secret, origins in _secrets(site):
        if any(shape in text for text in said for shape in shapes(secret)):
            refusal = _refusal(what, origins, url)
            if refusal:
                return refusal
    return ""


def _secrets(site: Site) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each secret text: how it is called, what it says, and the origins that may be told."""
    own = (site.origin,)
    for name, value in site.secrets.items():
        yield f"variable {name} was", value.get_secret_value(), own
    for name, value in site.secret_headers.items():
        yield f"header {name} was", value.get_secret_value(), own
    for name, account in {ACCOUNT: site.credentials, **site.profiles}.items():
        if account is None:
            continue
        origins = (*own, *account.origins)
        hidden = [account.password, account.totp, *account.headers.values()]
        for secret in (value.get_secret_value() for value in hidden if value is not None):
            if secret:
                yield f"sign-in “{name}” was", secret, origins


def _refusal(what: str, origins: tuple[str, ...], url: str) -> str:
    if trusts(origins, url):
        return ""
    there = listed(dict.fromkeys(origin_of(origin) for origin in origins))
    return f"the {what} entered for {there}, and this is {origin_of(url)}"
