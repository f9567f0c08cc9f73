"""Starting, following, repeating and ending runs by the API."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Environment, Project, Test
from runs import ledger, reading
from runs.models import Result, Run
from tests.api.conftest import DOCUMENT, Refusal, World
from tests.ledger.conftest import Hand


def finished(world: World, outcome: str = "passed", **fields: Any) -> Run:
    run = world.run(**fields)
    Hand(run).work_off(outcome)
    run.refresh_from_db()
    ledger.close(run.pk, judgement_of(run))
    run.refresh_from_db()
    return run


def judgement_of(run: Run) -> Any:
    from runs.gates import judge

    return judge(reading.report(run))


def test_a_crawl_is_queued_with_the_options_given_over_the_projects_own(lead: APIClient, world: World) -> None:
    world.project.settings = {"crawl": {"max_pages": 10, "max_depth": 2}}
    world.project.save()
    answer = lead.post(world.at("/crawl"), {"max_depth": 3, "include": ["^/shop"]}, format="json")
    assert answer.status_code == 202
    said = answer.json()
    assert (said["kind"], said["status"], said["verdict"], said["stage"]) == ("crawl", "queued", None, "crawl")
    assert (said["actor"], said["trigger"]) == ("Qa_Lead", "api")
    options = {name: said["options"][name] for name in ("max_pages", "max_depth", "include", "respect_robots")}
    assert options == {"max_pages": 10, "max_depth": 3, "include": ["^/shop"], "respect_robots": True}
    assert said["pages"]["pending"] == said["pages"]["total"] == 1
    assert answer["Location"].endswith(f"/api/v1/runs/{said['id']}")
    assert lead.get(f"/api/v1/runs/{said['id']}").json() == said


OPTIONS_THAT_CANNOT_BE = [
    ({"parallel": 0}, "parallel"),
    ({"parallel": 11}, "parallel"),
    ({"parallel": "2"}, "parallel"),
    ({"parallel": 1.5}, "parallel"),
    ({"parallel": True}, "parallel"),
    ({"parallel": None}, "parallel"),
    ({"shards": 65}, "shards"),
    ({"shards": 10**30}, "shards"),
    ({"browser": "netscape"}, "browser"),
    ({"browser": "firefox"}, "browser"),
    ({"browser": "webkit"}, "browser"),
    ({"locale": "not a locale"}, "locale"),
    ({"timezone_id": "Mars/Base"}, "timezone_id"),
    ({"geolocation": {"latitude": 91, "longitude": 0}}, "geolocation.latitude"),
    ({"geolocation": {"latitude": 1}}, "geolocation.longitude"),
    ({"geolocation": "here"}, "geolocation"),
    ({"device": 5}, "device"),
    ({"device": "Nokia 3310"}, "device"),
    ({"priority": 11}, "priority"),
    ({"priority": -11}, "priority"),
    ({"priority": 0.5}, "priority"),
    ({"priority": "high"}, "priority"),
    ({"environment": "ENV-999"}, "environment"),
    ({"environment": "staging"}, "environment"),
    ({"environment": 3}, "environment"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *OPTIONS_THAT_CANNOT_BE,
        ({"mode": "magic"}, "mode"),
        ({"max_pages": 0}, "max_pages"),
        ({"include": ["("]}, "include[0]"),
        ({"include": "x"}, "include"),
        ({"respect_robots": "yes"}, "respect_robots"),
        ({"dials": {"colour": 1}}, "dials.colour"),
        ({"ai": "auto"}, "ai"),
    ],
)
def test_an_option_of_a_crawl_that_cannot_be_is_422_with_the_field(
    lead: APIClient, world: World, refused: Refusal, body: Any, field: str
) -> None:
    assert set(refused(lead.post(world.at("/crawl"), body, format="json"), 422, "invalid")["errors"]) == {field}
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *OPTIONS_THAT_CANNOT_BE,
        ({"retries": 11}, "retries"),
        ({"trace": "sometimes"}, "trace"),
        ({"tests": ["TC-999"]}, "tests[0]"),
        ({"tests": ["RUN-1"]}, "tests[0]"),
        ({"tests": []}, "tests"),
        ({"tests": "TC-1"}, "tests"),
        ({"tags": []}, "tags"),
        ({"tests": ["TC-1"], "tags": ["smoke"]}, "body"),
        ({"network": "wifi"}, "network"),
        ({"video": True}, "video"),
        ({"vitals": "yes"}, "vitals"),
        ({"budget_minutes": 0}, "budget_minutes"),
        ({"budget_minutes": -1}, "budget_minutes"),
        ({"budget_minutes": 240.5}, "budget_minutes"),
        ({"budget_minutes": "5"}, "budget_minutes"),
        ({"budget_minutes": True}, "budget_minutes"),
        ({"changed_files": "pages/cart.tsx"}, "changed_files"),
        ({"changed_files": [""]}, "changed_files[0]"),
        ({"changed_files": ["x" * 501]}, "changed_files[0]"),
        ({"changed_files": ["x"] * 5_001}, "changed_files"),
        ({"max_failures": 0}, "max_failures"),
        ({"max_failures": 100_001}, "max_failures"),
        ({"hedge": "no"}, "hedge"),
        ({"callback_url": "nonsense"}, "callback_url"),
    ],
)
def test_an_option_of_a_run_that_cannot_be_is_422_with_the_field(
    lead: APIClient, world: World, refused: Refusal, body: Any, field: str
) -> None:
    world.test("approved")
    assert set(refused(lead.post(world.at("/run"), body, format="json"), 422, "invalid")["errors"]) == {field}
    assert not Run.objects.exists()


def test_a_run_takes_the_approved_tests_all_named_or_tagged(lead: APIClient, world: World) -> None:
    first = world.test("approved", tags=["smoke", "cart"])
    second = world.test("approved", tags=["login"])
    world.test("draft")
    world.test("rejected")
    for body, expected in (
        ({}, {first, second}),
        ({"tests": [second.public_id, second.public_id]}, {second}),
        ({"tags": ["cart", "smoke"]}, {first}),
    ):
        said = lead.post(world.at("/run"), body, format="json").json()
        run = Run.objects.all().by_public_id(said["id"])
        assert {result.test for result in run.results.all()} == expected
        assert said["results"]["total"] == said["results"]["pending"] == len(expected)


def test_only_approved_tests_run(lead: APIClient, world: World, refused: Refusal) -> None:
    refused(lead.post(world.at("/run"), {}, format="json"), 409, "no_tests")
    draft = world.test()
    named = lead.post(world.at("/run"), {"tests": [draft.public_id]}, format="json")
    sentence = f"{draft.public_id} is draft; approve it before it is run."
    assert refused(named, 422)["errors"] == {"tests[0]": [sentence]}
    refused(lead.post(f"/api/v1/tests/{draft.public_id}/run", {}, format="json"), 409, "not_approved")


def test_a_draft_is_tried_by_name_alone(lead: APIClient, world: World, refused: Refusal) -> None:
    draft, approved = world.test(), world.test("approved")
    said = lead.post(f"/api/v1/tests/{draft.public_id}/run", {"trial": True}, format="json")
    assert (said.status_code, said.json()["trigger"]) == (202, "trial")
    answer = lead.post(f"/api/v1/tests/{approved.public_id}/run", {"trial": True}, format="json")
    assert set(refused(answer, 422)["errors"]) == {"trial"}
    refused(lead.post(world.at("/run"), {"trial": True}, format="json"), 422)


def test_a_tag_that_chooses_nothing_is_named_with_those_that_there_are(
    lead: APIClient, world: World, refused: Refusal
) -> None:
    def said(*tags: str) -> Any:
        return refused(lead.post(world.at("/run"), {"tags": tags}, format="json"), 422)["errors"]

    assert said("smok") == {"tags[0]": ["No test is tagged “smok”; no test has tags."]}
    world.test(tags=["smoke", "cart"])
    assert said("smok") == {"tags[0]": ["No test is tagged “smok”; there are cart, smoke."]}
    assert said("smoke") == {"tags": ["No approved test is tagged smoke; approve one in the review queue."]}
    assert not Run.objects.exists()


def test_sentences_about_options_speak_of_no_expressions_nor_of_python(
    lead: APIClient, world: World, refused: Refusal
) -> None:
    answer = refused(lead.post(world.at("/run"), {"locale": "not a locale"}, format="json"), 422)
    assert answer["errors"]["locale"] == [
        "'not a locale' is not a language tag; write one such as en, de-AT or zh-Hant-TW"
    ]
    body = '{"shards": ' + "9" * 5000 + "}"
    huge = refused(lead.post(world.at("/run"), body, content_type="application/json"), 400, "malformed")
    assert huge["detail"] == "A number in the body has more than 300 digits."


def test_a_description_of_the_api_on_another_site_is_refused_when_the_crawl_is_ordered(
    lead: APIClient, world: World, refused: Refusal
) -> None:
    answer = lead.post(world.at("/crawl"), {"openapi": "https://elsewhere.test/openapi.json"}, format="json")
    assert refused(answer, 422)["errors"]["openapi"] == [
        "A description of the API is read from http://shop.test/ only; write its path there, such as /openapi.json."
    ]
    assert lead.post(world.at("/crawl"), {"openapi": "/openapi.json"}, format="json").status_code == 202


def test_tests_that_wait_for_each_other_in_a_circle_are_409(lead: APIClient, world: World, refused: Refusal) -> None:
    one, two = world.test("approved"), world.test("approved")
    for test, waits_for in ((one, two), (two, one)):
        Test.objects.filter(pk=test.pk).update(document={**DOCUMENT, "depends_on": [waits_for.public_id]})
    refused(lead.post(world.at("/run"), {}, format="json"), 409, "circular")


def test_an_environment_replaces_the_projects_address(lead: APIClient, world: World, refused: Refusal) -> None:
    test = world.test("approved")
    environment = world.environment()
    other = Project.objects.create(workspace=world.workspace, name="Blog", url="http://blog.test")
    foreign = Environment.objects.create(project=other, name="x", base_url="https://x.test")
    said = lead.post(
        f"/api/v1/tests/{test.public_id}/run", {"environment": environment.public_id}, format="json"
    ).json()
    assert (said["environment"], said["base_url"]) == (environment.public_id, "https://staging.shop.test")
    answer = lead.post(world.at("/run"), {"environment": foreign.public_id}, format="json")
    assert set(refused(answer, 422)["errors"]) == {"environment"}


def test_a_run_says_why_its_tests_failed_and_since_when(viewer: APIClient, world: World) -> None:
    first = finished(world, "failed")
    run = finished(world, "failed")
    (cause,) = viewer.get(f"/api/v1/runs/{run.public_id}").json()["causes"]
    assert cause == {
        "signature": first.causes[0]["signature"],
        "label": "Expected heading “Cart”, found none.",
        "category": "product_bug",
        "size": 1,
        "since": first.public_id,
    }
    report = viewer.get(f"/api/v1/runs/{run.public_id}/report").json()
    assert report["causes"][0]["results"] == [run.results.get().pk]
    assert report["failures"][0]["diagnosis"]["words"] == "The application does something else than expected."
    assert viewer.get(f"/api/v1/runs/{finished(world).public_id}").json()["causes"] == []


def test_runs_are_filtered_by_their_fields(viewer: APIClient, world: World) -> None:
    done = finished(world)
    crawl = world.crawl(trigger="ci", actor_name="Grace")
    hidden = Project.objects.create(workspace=world.workspace, name="Blog", url="http://blog.test")
    for query, expected in {
        "": [crawl, done],
        "kind=crawl": [crawl],
        "status=completed": [done],
        "status=queued": [crawl],
        "verdict=passed": [done],
        "trigger=ci": [crawl],
        f"project={world.project.public_id}": [crawl, done],
        f"project={hidden.public_id}": [],
        "since=2001-01-01T00:00:00Z": [crawl, done],
        "since=2999-01-01T00:00:00%2B02:00": [],
        "search=grace": [crawl],
        "search=shop": [crawl, done],
        "ordering=created_at": [done, crawl],
    }.items():
        rows = viewer.get(f"/api/v1/runs?{query}").json()["results"]
        assert [row["id"] for row in rows] == [run.public_id for run in expected], query


def test_a_run_is_aborted_once(lead: APIClient, world: World, refused: Refusal) -> None:
    run = world.run()
    said = lead.post(f"/api/v1/runs/{run.public_id}/abort")
    assert said.status_code == 202
    assert (said.json()["status"], said.json()["results"]["skipped"]) == ("aborted", 1)
    refused(lead.post(f"/api/v1/runs/{run.public_id}/abort"), 409, "run_over")
    refused(lead.post(f"/api/v1/runs/{run.public_id}/abort", {"why": "x"}, format="json"), 422)


def test_a_run_is_repeated_whole_or_where_it_failed(lead: APIClient, world: World, refused: Refusal) -> None:
    run = finished(world, "failed", trigger="ci")
    path = f"/api/v1/runs/{run.public_id}/rerun"
    for body in ({}, {"only": "all"}, {"only": "failed"}):
        said = lead.post(path, body, format="json")
        assert said.status_code == 202
        assert (said.json()["rerun_of"], said.json()["results"]["total"]) == (run.public_id, 1)
        assert said.json()["trigger"] == "api"
    assert set(refused(lead.post(path, {"only": "some"}, format="json"), 422)["errors"]) == {"only"}
    passed = finished(world)
    answer = lead.post(f"/api/v1/runs/{passed.public_id}/rerun", {"only": "failed"}, format="json")
    body = refused(answer, 409, "no_tests")
    assert body["detail"] == f"No test of {passed.public_id} failed; there is nothing to repeat."


def test_a_living_run_is_not_repeated(lead: APIClient, world: World, refused: Refusal) -> None:
    refused(lead.post(f"/api/v1/runs/{world.run().public_id}/rerun", {}, format="json"), 409, "run_not_over")


def test_a_crawl_is_repeated_as_a_whole(lead: APIClient, world: World, refused: Refusal) -> None:
    crawl = world.crawl()
    ledger.abort(crawl.pk, "Ada")
    path = f"/api/v1/runs/{crawl.public_id}/rerun"
    refused(lead.post(path, {"only": "failed"}, format="json"), 422)
    said = lead.post(path, {}, format="json").json()
    assert (said["kind"], said["rerun_of"]) == ("crawl", crawl.public_id)


def test_a_repeated_run_never_turns_silently_to_another_address(
    lead: APIClient, world: World, refused: Refusal
) -> None:
    environment = world.environment()
    run = finished(world, environment=environment)
    environment.delete()
    answer = lead.post(f"/api/v1/runs/{run.public_id}/rerun", {}, format="json")
    assert "https://staging.shop.test" in refused(answer, 409, "environment_gone")["detail"]


def test_what_a_crawl_left_unproved_is_proved_by_a_run_of_its_own(
    lead: APIClient, world: World, refused: Refusal
) -> None:
    crawl = world.crawl()
    path = f"/api/v1/runs/{crawl.public_id}/prove-rest"
    refused(lead.post(path), 409, "run_not_over")
    proposal = {
        "signature": "a" * 64,
        "family": "page",
        "template": "t",
        "page_url": "http://shop.test/",
        "why": "seen",
    }
    left: dict[str, Any] = {
        "title": "Left",
        "document": {"title": "Left", "steps": []},
        "proposal": proposal,
        "replays": 3,
    }
    left |= {"status": "skipped", "skip_reason": "unproved", "finished_at": timezone.now()}
    Result.objects.create(run=crawl, position=0, **left)
    ledger.abort(crawl.pk, "Ada")
    said = lead.post(path)
    assert said.status_code == 202
    assert (said.json()["kind"], said.json()["rerun_of"]) == ("crawl", crawl.public_id)
    assert said.json()["results"]["total"] == 1
    refused(lead.post(path), 409, "nothing_to_prove")
