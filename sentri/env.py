"""Configuration from the environment: read once, typed, prefix SENTRI_."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from runs.engine.netguard import Allowed, read_entries

ROOT = Path(__file__).resolve().parent.parent


class BadSetting(Exception):
    """A SENTRI_ variable cannot be understood; the message says which and what to write."""


@dataclass(frozen=True)
class Env:
    """Everything that can be set from outside. Field `x_y` is read from SENTRI_X_Y."""

    debug: bool = False
    secret_key: str = ""
    credential_keys: tuple[str, ...] = ()
    data_dir: Path = ROOT / "var"
    cache_dir: Path = ROOT / ".cache"
    database_url: str = ""
    redis_url: str = ""
    storage_url: str = ""
    storage_key: str = ""
    storage_secret: str = ""
    broker: str = "orm"
    base_url: str = "http://127.0.0.1:8000"
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    trusted_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    allowed_private_hosts: tuple[Allowed, ...] = ()
    workers: int = 2
    lease_seconds: float = 15.0
    renew_seconds: float = 4.0
    max_leases: int = 3
    slice_seconds: float = 10.0
    ai_provider: str = ""
    browser_path: str = ""
    ffmpeg_path: str = ""
    browser_ws: str = ""
    egress_host: str = "127.0.0.1"
    canary_seconds: float = 30.0
    grace_seconds: float = 20.0
    smtp_url: str = ""
    mail_from: str = "Sentri <sentri@localhost>"
    github_api: str = "https://api.github.com"
    min_free_mb: int = 200
    log_level: str = "INFO"
    log_format: str = "plain"
    metrics_token: str = ""
    otlp_endpoint: str = ""


def _flag(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in known:
        raise ValueError("write 1 or 0")
    return known[text.lower()]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


READERS: dict[str, Callable[[str], Any]] = {
    "bool": _flag,
    "str": str,
    "int": int,
    "float": float,
    "Path": lambda text: Path(text).expanduser().resolve(),
    "tuple[str, ...]": _words,
    "tuple[Allowed, ...]": read_entries,
}


def read(environ: Mapping[str, str] = os.environ) -> Env:
    """The environment as an Env. Raises BadSetting with one sentence for the first value that makes no sense."""
    found: dict[str, Any] = {}
    for field in fields(Env):
        name = f"SENTRI_{field.name.upper()}"
        text = environ.get(name, "").strip()
        if not text:
            continue
        try:
            found[field.name] = READERS[str(field.type)](text)
        except ValueError as error:
            raise BadSetting(f"{name}={text!r} cannot be used: {error}") from error
    return Env(**found)
