"""Why an address was not opened: one table of names for crawls, tests, proofs and request steps. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

REFUSED_BY_US = "Sentri did not open this address: "
# In the words of browser/driver.js, wherever in a message they stand.
TOO_LARGE = re.compile(r"the answer (?:is larger|unpacks to more) than \d+ MB")
# What our proxy answers with where it does not come through to the site.
PROXY_STATUSES = (403, 502)

Category = Literal["dns", "refused", "tls", "timeout", "http_error", "blocked", "not_a_page"]


@dataclass(frozen=True, slots=True)
class Unopened:
    """`words` go on after "could not be opened:"."""

    category: Category
    words: str


# What the browser, or the driver's own client, says; the first sign that is found counts.
SIGNS: tuple[tuple[tuple[str, ...], Unopened], ...] = (
    (
        ("ERR_NAME_NOT_RESOLVED", "ERR_NAME_RESOLUTION_FAILED", "ENOTFOUND", "EAI_AGAIN"),
        Unopened("dns", "the name server does not know the host"),
    ),
    (("ERR_CONNECTION_REFUSED", "ECONNREFUSED"), Unopened("refused", "the connection was refused")),
    (
        ("ERR_CERT", "CERT_", "self-signed certificate", "self signed certificate", "unable to verify the first cert"),
        Unopened("tls", "the certificate is not valid"),
    ),
    (
        ("ERR_SSL", "ERR_BAD_SSL", "EPROTO", "SSL routines", "wrong version number"),
        Unopened("tls", "the encrypted connection could not be made"),
    ),
    (("TIMED_OUT", "ETIMEDOUT"), Unopened("timeout", "the host did not answer")),
    (
        ("ERR_ADDRESS_UNREACHABLE", "EHOSTUNREACH", "ENETUNREACH"),
        Unopened("refused", "the host cannot be reached"),
    ),
    (("ERR_INTERNET_DISCONNECTED",), Unopened("refused", "there is no network")),
    # Behind the signs that begin like this, which it would take for its own.
    (("ERR_CONNECTION_", "ECONNRESET", "socket hang up"), Unopened("refused", "the connection was cut")),
    (("ERR_EMPTY_RESPONSE",), Unopened("refused", "the server sent nothing")),
    (("ERR_TOO_MANY_REDIRECTS",), Unopened("http_error", "the site redirects in a circle")),
    (
        ("ERR_INVALID_REDIRECT", "ERR_UNSAFE_REDIRECT"),
        Unopened("http_error", "the site redirects to no address that browsers open"),
    ),
    (("ERR_RESPONSE_HEADERS_TOO_BIG",), Unopened("http_error", "the headers of the answer are too long")),
    (("ERR_RESPONSE_HEADERS_",), Unopened("http_error", "the headers of the answer contradict each other")),
    (
        ("ERR_INVALID_HTTP_RESPONSE", "ERR_INVALID_RESPONSE"),
        Unopened("http_error", "the host does not answer like a web server"),
    ),
    (("ERR_HTTP_RESPONSE_CODE_FAILURE",), Unopened("http_error", "it answered with an error and no page")),
    (("ERR_UNSAFE_PORT",), Unopened("blocked", "browsers do not open this port")),
    (("ERR_TUNNEL_CONNECTION_FAILED",), Unopened("refused", "the address is blocked or cannot be reached")),
    (("ERR_BLOCKED", "_BLOCKED_"), Unopened("blocked", "it was blocked")),
    (("ERR_ABORTED", "Download is starting"), Unopened("not_a_page", "the page did not load; it may be a download")),
)
UNKNOWN, REFUSED, SILENT = SIGNS[0][1], SIGNS[1][1], SIGNS[4][1]


def classify(message: str) -> Unopened | None:
    """What an error of the browser or of the driver's client means; None for what is about something else."""
    return next((found for signs, found in SIGNS if any(sign in message for sign in signs)), None)


def too_large(message: str) -> str:
    """That an answer is larger than is read, as a part of a sentence; nothing where the error is about other things."""
    found = TOO_LARGE.search(message)
    return found[0] if found else ""


def by_proxy(body: str) -> Unopened | None:
    """What our own way out says instead of the site; None where the site itself speaks."""
    if not body.startswith(REFUSED_BY_US):
        return None
    # A proxy's answer comes out of the browser as a page's text, so the sentence is all there is to go by.
    reason = body.removeprefix(REFUSED_BY_US).strip().rstrip(".")
    if "name server" in reason:
        return UNKNOWN
    if "refused" in reason.lower() or "Connect call failed" in reason:
        return REFUSED
    if "cannot be reached" in reason:
        return SILENT
    return Unopened("blocked", reason)
