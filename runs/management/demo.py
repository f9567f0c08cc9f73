"""The main job from a URL to a verdict, done as a person would do it: through the API."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from rich.console import Console
from rich.table import Table

from projects.models import ApiToken, Membership, Project, Workspace
from projects.models.workspace import Role
from runs import states
from runs.management.client import Client
from runs.management.progress import GLYPHS, PhaseProgress

DEMO_USER = "demo"
SHOP_SIGN_IN = {"username": "demo@example.com", "password": "demo-pass-1", "login_url": "/sign-in"}
SHARDS = 2
EXIT = {"passed": 0, "failed": 1}


class Undecided(Exception):
    """The demo could not come to a verdict; the message says why and what to do."""


@dataclass
class DemoOutcome:
    """What `--json` prints as its last line."""

    base_url: str
    api_token: str
    project: str = ""
    crawl_run: str = ""
    test_run: str = ""
    pages: int = 0
    proposed: int = 0
    proved: int = 0
    passed: int = 0
    failed: int = 0
    flaky: int = 0
    skipped: int = 0
    verdict: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return EXIT.get(self.verdict, 2)


ADVICE = {
    "dns": "Check the address.",
    "refused": "Start the application, or check host and port.",
    "tls": "Check the certificate, or use http:// where that is served.",
    "timeout": "Check that the application answers from this machine.",
    "http_error": "Look into the application's own log, or give an address that answers with a page.",
    "blocked": "Give an address that Sentri may open.",
    "sign_in": "Check user name and password, and --login-url.",
    "not_a_page": "Give the address of a page.",
    "browser": "bin/demo installs a browser; SENTRI_BROWSER_PATH names one that you have.",
}


def _with_advice(done: dict[str, Any]) -> str:
    """Why a run failed, and what to do about it."""
    return f"{done['error']} {ADVICE.get(done['error_category'], '')}".strip()


@dataclass(frozen=True)
class Wish:
    """What to demonstrate: a site, how to sign in to it, how far to go."""

    url: str
    name: str
    sign_in: dict[str, str] | None
    max_pages: int


@contextmanager
def shop() -> Iterator[str]:
    """The bundled demo shop, serving on a free port for as long as the block lasts."""
    # Ctrl+C reaches all processes of a terminal's group; the shop is to end after the runs that need it.
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.site", "--port", "0"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        url = process.stdout.readline().strip() if process.stdout else ""
        if not url:
            raise Undecided("The demo shop did not start; give the URL of a site of yours instead.")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


@dataclass(frozen=True)
class Person:
    """The demo's user, who can sign in to the pages with this password and to the API with this token."""

    name: str
    password: str
    token: str


def sign_in_demo_user() -> Person:
    """Makes the demo user and workspace where they are missing, and a token for this demo."""
    user, _ = get_user_model().objects.get_or_create(
        username=DEMO_USER, defaults={"is_staff": True, "is_superuser": True}
    )
    # A new password each time, since the last is stored as a hash alone.
    password = secrets.token_urlsafe(9)
    user.set_password(password)
    user.save()
    workspace, _ = Workspace.objects.get_or_create(slug="demo", defaults={"name": "Demo"})
    Membership.objects.get_or_create(workspace=workspace, user=user, defaults={"role": Role.ADMIN})
    _, token = ApiToken.issue("bin/demo", user=user)
    return Person(user.get_username(), password, token)


def free_name(name: str) -> str:
    """The name, or the name with the first free number behind it."""
    taken = set(Project.objects.alive().filter(workspace__slug="demo").values_list("name", flat=True))
    return next(choice for choice in (name, *(f"{name} {n}" for n in range(2, 10_000))) if choice not in taken)


def wish_for(url: str, max_pages: int, sign_in: dict[str, str] | None) -> Wish:
    return Wish(url, urlsplit(url).netloc, sign_in, max_pages)


