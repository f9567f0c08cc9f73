"""Tests of a project: documents, versions, review one by one and in bulk."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Project, Test
from tests.api.conftest import DOCUMENT, Refusal, World


def test_a_test_is_written_and_read_with_its_steps_in_words(lead: APIClient, world: World) -> None:
    answer = lead.post(world.at("/tests"), {"document": DOCUMENT}, format="json")
    assert answer.status_code == 201
    said = answer.json()
    assert (said["title"], said["review_status"], said["origin"], said["version"]) == (
        DOCUMENT["title"],
        "draft",
        "person",
        1,
    )
    assert said["document"] == DOCUMENT
    assert said["tags"] == ["smoke"]
    assert len(said["in_words"]) == 1
    assert "/" in said["in_words"][0]
    again = lead.get(f"/api/v1/tests/{said['id']}")
    assert again.json() == said
    assert again["ETag"] == answer["ETag"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"title": ""}, "document.title"),
        ({"title": "x" * 301}, "document.title"),
        ({"steps": []}, "document.steps"),
        ({"steps": [{"do": "dance"}]}, "document.steps[0].do"),
        (
            {"steps": [{"do": "click", "target": {"role": "button", "colour": "red"}}]},
            "document.steps[0].target.colour",
        ),
        ({"steps": "none"}, "document.steps"),
        ({"colour": "red"}, "document.colour"),
        ({"kind": "robot"}, "document.kind"),
        ({"version": 99}, "document.version"),
        ({"depends_on": ["TC-999"]}, "document.depends_on[0]"),
        ({"title": "a\0b"}, "document.title"),
    ],
)
def test_a_document_that_is_no_test_is_422_with_the_place(
    lead: APIClient, world: World, refused: Refusal, change: Any, place: str
) -> None:
    answer = lead.post(world.at("/tests"), {"document": {**DOCUMENT, **change}}, format="json")
    assert place in refused(answer, 422, "invalid")["errors"]
    assert not Test.objects.exists()


def test_an_edit_is_a_new_version_and_returns_the_test_to_draft(lead: APIClient, world: World) -> None:
    test = world.test("approved")
    path = f"/api/v1/tests/{test.public_id}"
    said = lead.patch(path, {"title": "Home greets"}, format="json").json()
    assert (said["title"], said["document"]["title"], said["version"], said["review_status"]) == (
        "Home greets",
        "Home greets",
        2,
        "draft",
    )
    document = {**DOCUMENT, "title": "Home once more"}
    assert lead.patch(path, {"document": document}, format="json").json()["title"] == "Home once more"
    versions = lead.get(f"{path}/versions").json()["results"]
    assert [(row["number"], row["title"], row["author"]) for row in versions] == [
        (3, "Home once more", "qa_lead"),
        (2, "Home greets", "qa_lead"),
        (1, DOCUMENT["title"], None),
    ]


def test_a_test_cannot_wait_for_itself_or_for_tests_of_other_projects(
    lead: APIClient, world: World, refused: Refusal
) -> None:
    test, other = world.test(), world.test()
    Test.objects.filter(pk=other.pk).update(
        project=Project.objects.create(workspace=world.workspace, name="Blog", url="http://blog.test")
    )
    for name in (test.public_id, other.public_id):
        body = {"document": {**DOCUMENT, "depends_on": [name]}}
        errors = refused(lead.patch(f"/api/v1/tests/{test.public_id}", body, format="json"), 422)["errors"]
        assert errors == {"document.depends_on[0]": [f"The project has no other test {name}."]}


def test_an_edit_of_nothing_or_of_a_state_that_has_passed_is_refused(
    lead: APIClient, world: World, refused: Refusal
) -> None:
    path = f"/api/v1/tests/{world.test().public_id}"
    refused(lead.patch(path, {}, format="json"), 422)
    tag = lead.get(path)["ETag"]
    assert lead.post(f"{path}/approve", {}, format="json", HTTP_IF_MATCH=tag).status_code == 200
    refused(lead.post(f"{path}/reject", {}, format="json", HTTP_IF_MATCH=tag), 412)
    refused(lead.patch(path, {"title": "x"}, format="json", HTTP_IF_MATCH=tag), 412)


def test_review_follows_its_table(lead: APIClient, world: World, refused: Refusal) -> None:
    path = f"/api/v1/tests/{world.test().public_id}"
    approved = lead.post(f"{path}/approve").json()
    assert (approved["review_status"], approved["reviewed_by"]) == ("approved", "qa_lead")
    assert "cannot be approved" in refused(lead.post(f"{path}/approve"), 409, "review_state")["detail"]
    rejected = lead.post(f"{path}/reject", {"reason": "flaky"}, format="json").json()
    assert (rejected["review_status"], rejected["reason"]) == ("rejected", "flaky")
    refused(lead.post(f"{path}/reject"), 409, "review_state")
    restored = lead.post(f"{path}/restore").json()
    assert (restored["review_status"], restored["reason"]) == ("draft", None)
    refused(lead.post(f"{path}/restore"), 409, "review_state")
    refused(lead.post(f"{path}/approve", {"reason": "good"}, format="json"), 422)
    refused(lead.post(f"{path}/reject", {"reason": "x" * 1001}, format="json"), 422)


def test_ci_may_review_and_is_no_person(ci: APIClient, world: World) -> None:
    test = world.test()
    assert ci.post(f"/api/v1/tests/{test.public_id}/approve").json()["reviewed_by"] is None


def test_a_bulk_action_by_ids_changes_what_may_change_and_names_the_rest(lead: APIClient, world: World) -> None:
    draft, approved = world.test(), world.test("approved")
    body = {"action": "approve", "ids": [draft.public_id, approved.public_id, draft.public_id]}
    said = lead.post(world.at("/tests/bulk"), body, format="json").json()
    assert said["changed"] == [draft.public_id]
    assert list(said["refused"]) == [approved.public_id]


def test_a_bulk_action_by_filter_changes_those_and_no_others(lead: APIClient, world: World) -> None:
    drafts = [world.test(title=f"Cart {number}") for number in range(3)]
    other, gone = world.test(title="Login"), world.test(title="Cart gone")
    gone.delete_softly()
    body = {"action": "reject", "filter": {"review_status": "draft", "search": "cart"}, "reason": "old"}
    said = lead.post(world.at("/tests/bulk"), body, format="json").json()
    assert said == {"changed": [test.public_id for test in drafts], "refused": {}}
    assert set(Test.objects.filter(reason="old")) == set(drafts)
    other.refresh_from_db()
    assert other.review_status == "draft"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"action": "approve"}, "body"),
        ({"action": "approve", "ids": ["TC-1"], "filter": {}}, "body"),
        ({"action": "explode", "filter": {}}, "action"),
        ({"action": "approve", "filter": {"colour": "red"}}, "filter.colour"),
        ({"action": "approve", "filter": {"review_status": "maybe"}}, "filter.review_status"),
        ({"action": "approve", "filter": {"crawl_run": "5"}}, "crawl_run"),
        ({"action": "approve", "filter": {}, "reason": "x"}, "body"),
        ({"action": "approve", "ids": []}, "ids"),
        ({"action": "approve", "ids": [1]}, "ids[0]"),
        ({"action": "approve", "ids": ["TC-999999"]}, "ids[0]"),
        ({"action": "approve", "ids": ["RUN-1"]}, "ids[0]"),
        ({"action": "approve", "ids": ["TC-1"] * 1001}, "ids"),
        ({}, "action"),
    ],
)
def test_a_bulk_action_that_cannot_be_is_422_and_changes_nothing(
    lead: APIClient, world: World, refused: Refusal, body: Any, place: str
) -> None:
    test = world.test()
    assert place in refused(lead.post(world.at("/tests/bulk"), body, format="json"), 422)["errors"]
    test.refresh_from_db()
    assert test.review_status == "draft"


def test_ids_of_another_project_change_nothing(lead: APIClient, world: World, refused: Refusal) -> None:
    mine, other = world.test(), world.test()
    Test.objects.filter(pk=other.pk).update(
        project=Project.objects.create(workspace=world.workspace, name="Blog", url="http://blog.test")
    )
    body = {"action": "approve", "ids": [mine.public_id, other.public_id]}
    assert "ids[1]" in refused(lead.post(world.at("/tests/bulk"), body, format="json"), 422)["errors"]
    mine.refresh_from_db()
    assert mine.review_status == "draft"


def test_tests_are_filtered_by_their_fields(viewer: APIClient, world: World, refused: Refusal) -> None:
    Test.propose(
        world.project,
        title="Cart",
        document=DOCUMENT,
        family="page",
        template="/cart",
        crawl_run=7,
        page_url="http://shop.test/cart",
        evidence={"why": "x"},
    )
    Test.propose(world.project, title="Gone", document=DOCUMENT, rejected_for="failed", family="form")
    world.test("approved")
    for query, titles in {
        "review_status=draft": ["Cart"],
        "review_status=rejected": ["Gone"],
        "origin=person": [DOCUMENT["title"]],
        "family=form": ["Gone"],
        "template=/cart": ["Cart"],
        "crawl_run=RUN-7": ["Cart"],
        "search=shop.test": ["Cart"],
        "ordering=-title": [DOCUMENT["title"], "Gone", "Cart"],
    }.items():
        rows = viewer.get(world.at(f"/tests?{query}")).json()["results"]
        assert [row["title"] for row in rows] == titles, query
    for wrong in ("review_status=maybe", "origin=sky", "crawl_run=7", "tag=x"):
        refused(viewer.get(world.at(f"/tests?{wrong}")), 422)


def test_a_deleted_test_is_gone(admin: APIClient, world: World, refused: Refusal) -> None:
    test = world.test()
    path = f"/api/v1/tests/{test.public_id}"
    assert admin.delete(path).status_code == 204
    for answer in (admin.get(path), admin.delete(path), admin.post(f"{path}/approve"), admin.get(f"{path}/versions")):
        refused(answer, 404)
    assert admin.get(world.at("/tests")).json()["results"] == []
