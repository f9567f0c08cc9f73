"""Why a page could not be visited, in words a person understands. Pure, except for `diagnose`, which tries itself."""

from __future__ import annotations

import asyncio
import re
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from runs.engine.crawl.canonical import DEFAULT_PORTS
from runs.engine.deaths import Death, told_in
from runs.engine.netguard import Guard, place_of
from runs.engine.passing import PASSING, passes
from runs.engine.unopened import REFUSED_BY_US, by_proxy, classify

CONNECT_SECONDS = 5
NET_ERROR = re.compile(r"net::(ERR_\w+)")


class Unvisited(Exception):
    """A page that cannot be reported; `category` as in `PageFailed`, the text is the message.

    `wait` are the seconds that the site asks to wait before it is asked again.
    """

    def __init__(self, category: str, message: str, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(message)
        self.category = category
        self.status = status
        self.wait = wait
        self.step: int | None = None
        self.disturbed = False

    @property
    def passing(self) -> bool:
        """Whether it may be otherwise when it is asked again, later."""
        answered = self.category == "http_error" and passes(self.status)
        return answered or self.disturbed or (self.category in PASSING and self.status is None)


def authority(url: str) -> str:
    """Host and port as a person would write them: `127.0.0.1:9`, `shop.test`."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    port = parts.port or DEFAULT_PORTS.get(parts.scheme, 80)
    return host if port == DEFAULT_PORTS.get(parts.scheme) else f"{host}:{port}"


def refused(url: str) -> Unvisited:
    return Unvisited("refused", f"{authority(url)} refused the connection; is the application running?")


def unknown_host(url: str) -> Unvisited:
    return Unvisited("dns", f"The host {urlsplit(url).hostname} is not known to the name server; is it spelled right?")


def too_slow(url: str, seconds: float) -> Unvisited:
    return Unvisited("timeout", f"{url} did not finish loading within {seconds:g} s.")


def crashed(url: str) -> Unvisited:
    return Unvisited("crash", f"The browser tab crashed on {url}.")


def broken(url: str, error: Exception) -> Unvisited:
    first = next(iter(str(error).strip().splitlines()), "")
    return Unvisited("crash", f"Sentri broke while it read {url}: {type(error).__name__}: {first}".rstrip(": ") + ".")


def challenged(url: str, status: int | None = None) -> Unvisited:
    where = f"{authority(url)} shows a test for robots instead of {url}"
    return Unvisited("challenge", f"{where}; let this worker's address through its bot protection.", status)


def resists(url: str, why: str) -> Unvisited:
    """Of a page that has put its own in place of what scripts are written with."""
    return Unvisited("not_a_page", f"{url}: {why}")


def restless(url: str) -> Unvisited:
    return Unvisited("timeout", f"{url} loads itself anew again and again, and never stays.")


def unstable(sentence: str, reason: str, step: int) -> Unvisited:
    failure = Unvisited("unstable", f"This state was not reached again: “{sentence}” failed. {reason}")
    failure.step = step
    return failure


def from_browser(url: str, message: str, seconds: float) -> Unvisited:
    """What an error of the browser's navigation means. `seconds` is how long was waited at most."""
    match = NET_ERROR.search(message)
    if match is None:
        return _without_code(url, message, seconds)
    code, where, found = match[1], authority(url), classify(match[1])
    category = found.category if found else "refused"
    if category == "dns":
        return unknown_host(url)
    if code == "ERR_CONNECTION_REFUSED":
        return refused(url)
    sentence = CODES.get(code) or SENTENCES.get(category, "{where} broke the connection off ({code}).")
    return Unvisited(category, sentence.format(url=url, where=where, code=code))


CODES = {
    "ERR_ABORTED": "{url} answered without a page.",
    "ERR_TOO_MANY_REDIRECTS": "{url} redirects in a circle.",
    "ERR_INVALID_HTTP_RESPONSE": "{where} does not answer like a web server; is it https?",
    "ERR_INVALID_RESPONSE": "{where} does not answer like a web server.",
    "ERR_UNSAFE_PORT": "Browsers do not open the port of {where}.",
    "ERR_TUNNEL_CONNECTION_FAILED": "{where} cannot be reached.",
    "ERR_HTTP_RESPONSE_CODE_FAILURE": "{url} answered with an error and no page.",
}
SENTENCES = {
    "tls": "The certificate or encryption of {where} is not in order ({code}).",
    "timeout": "{where} did not answer in time.",
    "blocked": "{url} was blocked ({code}).",
}


def _without_code(url: str, message: str, seconds: float) -> Unvisited:
    first = message.strip().splitlines()[0] if message.strip() else "no reason given"
    if "Download is starting" in message:
        return Unvisited("not_a_page", f"{url} is a download.")
    if "Timeout" in message:
        return too_slow(url, seconds)
    if told_in(message) is Death.PAGE:
        return crashed(url)
    return Unvisited("crash", f"The browser could not open {url}: {first.rstrip('.')}.")


def from_gateway(url: str, body: str) -> Unvisited | None:
    """What our own way out of the browser said instead of the site, or None when the site itself spoke."""
    found = by_proxy(body)
    if found is None:
        return None
    said = {"dns": unknown_host, "refused": refused, "timeout": silent}.get(found.category)
    return said(url) if said else Unvisited("blocked", body.strip())


def silent(url: str) -> Unvisited:
    return Unvisited("timeout", f"{authority(url)} did not answer in time.")


async def diagnose(url: str, guard: Guard) -> Unvisited | None:
    """Find out why the browser could not connect, by resolving and connecting; None when that works."""
    refusal = guard.refuses_url(url)
    if refusal:
        return Unvisited("blocked", f"{REFUSED_BY_US}{refusal}.")
    place = place_of(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return unknown_host(url)
    numbers = [ip_address(str(entry[4][0]).split("%", 1)[0]) for entry in found]
    addresses, refusal = guard.judged(place.host, place.port, numbers)
    if refusal:
        return Unvisited("blocked", f"{REFUSED_BY_US}{refusal}.")
    address, port = str(addresses[0]), place.port
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), CONNECT_SECONDS)
    except TimeoutError:
        return silent(url)
    except OSError:
        return refused(url)
    writer.close()
    return None
