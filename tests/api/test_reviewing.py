"""Comments, approval by score and the way back, through the API."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Comment, Test
from runs.models import Run
from tests.api.conftest import DOCUMENT, Refusal, World


@pytest.fixture
def path(world: World) -> str:
    return f"/api/v1/tests/{world.test().public_id}/comments"


def said(client: APIClient, path: str, text: Any = "Is it stable?") -> Any:
    return client.post(path, {"text": text}, format="json")


def test_comments_are_written_listed_and_deleted(lead: APIClient, viewer: APIClient, path: str) -> None:
    answer = said(lead, path, "One\nTwo")
    assert answer.status_code == 201
    made = answer.json()
    assert (made["author"], made["text"]) == ("Qa_Lead", "One\nTwo")
    assert answer["Location"].endswith(f"{path}/{made['id']}")
    said(lead, path, "Three")
    assert [row["text"] for row in viewer.get(path).json()["results"]] == ["One\nTwo", "Three"]
    assert lead.delete(f"{path}/{made['id']}").status_code == 204
    assert [row["text"] for row in viewer.get(path).json()["results"]] == ["Three"]


@pytest.mark.parametrize("text", ["", "  ", "a" * 4001, 5, None])
def test_a_comment_that_cannot_be_is_refused(lead: APIClient, path: str, refused: Refusal, text: Any) -> None:
    assert "text" in refused(said(lead, path, text), 422, "invalid")["errors"]
    assert not Comment.objects.exists()


def test_who_may_read_write_and_delete_comments(world: World, path: str, refused: Refusal) -> None:
    refused(world.client("stranger").get(path), 404)
    refused(said(world.client("stranger"), path), 404)
    refused(said(world.client("viewer"), path), 403, "role_too_low")
    number = said(world.client("ci"), path).json()["id"]
    assert Comment.objects.get().author_name == "CI token CI"
    for who, status in (("stranger", 404), ("viewer", 403), ("qa_lead", 403), ("ci", 403)):
        refused(world.client(who).delete(f"{path}/{number}"), status)
    assert world.client("admin").delete(f"{path}/{number}").status_code == 204
    refused(world.client("admin").delete(f"{path}/{number}"), 404)


def by_score(world: World, run: Run, *scores: int) -> list[Test]:
    evidence = {"replays": 3, "passed": 3, "noticed": 2}
    found = [
        Test.propose(
            world.project, title=f"Of {score}", document=DOCUMENT, crawl_run=run.pk, score=score, evidence=evidence
        )
        for score in scores
    ]
    world.project.tests.filter(crawl_run=run.pk).approve_by_score(85)
    return found


def test_what_the_score_approved_in_a_crawl_is_sent_back_at_once(
    world: World, lead: APIClient, viewer: APIClient, refused: Refusal
) -> None:
    run, other = world.crawl(), world.crawl()
    tests = by_score(world, run, 90, 95, 60)
    by_score(world, other, 99)
    tests[1].refresh_from_db()
    tests[1].decide("approve", world.people["admin"])
    path = f"/api/v1/runs/{run.public_id}/back-to-review"
    refused(viewer.post(path), 403, "role_too_low")
    refused(world.client("stranger").post(path), 404)
    assert lead.post(path).json() == {"changed": [tests[0].public_id]}
    assert lead.post(path).json() == {"changed": []}
    assert list(world.project.tests.by_score().values_list("score", flat=True)) == [99]


def test_tests_are_chosen_by_score_and_by_who_approved_them(world: World, lead: APIClient) -> None:
    by_score(world, world.crawl(), 90, 70, 50)

    def scores(query: str) -> list[int]:
        return [row["score"] for row in lead.get(world.at(f"/tests?{query}")).json()["results"]]

    assert scores("min_score=60") == [90, 70]
    assert scores("min_score=60&max_score=80") == [70]
    assert scores("approved_by_score=true") == [90]
    assert scores("approved_by_score=false") == [70, 50]
    assert scores("stale=true") == []
    order = {"action": "approve", "filter": {"review_status": "draft", "min_score": 60}}
    assert len(lead.post(world.at("/tests/bulk"), order, format="json").json()["changed"]) == 1
    assert lead.get(world.at("/tests?min_score=101")).status_code == 422


def test_a_thousand_are_decided_by_a_filter_in_a_few_statements(
    world: World, lead: APIClient, django_assert_max_num_queries: Any
) -> None:
    Test.objects.bulk_create(
        Test(project=world.project, title=f"Test {number}", document=DOCUMENT) for number in range(1000)
    )
    order = {"action": "reject", "filter": {"review_status": "draft"}, "reason": "Duplicate"}
    with django_assert_max_num_queries(25):
        answer = lead.post(world.at("/tests/bulk"), order, format="json")
    assert len(answer.json()["changed"]) == 1000


@pytest.mark.parametrize("value", [49, 101, 0, "90", 85.5, True])
def test_a_threshold_out_of_its_range_is_refused(world: World, lead: APIClient, refused: Refusal, value: Any) -> None:
    answer = lead.patch(world.at(), {"auto_approve_score": value}, format="json")
    assert "auto_approve_score" in refused(answer, 422, "invalid")["errors"]


def test_the_threshold_is_off_until_it_is_set_and_null_turns_it_off(world: World, lead: APIClient) -> None:
    assert lead.get(world.at()).json()["auto_approve_score"] is None
    assert lead.patch(world.at(), {"auto_approve_score": 85}, format="json").json()["auto_approve_score"] == 85
    assert lead.patch(world.at(), {"name": "Store"}, format="json").json()["auto_approve_score"] == 85
    assert lead.patch(world.at(), {"auto_approve_score": None}, format="json").json()["auto_approve_score"] is None


def test_a_run_tells_what_its_stages_counted_and_why_it_visited_no_more(world: World, viewer: APIClient) -> None:
    run = world.crawl()
    path = f"/api/v1/runs/{run.public_id}"
    assert (viewer.get(path).json()["pipeline"], viewer.get(path).json()["end_reason"]) == ({}, None)
    Run.objects.filter(pk=run.pk).update(pipeline={"plan": {"cases": 3}}, end_reason="max_pages")
    body = viewer.get(path).json()
    assert (body["pipeline"], body["end_reason"]) == ({"plan": {"cases": 3}}, "max_pages")


def test_lists_and_dials_of_a_crawl_are_taken_beside_a_preset(world: World, lead: APIClient) -> None:
    given = {
        "preset": "deep",
        "max_states": 5,
        "include": ["^/a"],
        "dials": {"quality": ["security"], "language": "de"},
    }
    options = lead.post(world.at("/crawl"), given, format="json").json()["options"]
    assert (options["max_states"], options["max_depth"], options["include"]) == (5, 6, ["^/a"])
    assert (options["dials"]["quality"], options["dials"]["language"]) == (["security"], "de")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"dials": {"language": "tlh"}}, "dials.language"),
        ({"dials": {"quality": ["security", "beauty"]}}, "dials.quality[1]"),
        ({"dials": {"mood": "good"}}, "dials.mood"),
        ({"dials": {"custom_instructions": "x" * 501}}, "dials.custom_instructions"),
        ({"preset": "endless"}, "preset"),
        ({"mode": "fly"}, "mode"),
        ({"deny_actions": ["["]}, "deny_actions[0]"),
        ({"requests_per_second": 0}, "requests_per_second"),
    ],
)
def test_options_of_a_crawl_that_cannot_be_are_refused_by_name(
    world: World, lead: APIClient, refused: Refusal, given: dict[str, Any], field: str
) -> None:
    for path, body in (("/crawl", given), ("", {"settings": {"crawl": given}})):
        answer = lead.post(world.at(path), body, format="json") if path else lead.patch(world.at(), body, format="json")
        (name, sentences), *others = refused(answer, 422, "invalid")["errors"].items()
        assert (name.removeprefix("settings.crawl."), others) == (field, [])
        assert sentences[0]
    assert not Run.objects.exists()
