"""The sites whose contents are known: the demo shop and the targets, each with what a good crawler finds there."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench.sides import Broken
from sentri.env import ROOT
from tests.site import server

SHOP = "shop"
TARGETS = ("datasette", "oscar", "prefect")
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Template:
    """A kind of page: a regular expression for the path, or where `on_url` for path and query."""

    name: str
    pattern: re.Pattern[str]
    on_url: bool = False
    needs_login: bool = False

    def matches(self, url: str) -> bool:
        parts = urlsplit(url)
        whole = (
            parts.path + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
        )
        return bool(self.pattern.search(whole if self.on_url else parts.path or "/"))


@dataclass(frozen=True)
class KnownForm:
    """A form: where it is shown, and how it sends. `fields` are names it has, `action` a path, where they are known."""

    name: str
    page: re.Pattern[str]
    method: str
    action: str = ""
    fields: tuple[str, ...] = ()
    needs_login: bool = False


@dataclass(frozen=True)
class Ground:
    """What is true of one site."""

    name: str
    templates: tuple[Template, ...]
    forms: tuple[KnownForm, ...]
    login: dict[str, Any] | None

    def template_of(self, url: str) -> str:
        """The first template that is an address's, those of queries before those of paths; empty where none is."""
        ordered = sorted(self.templates, key=lambda one: not one.on_url)
        return next((one.name for one in ordered if one.matches(url)), "")


def place() -> Path:
    """The directory of the targets: SENTRI_TARGETS, or `shared/targets` beside the repository."""
    return Path(os.environ.get("SENTRI_TARGETS") or ROOT.parent / "shared" / "targets")


def ground(name: str) -> Ground:
    """Raises Broken where a target is not there."""
    return _shop() if name == SHOP else _target(name)


def _shop() -> Ground:
    truth = json.loads((ROOT / "tests" / "site" / "truth.json").read_text(encoding="utf-8"))
    templates = tuple(
        Template(one["name"], re.compile(one["pattern"]), needs_login="sign_in" in one.get("needs", ()))
        for one in truth["templates"]
        if "disallowed_by" not in one
    )
    forms = tuple(
        KnownForm(
            one["name"],
            re.compile(f"^{re.escape(one['path'])}$"),
            one["method"],
            one["action"],
            tuple(one["fields"]),
            "sign_in" in one.get("needs", ()),
        )
        for one in truth["forms"]
    )
    known = truth["credentials"]
    login = {"username": known["email"], "password": known["password"], "path": "/sign-in"}
    return Ground(SHOP, templates, forms, login)


def _target(name: str) -> Ground:
    file = place() / name / "expected.json"
    if not file.exists():
        raise Broken(f"There is no target {name}: set SENTRI_TARGETS to the directory of the targets.")
    expected = json.loads(file.read_text(encoding="utf-8"))
    templates = tuple(
        Template(one["name"], re.compile(one["pattern"]), one.get("on") == "url", not one["reachable_without_login"])
        for one in expected["templates"]
        if one.get("linked", True)
    )
    forms = tuple(
        KnownForm(one["purpose"], re.compile(one["page_pattern"]), one["method"], needs_login=_closed(one))
        for one in expected["forms"]
    )
    return Ground(name, templates, forms, expected["login"])


def _closed(form: dict[str, Any]) -> bool:
    return bool(form.get("needs_login", False))


@contextmanager
def serve(name: str) -> Iterator[str]:
    """The site as a process of its own; yields its base URL. A target installs itself at its first start."""
    if name == SHOP:
        with server.serve() as url:
            yield url
        return
    port = _free_port()
    with tempfile.TemporaryFile("w+") as said:
        command = [str(place() / name / "start"), str(port)]
        process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        try:
            _wait(process, f"http://127.0.0.1:{port}/", name)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, name: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Broken(f"The target {name} stopped with code {process.returncode} before it answered.")
        try:
            httpx.get(url, timeout=5.0)
            return
        except httpx.TransportError:
            time.sleep(0.2)
    raise Broken(f"The target {name} did not answer within {PATIENCE_SECONDS:g} s.")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