class Demo:
    """Carries out the phases and tells them."""

    def __init__(self, client: Client, outcome: DemoOutcome, console: Console, meanwhile: Callable[[], None]) -> None:
        self.client, self.outcome, self.console, self.meanwhile = client, outcome, console, meanwhile

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.outcome.seconds[name] = round(time.monotonic() - begun, 1)

    def perform(self, wish: Wish) -> None:
        """From the URL to the verdict. Raises Undecided, client.Declined."""
        body: dict[str, Any] = {"name": free_name(wish.name), "url": wish.url, "workspace": "demo"}
        if wish.sign_in:
            body["credentials"] = wish.sign_in
        self.outcome.project = self.client.post("/projects", body)["id"]
        self._say(f"Project {self.outcome.project}: {body['name']} at {wish.url}")
        with self.phase("crawl"):
            self._crawl(wish)
        with self.phase("approve"):
            self._approve()
        with self.phase("run"):
            self._run()

    def _crawl(self, wish: Wish) -> None:
        run = self.client.post(
            f"/projects/{self.outcome.project}/crawl", {"max_pages": wish.max_pages, "shards": SHARDS}
        )["id"]
        self.outcome.crawl_run = run
        self._say(f"Crawl {run}: {self.outcome.base_url}/runs/{run}")
        with PhaseProgress("Crawling, proposing, proving", self.console) as telling:
            done = telling.follow(self.client.story(run, self.meanwhile))
        if done["status"] != "completed":
            raise Undecided(_with_advice(done) or f"The crawl was {done['status']}.")
        found = self.client.get(f"/runs/{run}")
        self.outcome.pages = found["pages"]["done"]
        self.outcome.proposed, self.outcome.proved = done["total"], done["passed"]
        self._say(
            f"Found {self.outcome.pages} pages; proposed {done['total']} tests: {done['passed']} were proved, "
            f"{done['total'] - done['passed']} were rejected with the reason."
        )

    def _approve(self) -> None:
        if not self.outcome.proved:
            raise Undecided("No proposed test passed clean replays, so there is nothing to approve and run.")
        answer = self.client.post(
            f"/projects/{self.outcome.project}/tests/bulk",
            {"action": "approve", "filter": {"review_status": "draft"}, "reason": ""},
        )
        count = len(answer["changed"])
        self._say(f"Approved {count} tests, because this is the demo; outside it a person reviews them.")

    def _run(self) -> None:
        run = self.client.post(f"/projects/{self.outcome.project}/run", {"shards": SHARDS})["id"]
        self.outcome.test_run = run
        with PhaseProgress(f"Running on {SHARDS} workers, {SHARDS} shards", self.console) as telling:
            done = telling.follow(self.client.story(run, self.meanwhile))
        for name in ("passed", "failed", "flaky", "skipped"):
            setattr(self.outcome, name, done[name])
        self.outcome.verdict = done["verdict"]
        if done["status"] != "completed":
            raise Undecided(_with_advice(done) or f"The run was {done['status']}.")
        self._print_table(run, done)

    def _print_table(self, run: str, done: dict[str, Any]) -> None:
        table = Table(title=f"{run}: {done['verdict']}", title_justify="left", title_style="bold")
        for heading in ("tests", *(f"{glyph} {name}" for name, glyph in GLYPHS.items()), "seconds"):
            table.add_column(heading, justify="right")
        found = self.client.get(f"/runs/{run}")
        seconds = (found["duration_ms"] or 0) / 1000
        table.add_row(str(done["total"]), *(str(done[name]) for name in GLYPHS), f"{seconds:.1f}")
        self.console.print(table)
        failures = self.client.get(f"/runs/{run}/results", status=states.FAILED)["results"]
        for failure in failures[:10]:
            self.console.print(f"  ✕ {failure['title']}: {failure['error']}", markup=False)
        self._say(f"Report: {self.outcome.base_url}/runs/{run}")

    def _say(self, words: str) -> None:
        self.console.print(words, markup=False, highlight=False)
