"""What a run found: results, attempts, artifacts, pages, reports."""

import re
from xml.etree import ElementTree as Xml

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Test
from runs import ledger
from runs.models import Artifact, Change, CrawlPage, Run, TestHistory
from tests.api.conftest import DOCUMENT, Refusal, World
from tests.ledger.conftest import Hand


@pytest.fixture
def failed(world: World) -> Run:
    run = world.run()
    Hand(run).work_off("failed")
    attempt = run.results.get().attempts.get()
    Artifact.objects.create(attempt=attempt, kind="trace", path="runs/1/t.zip", content_type="application/zip", size=9)
    return run


def test_results_are_light_and_filtered(viewer: APIClient, failed: Run, refused: Refusal) -> None:
    path = f"/api/v1/runs/{failed.public_id}/results"
    (row,) = viewer.get(path).json()["results"]
    result = failed.results.get()
    assert (row["id"], row["run"], row["test"]) == (result.pk, failed.public_id, f"TC-{result.test_id}")
    assert (row["status"], row["error"], row["error_kind"], row["shard"], row["worker"]) == (
        "failed",
        "Expected heading “Cart”, found none.",
        "expectation",
        0,
        "here:1",
    )
    assert row["finished_at"].endswith("Z")
    assert "document" not in row
    for query, count in {
        "status=failed": 1,
        "status=passed": 0,
        f"test={row['test']}": 1,
        "test=TC-999": 0,
        "search=cart": 1,
        "search=nothing": 0,
    }.items():
        assert len(viewer.get(f"{path}?{query}").json()["results"]) == count, query
    for wrong in ("status=sleeping", "test=5", "ordering=title", "after=2"):
        refused(viewer.get(f"{path}?{wrong}"), 422)


def test_a_result_tells_its_attempts_and_signs_its_artifacts(
    viewer: APIClient, failed: Run, world: World, refused: Refusal
) -> None:
    result = failed.results.get()
    said = viewer.get(f"/api/v1/results/{result.pk}").json()
    (attempt,) = said["attempts"]
    assert (attempt["number"], attempt["passed"], attempt["worker"]) == (1, False, "here:1")
    assert attempt["failure"]["message"] == "Expected heading “Cart”, found none."
    (artifact,) = attempt["artifacts"]
    assert artifact["kind"] == "trace"
    assert re.fullmatch(r"http://testserver/artifacts/[^/]+", artifact["url"])
    assert (said["document"]["steps"], result.document) == (DOCUMENT["steps"], None)
    for missing in ("0", "999999", "99999999999999999999999", "-1", "x"):
        refused(viewer.get(f"/api/v1/results/{missing}"), 404)


def test_a_result_with_many_attempts_takes_few_queries(viewer: APIClient, failed: Run) -> None:
    viewer.get("/api/v1/me")
    with CaptureQueriesContext(connection) as seen:
        viewer.get(f"/api/v1/results/{failed.results.get().pk}")
    assert len(seen) <= 12


def test_pages_of_a_crawl_come_with_forms_edges_and_templates(viewer: APIClient, world: World) -> None:
    crawl = world.crawl()
    home = crawl.pages.get()
    for number in range(3):
        CrawlPage.objects.create(
            run=crawl,
            key=f"p{number}",
            digest=f"p{number}",
            url=f"http://shop.test/p/{number}",
            found_on=home,
            template="/p/:n",
            snapshot={"forms": [{"name": "cart", "fields": []}]},
        )
    said = viewer.get(f"/api/v1/runs/{crawl.public_id}/pages").json()
    assert said["templates"] == {"/p/:n": 3}
    assert [row["found_on"] for row in said["results"]] == [None, home.pk, home.pk, home.pk]
    assert said["results"][1]["forms"] == [{"name": "cart", "fields": []}]
    for query, count in {"template=/p/:n": 3, "status=pending": 4, "status=done": 0, "search=p/2": 1}.items():
        rows = viewer.get(f"/api/v1/runs/{crawl.public_id}/pages?{query}").json()["results"]
        assert len(rows) == count, query


