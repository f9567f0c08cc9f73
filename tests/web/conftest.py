"""Four people around one project, the product's server as a process, and a real browser in front of it."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connections
from django.test import Client
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from projects.models import Membership, Project, Test, Workspace
from runs import gates, ledger, reading
from runs.engine.browser.find import Executable
from runs.engine.plan import CrawlOptions, RunOptions
from runs.models import Run
from tests.conftest import database_url
from tests.held import PATIENCE
from tests.ledger.conftest import Hand
from tests.servers import free_port

ROLES = ("viewer", "qa_lead", "admin")
PASSWORD = "a long pass phrase"
DOCUMENT: dict[str, Any] = {
    "title": "Home shows its heading",
    "start": "/",
    "steps": [{"do": "expect_url", "path": "/"}, {"do": "click", "target": {"role": "button", "name": "Buy"}}],
}


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    """Failed sign-ins count in the cache."""
    cache.clear()


BLOCKS = (
    "html|head|body|meta|link|title|nav|main|header|footer|section|article|div|p|h1|h2|h3|h4|ul|ol|li|dl|dt|dd|table|thead|"
    "tbody|tr|th|td|form|fieldset|legend|details|summary|dialog|figure|figcaption|button|option|select|label"
)
AS_WRITTEN = re.compile(r"(<(pre|textarea|script)\b.*?</\2>)", re.DOTALL)


def as_it_reads(page: str) -> str:
    """HTML without what no reader sees: line breaks of templates inside of tags and around blocks."""
    parts = AS_WRITTEN.split(page)
    for at in range(0, len(parts), 3):
        part = re.sub(r"\s+", " ", parts[at]).replace('" >', '">').replace(" />", ">")
        parts[at] = re.sub(rf" ?(</?(?:{BLOCKS})(?: [^>]*)?>) ?", r"\1", part)
        parts[at + 2 : at + 3] = [""] * len(parts[at + 2 : at + 3])
    return "".join(parts)


class Reader(Client):
    """Gets pages as they read."""

    def request(self, **request: Any) -> Any:
        answer = super().request(**request)
        if not answer.streaming and answer.headers.get("Content-Type", "").startswith("text/html"):
            answer.content = as_it_reads(answer.content.decode()).encode()
        return answer


@dataclass
class World:
    """A project, its members, and a stranger with a workspace of their own."""

    project: Project
    people: dict[str, User] = field(default_factory=dict)

    def client(self, who: str | None) -> Client:
        client = Reader()
        if who:
            client.force_login(self.people[who])
        return client

    def at(self, rest: str = "") -> str:
        return f"/projects/{self.project.public_id}{rest}"

    def order(self, **fields: Any) -> ledger.RunRequest:
        return ledger.RunRequest(**{"project": self.project, "actor": None, "actor_name": "Ada", **fields})

    def tests(self, count: int = 1, status: str = "draft", **fields: Any) -> list[Test]:
        found = []
        for number in range(count):
            title = f"Test {number}"
            test = Test.propose(self.project, **{"title": title, "document": {**DOCUMENT, "title": title}, **fields})
            for action in {"draft": (), "approved": ("approve",), "rejected": ("reject",)}[status]:
                test.decide(action, None, "it says nothing" if action == "reject" else "")
            found.append(test)
        return found

    def run(self, count: int = 3, shards: int = 1) -> Run:
        return ledger.open_test_run(self.order(), RunOptions(shards=shards), self.tests(count, "approved"))

    def crawl(self) -> Run:
        return ledger.open_crawl(self.order(), CrawlOptions())


def close(run: Run) -> None:
    """What the finalizer does."""
    run.refresh_from_db()
    ledger.close(run.pk, gates.judge(reading.report(run)))


def ended(run: Run, outcome: str = "passed") -> Run:
    for shard in run.shards.all():
        Hand(run, shard.index).work_off(outcome)
    close(run)
    run.refresh_from_db()
    return run


def made() -> World:
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    elsewhere = Workspace.objects.create(name="Elsewhere", slug="elsewhere")
    world = World(Project.objects.create(workspace=workspace, name="Shop", url="http://shop.test/"))
    for name in (*ROLES, "stranger"):
        world.people[name] = User.objects.create_user(name, password=PASSWORD)
        place = elsewhere if name == "stranger" else workspace
        role = "admin" if name == "stranger" else name
        Membership.objects.create(workspace=place, user=world.people[name], role=role)
    return world


@pytest.fixture
def world(db: None) -> World:
    return made()


# --- a real server and a real browser ---


@dataclass
class Server:
    """The product's web process on a port of its own."""

    port: int
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data_dir(self) -> Path:
        return Path(self.environment["SENTRI_DATA_DIR"])

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "sentri.asgi:application", "--port", str(self.port)]
        with (self.data_dir / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--log-level", "warning", "--no-proxy-headers"], env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self.process.poll() is None, (self.data_dir / "log").read_text()
            assert time.monotonic() < deadline, "the server did not start within two minutes"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/sign-in", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture(scope="session")
def server_of_session(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    from django.conf import settings
    from django.db import connection

    data = tmp_path_factory.mktemp("server")
    environment = {
        **os.environ,
        "SENTRI_DATABASE_URL": database_url(connection.settings_dict),
        "SENTRI_DATA_DIR": str(data),
        "SENTRI_SECRET_KEY": settings.SECRET_KEY,
    }
    server = Server(free_port(), environment)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(server_of_session: Server, transactional_db: None) -> Server:
    if server_of_session.process is None:
        server_of_session.start()
    return server_of_session


@pytest.fixture
def shop(server: Server) -> World:
    """The world as the server sees it."""
    return made()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(browser_executable: Executable) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(browser_executable.path), env={**os.environ, **browser_executable.env}
        )
        yield browser
        await browser.close()


expect.set_options(timeout=PATIENCE * 1000)
Open = Callable[..., Any]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(chromium: Browser, server: Server, shop: World) -> AsyncIterator[Open]:
    """`await visit("/path", "qa_lead")` opens a page as a person; a page must leave nothing in its console."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def opened(path: str, who: str | None = "qa_lead", **options: Any) -> Page:
        viewport = {"width": options.pop("width", 1280), "height": options.pop("height", 800)}
        context = await chromium.new_context(base_url=server.url, viewport=viewport, **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        if who:
            await context.add_cookies(
                [{"name": "sentri_session", "value": await session(shop.people[who]), "url": server.url}]
            )
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        await page.goto(path)
        return page

    opened.complaints = complaints  # type: ignore[attr-defined]
    yield opened
    for context in contexts:
        await context.close()
    await sync_to_async(connections.close_all)()
    assert complaints == []


@sync_to_async
def session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sentri_session"].value
