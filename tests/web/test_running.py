"""Running some of the tests from the pages, trying drafts, and finding what an id names."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from playwright.async_api import Page, expect

from projects.models import Environment, Test
from runs import ledger, reading
from runs.models import CrawlPage, Delivery, Run, TestHistory
from tests.web.conftest import DOCUMENT, Open, World, ended


def tagged(world: World, tag: str, title: str = "") -> Test:
    title = title or f"Tagged {tag}"
    return world.tests(1, "approved", title=title, document={**DOCUMENT, "title": title, "tags": [tag]})[0]


def started(world: World, path: str, **data: Any) -> Run:
    answer = world.client("qa_lead").post(world.at(path), OPTIONS | data)
    assert answer.status_code == 302, answer.content.decode()
    return Run.objects.all().by_public_id(answer["Location"].rpartition("/")[2])


OPTIONS = {"run-shards": 1, "run-parallel": 1, "run-retries": 0}


def titles(run: Run) -> set[str]:
    return set(run.results.values_list("title", flat=True))


def test_the_overview_runs_the_tests_that_have_a_tag(world: World) -> None:
    tagged(world, "smoke")
    tagged(world, "größe")
    world.tests(1, "approved")
    assert titles(started(world, "/run", **{"run-tags": ["größe"]})) == {"Tagged größe"}
    assert len(titles(started(world, "/run"))) == 3
    assert world.client("qa_lead").post(world.at("/run"), OPTIONS | {"run-tags": ["nothing"]}).status_code == 422


def test_selected_tests_run_and_those_that_are_not_approved_are_left_out_and_said(world: World) -> None:
    first, second, _ = world.tests(3, "approved")
    draft = world.tests(1)[0]
    client = world.client("qa_lead")
    answer = client.post(world.at("/tests/run"), OPTIONS | {"ids": [first.pk, second.pk, draft.pk]}, follow=True)
    run = Run.objects.get()
    assert set(run.results.values_list("test", flat=True)) == {first.pk, second.pk}
    assert "1 test was left out: only approved tests are part of runs." in answer.content.decode()
    nothing = client.post(world.at("/tests/run"), OPTIONS | {"ids": [draft.pk]}, follow=True)
    assert "None of these tests is approved" in nothing.content.decode()
    assert Run.objects.count() == 1


def test_all_that_a_list_shows_runs_in_the_environment_that_was_chosen(world: World) -> None:
    staging = Environment.objects.create(project=world.project, name="staging", base_url="https://staging.shop.test")
    tagged(world, "smoke", "One smoke test")
    tagged(world, "smoke", "Another smoke test")
    tagged(world, "slow")
    options = {"run-environment": staging.public_id, "run-device": "iPhone 13"}
    run = started(world, "/tests/run?tag=smoke&q=another", **options)
    assert titles(run) == {"Another smoke test"}
    assert (run.environment, run.options["device"]) == (staging, "iPhone 13")


def test_what_is_wrong_with_options_is_said_above_the_list_and_nothing_runs(world: World) -> None:
    world.tests(1, "approved")
    answer = world.client("qa_lead").post(world.at("/tests/run"), OPTIONS | {"run-device": "Nokia 3310"})
    assert answer.status_code == 422
    assert "is not a known device" in answer.content.decode()
    assert not Run.objects.exists()


def test_a_draft_is_tried_without_a_trace_in_what_is_known_of_the_project(world: World) -> None:
    world.project.channels.create(kind="email", name="Mail", settings={"to": ["ada@shop.test"]}, when="always")
    good = ended(world.run(1))
    draft = world.tests(1)[0]
    answer = world.client("qa_lead").post(f"/tests/{draft.public_id}/run")
    trial = Run.objects.all().by_public_id(answer["Location"].rpartition("/")[2])
    ended(trial, "failed")
    ledger.learn(trial.pk)
    draft.refresh_from_db()
    assert (trial.is_trial, draft.review_status) == (True, "draft")
    assert not TestHistory.objects.filter(test=draft).exists()
    assert set(Delivery.objects.filter(run=trial).values_list("kind", flat=True)) <= {"feedback"}
    viewer = world.client("viewer")
    assert viewer.get(world.at()).context["last"].run == good
    assert "A trial of a test that is not approved" in viewer.get(f"/runs/{trial.public_id}").content.decode()
    assert reading.report(trial).counts.failed == 1


@pytest.mark.parametrize("who", ["viewer", "stranger"])
def test_who_may_not_work_runs_and_tries_nothing(world: World, who: str) -> None:
    draft = world.tests(1)[0]
    for path in (world.at("/tests/run"), f"/tests/{draft.public_id}/run"):
        assert world.client(who).post(path, {"ids": [draft.pk]}).status_code in (403, 404)
    assert not Run.objects.exists()


def found(client: Client, world: World, words: str) -> Any:
    return client.get(world.at("/search"), {"q": words}).context


def test_an_id_leads_to_its_run_or_test_and_words_find_tests_runs_and_pages(world: World) -> None:
    test = world.tests(1, "approved", title="The cart takes a mug")[0]
    run, crawl = world.run(1), world.crawl()
    CrawlPage.objects.filter(run=crawl).update(title="Cart of mugs")
    client = world.client("viewer")
    ids = {run.public_id.lower(): f"/runs/{run.public_id}", test.public_id: f"/tests/{test.public_id}"}
    for words, there in ids.items():
        answer = client.get(world.at("/search"), {"q": f" {words} "})
        assert (answer.status_code, answer["Location"]) == (302, there)
    shown = found(client, world, "mug")
    assert [row.pk for row in shown["tests"]] == [test.pk]
    assert [row.title for row in shown["pages"]] == ["Cart of mugs"]
    assert [row.run.pk for row in found(client, world, "ada")["lines"]] == [crawl.pk, run.pk]
    number = CrawlPage.objects.get(run=crawl).pk
    assert number in [row.pk for row in found(client, world, str(number))["pages"]]


NONSENSE = ("\0", "%zz", "'--", "RUN-999999999999999999999", "x" * 5000, "RUN-\u0661", "RUN-77")


@pytest.mark.parametrize("words", NONSENSE)
def test_a_search_for_nonsense_finds_nothing_and_says_so(world: World, words: str) -> None:
    answer = world.client("viewer").get(world.at("/search"), {"q": words})
    assert answer.status_code == 200
    said = answer.content.decode()
    assert "Nothing is found" in said or "An id such as RUN-12" in said


def test_strangers_search_nothing(world: World) -> None:
    run = world.run(1)
    assert world.client("stranger").get(world.at("/search"), {"q": run.public_id}).status_code == 404


@pytest.mark.asyncio(loop_scope="session")
async def test_selected_rows_run_and_a_page_that_comes_back_begins_a_new_run(visit: Open, shop: World) -> None:
    await sync_to_async(shop.tests)(3, "approved")
    page: Page = await visit(shop.at("/tests"))
    await expect(page.get_by_role("button", name="Run all 3 approved")).to_be_visible()
    await page.get_by_label("Select Test 0").check()
    await page.get_by_label("Select Test 2").check()
    await expect(page.get_by_text("2 selected")).to_be_visible()
    await page.get_by_role("button", name="Run them").click()
    await page.wait_for_url("**/runs/RUN-*")
    first = page.url
    await page.go_back()
    await page.locator("#some button").click()
    await page.wait_for_url("**/runs/RUN-*")
    assert page.url != first
