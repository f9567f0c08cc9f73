"""Four people around one project, and a client that speaks JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from rest_framework.test import APIClient

from projects.models import ApiToken, Environment, Membership, Project, Test, Workspace
from runs import ledger
from runs.engine.plan import CrawlOptions, RunOptions
from runs.models import Run

DOCUMENT = {
    "title": "Home shows its heading",
    "kind": "ui",
    "start": "/",
    "steps": [{"do": "expect_url", "path": "/"}],
    "tags": ["smoke"],
}
ROLES = ("viewer", "qa_lead", "admin")


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    """Throttles count in the cache."""
    cache.clear()


@dataclass
class World:
    """One project with its members, and a stranger with a workspace of their own."""

    workspace: Workspace
    project: Project
    people: dict[str, User]

    def client(self, who: str | None) -> APIClient:
        client = APIClient()
        if who is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.token(who)}")
        return client

    def token(self, who: str, **fields: Any) -> str:
        if who == "ci":
            return ApiToken.issue("CI", project=self.project, **fields)[1]
        return ApiToken.issue("Laptop", user=self.people[who], **fields)[1]

    def at(self, rest: str = "") -> str:
        return f"/api/v1/projects/{self.project.public_id}{rest}"

    def test(self, status: str = "draft", **fields: Any) -> Test:
        document = {**DOCUMENT, **fields}
        test = Test.write(self.project, None, document["title"], document)
        for action in {"draft": (), "approved": ("approve",), "rejected": ("reject",)}[status]:
            test.decide(action, None)
        return test

    def environment(self, name: str = "staging") -> Environment:
        return Environment.objects.create(project=self.project, name=name, base_url="https://staging.shop.test")

    def run(self, **fields: Any) -> Run:
        """A queued test run of one test."""
        order = ledger.RunRequest(**{"project": self.project, "actor": None, "actor_name": "Ada", **fields})
        return ledger.open_test_run(order, RunOptions(), [self.test("approved")])

    def crawl(self, **fields: Any) -> Run:
        order = ledger.RunRequest(**{"project": self.project, "actor": None, "actor_name": "Ada", **fields})
        return ledger.open_crawl(order, CrawlOptions())


def person(name: str, workspace: Workspace, role: str) -> User:
    user = User.objects.create(username=name, first_name=name.title())
    Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


@pytest.fixture
def world(db: None) -> World:
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    elsewhere = Workspace.objects.create(name="Elsewhere", slug="elsewhere")
    people = {role: person(role, workspace, role) for role in ROLES}
    people["stranger"] = person("stranger", elsewhere, "admin")
    return World(workspace, Project.objects.create(workspace=workspace, name="Shop", url="http://shop.test/"), people)


@pytest.fixture
def admin(world: World) -> APIClient:
    return world.client("admin")


@pytest.fixture
def lead(world: World) -> APIClient:
    return world.client("qa_lead")


@pytest.fixture
def viewer(world: World) -> APIClient:
    return world.client("viewer")


@pytest.fixture
def ci(world: World) -> APIClient:
    return world.client("ci")


Refusal = Callable[..., dict[str, Any]]


@pytest.fixture
def refused() -> Refusal:
    """refused(answer, 422, "invalid") checks a problem's form and gives its body."""

    def check(answer: Any, status: int, code: str | None = None) -> dict[str, Any]:
        assert answer.status_code == status, answer.content
        assert answer["Content-Type"] == "application/problem+json"
        body: dict[str, Any] = answer.json()
        assert {"type", "title", "status", "detail", "code"} <= set(body)
        assert body["status"] == status
        assert body["detail"]
        assert code is None or body["code"] == code, body
        return body

    return check
