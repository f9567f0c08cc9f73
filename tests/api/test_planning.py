"""What a client may ask of planning, what it hears about it, and that refused orders leave nothing behind."""

from typing import Any

import pytest
from django_q.models import OrmQ
from rest_framework.test import APIClient

from projects.models import Activity, Environment, Project
from runs.models import Result, Run, RunEvent, Shard, TestHistory
from tests.api.conftest import Refusal, World

EVERYTHING = (Run, Result, Shard, RunEvent, OrmQ, Activity)


def rows() -> list[int]:
    return [model._default_manager.count() for model in EVERYTHING]


def timed(test: Any, ms: int) -> Any:
    TestHistory.objects.create(test=test, estimate_ms=ms, outcomes=[{"run": "RUN-0", "status": "passed"}])
    return test


def test_a_run_says_its_priority_its_estimates_and_what_did_not_fit(lead: APIClient, world: World) -> None:
    short, long = (timed(world.test("approved", tags=[]), ms) for ms in (20_000, 90_000))
    asked = {"budget_minutes": 1, "priority": 5, "parallel": 1}
    said = lead.post(world.at("/run"), asked, format="json").json()
    assert (said["priority"], said["impact"], said["options"]["budget_minutes"]) == (5, None, 1.0)
    assert (said["results"]["pending"], said["results"]["skipped"]) == (1, 1)
    results = lead.get(f"/api/v1/runs/{said['id']}/results").json()["results"]
    assert [(row["test"], row["estimate_ms"], row["skip_reason"]) for row in results] == [
        (short.public_id, 20_000, None),
        (long.public_id, 90_000, "over_budget"),
    ]
    assert {row["risk"] for row in results} == {20.0}
    events = lead.get(f"/api/v1/runs/{said['id']}/events").json()["results"]
    assert events[0]["data"]["skipped"] == {"over_budget": 1}


def test_a_trigger_tells_changed_files_in_camel_case_and_the_run_explains_its_choice(
    ci: APIClient, world: World
) -> None:
    cart, about = (timed(world.test("approved", start=path, tags=[]), 1_000) for path in ("/cart", "/about"))
    body = {"changedFiles": ["src/pages/CartPage.tsx"], "budgetMinutes": 10}
    run = ci.post(world.at("/trigger"), body, format="json").json()["runId"]
    said = ci.get(f"/api/v1/runs/{run}").json()
    assert said["impact"] == {
        "fallback_reason": None,
        "because": "",
        "files": 1,
        "route_prefixes": ["/cart"],
        "touched": 1,
        "impacted": 1,
        "tests": 2,
    }
    skipped = Result.objects.get(status="skipped")
    assert (skipped.test, skipped.skip_reason) == (about, "no_impact")
    assert Result.objects.get(status="pending").test == cart


def test_a_quarantined_test_runs_when_it_is_named_one_by_one_or_by_its_tag(lead: APIClient, world: World) -> None:
    shaky = world.test("approved", tags=["quarantine"])
    for path, body, pending in (
        (world.at("/run"), {}, 0),
        (world.at("/run"), {"tests": [shaky.public_id]}, 1),
        (world.at("/run"), {"tags": ["quarantine"]}, 1),
        (f"/api/v1/tests/{shaky.public_id}/run", {}, 1),
    ):
        assert lead.post(path, body, format="json").json()["results"]["pending"] == pending, (path, body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"budget_minutes": 241}, "budget_minutes"),
        ({"priority": 99}, "priority"),
        ({"timezone_id": "Mars/Base"}, "timezone_id"),
        ({"environment": "ENV-999"}, "environment"),
        ({"max_failures": 0}, "max_failures"),
    ],
)
@pytest.mark.parametrize("way", ["/run", "/trigger"])
def test_an_order_that_is_refused_leaves_no_row(
    lead: APIClient, world: World, refused: Refusal, way: str, body: Any, field: str
) -> None:
    world.test("approved")
    before = rows()
    refused(lead.post(world.at(way), body, format="json"), 422, "invalid")
    assert rows() == before


@pytest.mark.parametrize("way", ["/run", "/trigger", "/crawl"])
def test_the_environment_of_another_project_is_refused_and_leaves_no_row(
    lead: APIClient, world: World, refused: Refusal, way: str
) -> None:
    other = Project.objects.create(workspace=world.workspace, name="Blog", url="http://blog.test/")
    theirs = Environment.objects.create(project=other, name="Staging", base_url="http://staging.test/")
    world.test("approved")
    before = rows()
    said = refused(lead.post(world.at(way), {"environment": theirs.public_id}, format="json"), 422, "invalid")
    assert said["errors"] == {"environment": [f"The project has no environment {theirs.public_id}."]}
    assert rows() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"max_concurrent_runs": 0}, "max_concurrent_runs"),
        ({"max_concurrent_runs": 65}, "max_concurrent_runs"),
        ({"max_concurrent_runs": "3"}, "max_concurrent_runs"),
        ({"quality_gates": {"min_pass_rate": 101}}, "quality_gates"),
        ({"quality_gates": {"max_failures": -1}}, "quality_gates"),
        ({"settings": {"route_map": {"server/": ["cart"]}}}, "settings.route_map.server/[0]"),
        ({"settings": {"route_map": {"server/": []}}}, "settings.route_map.server/"),
        ({"settings": {"route_map": {"server/": "/cart"}}}, "settings.route_map.server/"),
        ({"settings": {"route_map": ["server/"]}}, "settings.route_map"),
        ({"settings": {"run": {"budget_minutes": 0}}}, "settings.run.budget_minutes"),
    ],
)
def test_a_project_setting_that_cannot_be_is_422_with_the_field_and_changes_nothing(
    admin: APIClient, world: World, refused: Refusal, body: Any, field: str
) -> None:
    before = admin.get(world.at()).json()
    assert set(refused(admin.patch(world.at(), body, format="json"), 422, "invalid")["errors"]) == {field}
    new = {"name": "New", "url": "http://new.test/", **body}
    assert set(refused(admin.post("/api/v1/projects", new, format="json"), 422, "invalid")["errors"]) == {field}
    assert admin.get(world.at()).json() == before
    assert Project.objects.count() == 1


def test_a_project_keeps_its_route_map_its_runs_at_a_time_and_an_exclusive_sign_in(
    admin: APIClient, world: World
) -> None:
    body = {
        "max_concurrent_runs": 64,
        "settings": {"route_map": {"server/orders.py": ["/orders", "/account"]}},
        "credentials": {"username": "ada", "password": "secret", "exclusive": True},
    }
    said = admin.patch(world.at(), body, format="json").json()
    assert said["max_concurrent_runs"] == 64
    assert said["settings"] == body["settings"]
    assert said["credentials"]["exclusive"] is True
    run = admin.post(world.at("/run"), {}, format="json")
    assert run.status_code == 409
    world.test("approved", auth="account")
    admin.post(world.at("/run"), {}, format="json")
    assert Result.objects.get().account.startswith(world.project.public_id)
    plain = {"credentials": {"username": "ada", "password": "secret"}}
    assert admin.patch(world.at(), plain, format="json").json()["credentials"]["exclusive"] is False
