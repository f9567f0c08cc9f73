"""System checks: a configuration that cannot work is refused at the start, with what to do."""

from __future__ import annotations

import ipaddress
import os
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from runs.notifiers.smtp import BadMailServer, server_of
from sentri.env import Env
from sentri.logs import FORMATS

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@register("sentri")
def environment(**_: Any) -> list[CheckMessage]:
    env = settings.ENV
    found: list[CheckMessage] = []
    if env.broker not in ("orm", "redis"):
        found.append(Error(f"SENTRI_BROKER is '{env.broker}'.", hint="Write orm or redis.", id="sentri.E001"))
    if env.broker == "redis" and not env.redis_url:
        found.append(Error("SENTRI_BROKER=redis needs SENTRI_REDIS_URL.", hint="Set it.", id="sentri.E002"))
    if env.renew_seconds * 2 > env.lease_seconds:
        found.append(
            Error(
                "SENTRI_RENEW_SECONDS must be at most half of SENTRI_LEASE_SECONDS.",
                hint="A lease has to survive one late renewal.",
                id="sentri.E003",
            )
        )
    if not 1 <= env.workers <= 64:
        found.append(Error("SENTRI_WORKERS must be from 1 to 64.", hint="2 suits 2 cores.", id="sentri.E004"))
    found += _mail_server(env.smtp_url)
    if env.log_format not in FORMATS:
        found.append(Error(f"SENTRI_LOG_FORMAT is '{env.log_format}'.", hint="Write plain or json.", id="sentri.E005"))
    if env.otlp_endpoint and not env.otlp_endpoint.startswith(("http://", "https://")):
        found.append(
            Error(
                f"SENTRI_OTLP_ENDPOINT is '{env.otlp_endpoint}'.",
                hint="Write the collector's address for OTLP over HTTP, e.g. http://collector:4318.",
                id="sentri.E006",
            )
        )
    if env.base_url.startswith("https://") and not env.secret_key:
        found.append(
            checks.Warning(
                "SENTRI_SECRET_KEY is not set; a key kept beside the data is used.",
                hint="Set it where several machines serve one database.",
                id="sentri.W001",
            )
        )
    return found + _proxies(env.trusted_proxies) + _elsewhere(env) + _no_more()


def _proxies(names: tuple[str, ...]) -> list[CheckMessage]:
    """Only addresses and networks: a name that matched anything would let anybody choose their address."""
    for name in names:
        try:
            ipaddress.ip_network(name)
        except ValueError:
            problem = f"SENTRI_TRUSTED_PROXIES has '{name}', which is no address and no network."
            return [Error(problem, hint="Write 10.0.0.7 or 10.0.0.0/24, with commas between.", id="sentri.E007")]
    return []


def _no_more() -> list[CheckMessage]:
    """Settings of earlier versions, which would be believed to hold."""
    if "SENTRI_ALLOW_PRIVATE" not in os.environ:
        return []
    problem = "SENTRI_ALLOW_PRIVATE means nothing any more: private addresses are opened only where they are listed."
    hint = (
        "Take it away, and list what may be tested and sent to in SENTRI_ALLOWED_PRIVATE_HOSTS,"
        " e.g. app.internal:8080, 127.0.0.1:3000 or 10.0.0.0/8."
    )
    return [checks.Warning(problem, hint=hint, id="sentri.W021")]


def _mail_server(url: str) -> list[CheckMessage]:
    try:
        if url:
            server_of(url)
    except BadMailServer as error:
        return [
            Error(f"SENTRI_SMTP_URL cannot be used: {error}.", hint="Put it right or leave it out.", id="sentri.E010")
        ]
    return []


def _elsewhere(env: Env) -> list[CheckMessage]:
    """Whether a browser of another machine can be reached, and can reach this one."""
    if not env.browser_ws:
        return []
    parts = urlsplit(env.browser_ws)
    if parts.scheme not in ("ws", "wss", "http", "https") or not parts.hostname:
        problem = "SENTRI_BROWSER_WS is no ws, wss, http or https address."
        return [Error(problem, hint="Write ws://HOST:PORT/ or http://HOST:9222.", id="sentri.E020")]
    if parts.hostname not in LOOPBACK and env.egress_host in LOOPBACK:
        problem = "The browser of SENTRI_BROWSER_WS cannot reach this worker's egress proxy, which listens on loopback."
        hint = "Set SENTRI_EGRESS_HOST to the address of this machine that the browser reaches."
        return [checks.Warning(problem, hint=hint, id="sentri.W020")]
    return []