def test_a_report_is_json_or_junit(viewer: APIClient, failed: Run, refused: Refusal) -> None:
    path = f"/api/v1/runs/{failed.public_id}/report"
    for asked in ("", "?format=json"):
        said = viewer.get(path + asked).json()
        assert (said["run"], said["counts"]["failed"]) == (failed.public_id, 1)
        assert said["results"][0]["status"] == "failed"
    answer = viewer.get(f"{path}?format=junit", HTTP_ACCEPT="application/xml")
    assert answer["Content-Type"].startswith("application/xml")
    suite = Xml.fromstring(answer.content).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "1")
    error = suite.find("testcase/error")
    assert error is not None
    assert error.get("message") == "The run has not ended: it is judging."
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "Expected heading “Cart”, found none."
    for other in ("ctrf", "allure", "html", "JSON", ""):
        refused(viewer.get(f"{path}?format={other}"), 404, "not_found")
    refused(viewer.get(f"{path}?colour=red"), 422)


def test_an_aborted_run_is_told_as_it_is(viewer: APIClient, world: World) -> None:
    run = world.run()
    ledger.abort(run.pk, "Ada")
    said = viewer.get(f"/api/v1/runs/{run.public_id}/results").json()["results"][0]
    assert (said["status"], said["skip_reason"], said["shard"]) == ("skipped", "aborted", None)


def test_a_failed_result_says_what_kind_it_is_and_what_its_past_says(viewer: APIClient, failed: Run) -> None:
    result = failed.results.get()
    path = f"/api/v1/results/{result.pk}"
    said = {"category": "product_bug", "words": "The application does something else than expected."}
    assert viewer.get(path).json()["diagnosis"] == {**said, "cause": None, "standing": "first", "since": None}
    past = [{"run": 0, "status": "failed", "retries": 2, "version": 1}]
    known = TestHistory.objects.create(test=Test.objects.get(), outcomes=past, flaky_score=42.5)
    body = viewer.get(path).json()
    assert (body["diagnosis"]["standing"], body["diagnosis"]["since"]) == ("known", "RUN-0")
    assert body["flaky_score"] == 42.5
    known.is_flaky = True
    known.save()
    assert viewer.get(path).json()["diagnosis"] == {**said, "cause": None, "standing": "flaky", "since": None}


def test_a_result_that_passed_has_no_kind_of_failure(viewer: APIClient, world: World) -> None:
    run = world.run()
    Hand(run).work_off()
    body = viewer.get(f"/api/v1/results/{run.results.get().pk}").json()
    assert (body["diagnosis"], body["flaky_score"], body["vitals"]) == (None, None, None)


def test_what_a_crawl_changed_is_listed_and_filtered(viewer: APIClient, world: World, refused: Refusal) -> None:
    crawl = world.crawl()
    page = crawl.pages.get()
    sent = {"run": crawl, "page": page, "method": "POST", "url": "http://shop.test/notes"}
    Change.objects.create(**sent, status=302, because="Fill and send “Note”", cleaned=True)
    Change.objects.create(**sent, held_back=True)
    path = f"/api/v1/runs/{crawl.public_id}/changes"
    first, second = viewer.get(path).json()["results"]
    assert (first["page"], first["because"], first["status"]) == (page.pk, "Fill and send “Note”", 302)
    assert (second["held_back"], second["because"], second["status"]) == (True, None, None)
    for query, count in {"held_back=true": 1, "held_back=false": 1, "cleaned=true": 1}.items():
        assert len(viewer.get(f"{path}?{query}").json()["results"]) == count, query
    refused(viewer.get(f"{path}?held_back=perhaps"), 422)


def test_a_state_tells_its_way_and_what_shows_the_same(viewer: APIClient, world: World) -> None:
    crawl = world.crawl()
    home = crawl.pages.get()
    step = {"do": "click", "target": {"role": "button", "name": "Menu"}}
    more = {"found_on": home, "same_as": home, "kind": "action", "path": [step], "action": "Press “Menu”"}
    CrawlPage.objects.create(run=crawl, key="menu", digest="menu", url=home.url, **more)
    (row,) = viewer.get(f"/api/v1/runs/{crawl.public_id}/pages?kind=action").json()["results"]
    assert (row["action"], row["path"], row["same_as"]) == ("Press “Menu”", [step], home.pk)
