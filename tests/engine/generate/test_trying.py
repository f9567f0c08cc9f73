"""Records, dialogs and the description of an API, tried in a real browser on a small application written here."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.events import Log, PageSnapshot, Proposal
from runs.engine.plan import CrawlOptions, CrawlPlan, Site
from tests.engine.crawl.frontier_rows import crawl_all
from tests.engine.generate.stages import generated
from tests.engine.pages import Answer, Answers, Asked, pages

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRING = {"type": "string"}
TASK = {"type": "object", "required": ["id", "title"], "properties": {"id": {"type": "integer"}, "title": STRING}}
SCHEMA: dict[str, Any] = {"application/json": {"schema": {"$ref": "#/components/schemas/Task"}}}
NEW = {"type": "object", "required": ["title"], "properties": {"title": STRING}}
ID = [{"name": "id", "in": "path", "required": True, "example": 1, "schema": {"type": "integer"}}]
DESCRIPTION = {
    "openapi": "3.1.0",
    "paths": {
        "/api/tasks": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": NEW}}},
                "responses": {"201": {"content": SCHEMA}},
            },
        },
        "/api/tasks/{id}": {
            "parameters": ID,
            "get": {"responses": {"200": {"content": SCHEMA}, "404": {"description": "none"}}},
            "delete": {"responses": {"204": {"description": "gone"}}},
        },
        "/api/version": {
            "get": {"responses": {"200": {"content": {"application/json": {"schema": {"type": "string"}}}}}}
        },
    },
    "components": {"schemas": {"Task": TASK}},
}


@dataclass
class Tasks:
    """An application that keeps tasks in memory. Task 1 is there from the beginning."""

    titles: dict[int, str] = field(default_factory=lambda: {1: "Water the plants"})
    made: int = 1

    def answers(self) -> Answers:
        found: Answers = {
            "/": self.page("Start", "<p>Keep what is to be done.</p>"),
            "/tasks": self.listed,
            "/tasks/new": self.new,
            "/openapi.json": Answer(json.dumps(DESCRIPTION), type="application/json"),
            "/api/tasks": self.post,
            "/api/version": Answer("7", type="application/json"),
            "/api/tasks/987654321": Answer("{}", 404, type="application/json"),
        }
        for number in range(1, 60):
            found[f"/tasks/{number}"] = self.one
            found[f"/tasks/{number}/edit"] = self.edit
            found[f"/tasks/{number}/delete"] = self.delete
            found[f"/api/tasks/{number}"] = self.api
        return found

    def page(self, heading: str, content: str) -> str:
        links = "<a href=/>Start</a> <a href=/tasks>Tasks</a> <a href=/tasks/new>New task</a>"
        return f"<!doctype html><title>{heading}</title><nav>{links}</nav><main><h1>{heading}</h1>{content}</main>"

    def listed(self, _asked: Asked) -> str:
        rows = "".join(f"<li><a href=/tasks/{number}>{title}</a></li>" for number, title in self.titles.items())
        return self.page("Tasks", f"<ul>{rows}</ul>")

    def form(self, action: str, value: str) -> str:
        box = f'<label>Title <input name=title required value="{value}"></label>'
        return f"<form method=post action={action} aria-label=Task>{box}<button>Save</button></form>"

    def new(self, asked: Asked) -> str | Answer:
        if asked.method == "POST":
            return self.save(self.add(), asked)
        return self.page("New task", self.form("/tasks/new", ""))

    def edit(self, asked: Asked) -> str | Answer:
        number = self.number(asked, 2)
        if asked.method == "POST":
            return self.save(number, asked)
        return self.page("Edit task", self.form(f"/tasks/{number}/edit", self.titles.get(number, "")))

    def one(self, asked: Asked) -> str | Answer:
        number = self.number(asked, 2)
        if number not in self.titles:
            return Answer("<h1>Not found</h1>", 404)
        gone = f"<form method=post action=/tasks/{number}/delete><button>Delete task</button></form>"
        return self.page(self.titles[number], f"<a href=/tasks/{number}/edit>Edit</a>{gone}")

    def delete(self, asked: Asked) -> Answer:
        self.titles.pop(self.number(asked, 2), None)
        return Answer("", 303, {"Location": "/tasks"})

    def post(self, asked: Asked) -> Answer:
        number = self.add()
        self.titles[number] = json.loads(asked.body)["title"]
        return self.api(Asked("GET", f"/api/tasks/{number}", {}, b""), 201)

    def api(self, asked: Asked, status: int = 200) -> Answer:
        number = self.number(asked, 3)
        if asked.method == "DELETE":
            self.titles.pop(number)
            return Answer("", 204)
        return Answer(json.dumps({"id": number, "title": self.titles[number]}), status, type="application/json")

    def add(self) -> int:
        self.made += 1
        return self.made

    def save(self, number: int, asked: Asked) -> Answer:
        self.titles[number] = parse_qs(asked.body.decode())["title"][0]
        return Answer("", 303, {"Location": f"/tasks/{number}"})

    @staticmethod
    def number(asked: Asked, place: int) -> int:
        return int(asked.path.split("?")[0].split("/")[place])


@dataclass
class Tried:
    """What was proposed for the application, and what it was left with."""

    proposals: dict[str, Proposal]
    logs: list[Log]
    tasks: Tasks


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tried(browser_path: str) -> AsyncIterator[Tried]:
    tasks = Tasks()
    async with Browser() as browser:
        with pages(tasks.answers()) as site:
            plan = CrawlPlan(site=Site(base_url=site.url), options=CrawlOptions())
            seen: list[PageSnapshot] = list((await crawl_all(browser, plan)).done.values())
            proposed, logs, _ = await generated(browser, plan, seen)
    yield Tried({one.title: one for one in proposed.proposals}, logs, tasks)


async def test_a_record_is_made_found_changed_and_taken_away(tried: Tried) -> None:
    records = [one for one in tried.proposals.values() if one.family == "record"]
    assert {one.title for one in records} == {
        "What is entered in the “Task” form is shown afterwards",
        "What was entered in the “Task” form can be changed",
        "What was entered in the “Task” form can be deleted",
    }
    for one in records:
        assert any(step.get("target", {}).get("name") == "Delete task" for step in one.document["steps"])


async def test_only_what_was_made_for_it_is_taken_away(tried: Tried) -> None:
    assert tried.tasks.titles[1] == "Water the plants"
    assert len(tried.tasks.titles) < tried.tasks.made


async def test_the_description_of_the_api_is_found_and_followed(tried: Tried) -> None:
    titles = {one.title for one in tried.proposals.values() if one.family == "contract"}
    assert titles == {
        "GET /api/tasks/{id} answers as it is documented",
        "GET /api/tasks/{id} answers an unknown id with 404",
        "POST /api/tasks makes a record that can be deleted again",
    }
    told = " ".join(log.message for log in tried.logs)
    assert "/openapi.json describes 4 operations of the API." in told
    assert "GET /api/version answers otherwise than the API is described" in told
