"""What notifiers that speak HTTP share: signed JSON, and what a status means."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import AfterValidator

from runs.notifiers.base import News, NotNow, Ports, Reply, Sent, Undeliverable


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        port, host, printable = parts.port, parts.hostname, url.isprintable() and " " not in url and "\\" not in url
    except ValueError as error:
        raise ValueError("This is not an address of the web; write it as https://ci.example.com/hook.") from error
    if parts.scheme.lower() not in ("http", "https") or not host or not printable or port == 0:
        raise ValueError("This is not an address of the web; write it as https://ci.example.com/hook.")
    # The host is shown as the receiver's name, and a password would stand in it.
    if "@" in parts.netloc:
        raise ValueError("Leave user name and password out of the address.")
    return url


# For texts in models, and for secrets: both are checked by the same rule.
WebUrl = AfterValidator(_web_address)


def _secret_address(secret: Any) -> Any:
    _web_address(secret.get_secret_value())
    return secret


SecretUrl = AfterValidator(_secret_address)


def host_of(url: str) -> str:
    return urlsplit(url).netloc


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a dot and the body."""
    # The time is signed as well, or an old message could be sent again as a new message.
    said = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={said.hexdigest()}"


def post_signed(news: News, url: str, value: Any, ports: Ports) -> Sent:
    """Posts JSON that its receiver can prove to be ours, and recognise when it comes twice."""
    body, timestamp = as_json(value), str(int(news.at.timestamp()))
    headers = {
        "X-Sentri-Timestamp": timestamp,
        "X-Sentri-Signature": signature(news.signing_secret, timestamp, body),
    }
    return post(news, url, body, ports, headers)


def post(news: News, url: str, body: bytes, ports: Ports, headers: Mapping[str, str] | None = None) -> Sent:
    """Posts JSON under the delivery's key. Raises NotNow or Undeliverable where the answer is no."""
    keyed = {"Content-Type": "application/json", "X-Sentri-Delivery": news.key, "Idempotency-Key": news.key}
    reply = accepted(ports.web.send("POST", url, keyed | dict(headers or {}), body), news.at)
    return Sent(f"{host_of(url)} answered {reply.status}.", reply.status)


def accepted(reply: Reply, now: datetime) -> Reply:
    """A reply of 2xx. Raises Undeliverable for what will not change, NotNow for the rest."""
    if 200 <= reply.status < 300:
        return reply
    if 300 <= reply.status < 400:
        sentence = f"It answered {reply.status}: redirects are not followed; give the address that it leads to."
        raise Undeliverable(sentence, reply.status)
    if reply.status == 410:
        raise Undeliverable("It answered 410: the receiver is gone for good.", reply.status)
    raise NotNow(f"It answered {reply.status}.", reply.status, retry_after(reply, now))


def retry_after(reply: Reply, now: datetime) -> float | None:
    """Seconds that Retry-After asks for, given as a number or as a date."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        # Nine digits are more than thirty years; a time that is later than all dates would be an error.
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds()) if text else None
    except (ValueError, TypeError):
        return None
