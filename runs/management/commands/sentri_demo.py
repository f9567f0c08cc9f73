from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import httpx
from django.core.management.base import BaseCommand, CommandError, CommandParser

from runs.engine.netguard import SETTING, place_of
from runs.management import demo
from runs.management.client import Client, Declined
from runs.management.processes import StopRequest
from runs.management.progress import console
from runs.management.serving import TICK, BindAddress, CannotServe, Serving, serving

WORKERS = 2


class Command(BaseCommand):
    help = "Does the main job: crawls a site (the bundled demo shop where none is given), proves tests, runs them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", nargs="?", help="address of your application, e.g. https://my.app")
        parser.add_argument("--port", type=int, default=8000, help="port of the web app (default: %(default)s)")
        parser.add_argument(
            "--once", action="store_true", help="exit after the verdict: 0 passed, 1 failed, 2 undecided"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
        parser.add_argument("--max-pages", type=int, default=40, help="pages to visit at most (default: %(default)s)")
        parser.add_argument("--username", help="account to sign in to your application with")
        parser.add_argument("--password", help="its password")
        parser.add_argument("--login-url", help="its sign-in page, where it cannot be found by links")

    def handle(self, *_: Any, **options: Any) -> None:
        _refuse_bad(options)
        try:
            with StopRequest() as stop:
                code = self._demonstrate(options, stop)
        except CannotServe as problem:
            raise CommandError(str(problem), returncode=2) from problem
        if code:
            raise SystemExit(code)

    def _demonstrate(self, options: dict[str, Any], stop: StopRequest) -> int:
        begun = time.monotonic()
        terminal = console(options["json"])
        with ExitStack() as stack:
            terminal.print("Starting web and workers …")
            wish = _wish(options, stack)
            # Before the web application and the workers start, which inherit the setting.
            _allow(wish.url)
            site = stack.enter_context(serving(BindAddress("127.0.0.1", options["port"]), WORKERS, stop))
            if stop:
                return 2
            person = demo.sign_in_demo_user()
            outcome = demo.DemoOutcome(site.address.url, person.token)
            terminal.print(
                f"Sentri is at {site.address.url}; sign in as {person.name} with {person.password}", markup=False
            )
            outcome.seconds["start"] = round(time.monotonic() - begun, 1)
            client = Client(site.address.url, person.token)
            problem = _perform(demo.Demo(client, outcome, terminal, _meanwhile(site, stop)), wish)
            outcome.seconds["total"] = round(time.monotonic() - begun, 1)
            if problem:
                terminal.print(problem, markup=False, highlight=False)
            if options["json"]:
                self.stdout.write(json.dumps(asdict(outcome)))
                self.stdout.flush()
            if options["once"]:
                return outcome.exit_code
            terminal.print(f"Sentri stays at {site.address.url} until Ctrl+C.")
            _keep_up(site, stop)
        return 0


def _refuse_bad(options: dict[str, Any]) -> None:
    url = options["url"]
    if url is not None and not _is_web_address(url):
        raise CommandError(f"'{url}' is not an address: write it with http:// or https:// in front.", returncode=2)
    if options["max_pages"] < 1:
        raise CommandError("--max-pages must be 1 or more.", returncode=2)
    if (options["username"] is None) != (options["password"] is None):
        raise CommandError("--username and --password go together.", returncode=2)


def _is_web_address(url: str) -> bool:
    try:
        return place_of(url).scheme in ("http", "https")
    except ValueError:
        return False


def _wish(options: dict[str, Any], stack: ExitStack) -> demo.Wish:
    if options["url"] is None:
        url = stack.enter_context(demo.shop())
        return demo.Wish(f"{url}/", "Demo shop", demo.SHOP_SIGN_IN, options["max_pages"])
    sign_in = None
    if options["username"] is not None:
        sign_in = {"username": options["username"], "password": options["password"]}
        if options["login_url"]:
            sign_in["login_url"] = options["login_url"]
    return demo.wish_for(options["url"], options["max_pages"], sign_in)


def _allow(url: str) -> None:
    """Who starts the demo runs this installation: the address that they give may be opened, private or not."""
    place = place_of(url)
    host = f"[{place.host}]" if ":" in place.host else place.host
    os.environ[SETTING] = f"{os.environ.get(SETTING, '')} {host}:{place.port}".strip()


def _perform(demonstration: demo.Demo, wish: demo.Wish) -> str:
    """Carries the demo out; what stood in its way, in one sentence."""
    try:
        demonstration.perform(wish)
    except (demo.Undecided, Declined) as problem:
        return str(problem)
    except httpx.TransportError as problem:
        return f"Sentri's own web application stopped answering ({problem}); the lines above may say why."
    return ""


def _meanwhile(site: Serving, stop: StopRequest) -> Callable[[], None]:
    def look() -> None:
        if stop:
            raise demo.Undecided("Stopped before the verdict.")
        site.look_after()

    return look


def _keep_up(site: Serving, stop: StopRequest) -> None:
    while not stop.wait(TICK):
        site.look_after()
