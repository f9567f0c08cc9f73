"""What CI asks for, in its own spelling, and what it decides by."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Project
from runs import ledger, reading
from runs.models import Run
from tests.api.conftest import Refusal, World
from tests.api.test_runs import finished, judgement_of
from tests.ledger.conftest import Hand


def test_a_trigger_speaks_the_language_of_older_jobs(ci: APIClient, world: World) -> None:
    test = world.test("approved")
    environment = world.environment()
    body = {
        "environmentId": environment.public_id,
        "testIds": [test.public_id],
        "dialsConfig": {"parallelWorkers": 3},
        "timezoneId": "Europe/Paris",
        "shards": 2,
    }
    answer = ci.post(world.at("/trigger"), body, format="json")
    assert answer.status_code == 202
    said = answer.json()
    assert set(said) == {"runId", "statusUrl"}
    assert said["statusUrl"] == f"http://testserver{world.at()}/trigger/runs/{said['runId']}"
    run = Run.objects.get()
    assert (run.options["parallel"], run.options["timezone_id"], run.options["shards"]) == (3, "Europe/Paris", 2)
    assert (run.trigger, run.actor_name, run.environment) == ("ci", "CI token CI", environment)
    status = ci.get(said["statusUrl"]).json()
    assert status == {
        "runId": run.public_id,
        "status": "queued",
        "verdict": None,
        "passed": 0,
        "failed": 0,
        "flaky": 0,
        "skipped": 0,
        "total": 1,
        "coverage": None,
        "error": None,
        "gateResult": None,
        "webVitalsResult": None,
        "startedAt": None,
        "finishedAt": None,
        "durationMs": None,
        "url": f"http://testserver/runs/{run.public_id}",
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"callbackUrl": "nonsense"}, "callbackUrl"),
        ({"callbackUrl": 5}, "callbackUrl"),
        ({"dialsConfig": 5}, "dialsConfig"),
        ({"dialsConfig": {"parallelWorkers": 99}}, "dialsConfig.parallelWorkers"),
        ({"dialsConfig": {"strategy": "x"}}, "dialsConfig.strategy"),
        ({"parallel": 1, "dialsConfig": {"parallelWorkers": 1}}, "dialsConfig.parallelWorkers"),
        ({"environmentId": "ENV-999"}, "environmentId"),
        ({"dialsConfig": {"approach": "exploratory"}}, "dialsConfig.approach"),
        ({"triggerCrawl": "yes"}, "triggerCrawl"),
        ({"triggerCrawl": True, "testIds": ["TC-1"]}, "testIds"),
        ({"triggerCrawl": True, "dialsConfig": {"approach": "wild"}}, "dialsConfig.approach"),
        ({"triggerCrawl": True, "dialsConfig": {"testCount": "huge"}}, "dialsConfig.testCount"),
        ({"networkCondition": "3g"}, "networkCondition"),
        ({"baseSha": "abc"}, "baseSha"),
        ({"routeMap": {"src/*": ["cart"]}}, "routeMap.src/*[0]"),
        ({"timezoneId": "Mars/Base"}, "timezoneId"),
        ({"testIds": [5]}, "testIds[0]"),
        ({"previewUrl": "https://x.test"}, "previewUrl"),
        ({"budgetMinutes": 0}, "budgetMinutes"),
        ({"changedFiles": [5]}, "changedFiles[0]"),
    ],
)
def test_what_a_trigger_cannot_do_is_422_in_the_jobs_own_spelling(
    ci: APIClient, world: World, refused: Refusal, body: Any, field: str
) -> None:
    world.test("approved")
    assert set(refused(ci.post(world.at("/trigger"), body, format="json"), 422)["errors"]) == {field}
    assert not Run.objects.exists()


def test_a_trigger_takes_what_older_jobs_call_otherwise(ci: APIClient, world: World) -> None:
    test = world.test("approved")
    body = {
        "networkCondition": "slow3g",
        "changedFiles": ["src/a.py"],
        "routeMap": {"src/*": ["/"]},
        "repo": "octo/shop",
        "sha": "A" * 40,
        "baseSha": "b" * 40,
        "prNumber": 7,
    }
    assert ci.post(world.at("/trigger"), body, format="json").status_code == 202
    run = Run.objects.get()
    assert run.options["network"] == "slow3g"
    assert run.commit == {"repo": "octo/shop", "sha": "a" * 40, "base_sha": "b" * 40, "pull_request": 7}
    assert run.impact is not None
    assert run.impact["impacted"] == 1
    assert run.results.get().test == test


def test_a_trigger_can_ask_for_a_crawl(ci: APIClient, world: World) -> None:
    dials = {
        "exploreMode": "state",
        "exploreMaxStates": 12,
        "testCount": "medium",
        "parallelWorkers": 3,
        "approach": "exploratory",
        "customInstructions": "the cart first",
    }
    body = {"triggerCrawl": True, "dialsConfig": dials}
    said = ci.post(world.at("/trigger"), body, format="json")
    assert said.status_code == 202
    run = Run.objects.get()
    assert (run.kind, run.trigger) == ("crawl", "ci")
    assert {name: run.options[name] for name in ("mode", "max_states", "test_count", "parallel")} == {
        "mode": "states",
        "max_states": 12,
        "test_count": 10,
        "parallel": 3,
    }
    assert run.options["dials"]["approach"] == "exploratory"
    assert run.options["dials"]["custom_instructions"] == "the cart first"
    assert ci.get(said.json()["statusUrl"]).json()["status"] == "queued"


def test_a_trigger_says_what_to_use_for_an_address_of_a_preview(ci: APIClient, world: World, refused: Refusal) -> None:
    answer = ci.post(world.at("/trigger"), {"previewUrl": "https://pr-7.shop.test"}, format="json")
    (sentence,) = refused(answer, 422)["errors"]["previewUrl"]
    assert f"POST {world.at('/environments')}" in sentence
    assert "environmentId" in sentence


def test_the_status_of_an_ended_run_says_what_ci_decides_by(ci: APIClient, world: World, refused: Refusal) -> None:
    world.project.quality_gates = {"max_failures": 0}
    world.project.save()
    run = finished(world, "failed")
    said = ci.get(world.at(f"/trigger/runs/{run.public_id}")).json()
    assert (said["status"], said["verdict"], said["failed"], said["total"]) == ("completed", "failed", 1, 1)
    assert said["gateResult"]["passed"] is False
    assert said["finishedAt"].endswith("Z")
    other = Project.objects.create(workspace=world.workspace, name="Blog", url="http://blog.test")
    refused(world.client("admin").get(f"/api/v1/projects/{other.public_id}/trigger/runs/{run.public_id}"), 404)


def test_R19_a_budget_that_does_not_hold_is_what_ci_reads(ci: APIClient, world: World) -> None:
    world.project.web_vitals_budgets = {"lcp": 2000, "inp": 200}
    world.project.save()
    run = world.run()
    Hand(run).work_off("passed")
    run.refresh_from_db()
    result = run.results.get()
    run.results.update(
        vitals={"lcp": {"value": 2600.0, "path": "/cart"}, "cls": {"value": 3, "path": "/"}, "inp": None}
    )
    ledger.close(run.pk, judgement_of(run))
    said = ci.get(world.at(f"/trigger/runs/{run.public_id}")).json()
    violation = {"metric": "lcp", "limit": 2000.0, "measured": 2600.0, "path": "/cart"}
    violation |= {"result": result.pk, "test": f"TC-{result.test_id}", "title": result.title}
    assert (said["verdict"], said["failed"], said["gateResult"]) == ("failed", 0, None)
    assert said["webVitalsResult"] == {"passed": False, "measured": 1, "over": 1, "violations": [violation]}
    run.refresh_from_db()
    outcome = reading.report(run).vitals
    assert outcome is not None
    assert [one.path for one in outcome.violations] == ["/cart"]
