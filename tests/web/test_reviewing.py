"""The review queue, the list of tests and the document of a test, without a browser."""

import json
import re
from typing import Any

import pytest

from projects.models import Activity, Project, Test
from tests.web.conftest import DOCUMENT, World, ended

HTMX = {"HX-Request": "true"}


def states(world: World) -> list[str]:
    return list(world.project.tests.order_by("pk").values_list("review_status", flat=True))


def decided(world: World, data: dict[str, Any], who: str = "qa_lead") -> str:
    answer = world.client(who).post(world.at("/review/decide"), data, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_queue_shows_evidence_in_plain_english(world: World) -> None:
    evidence = {"replays": 2, "passed": 2, "duration_ms": 1200, "why": "The cart counted to 1."}
    world.tests(1, evidence=evidence, family="form", page_url="http://shop.test/mugs?a=b")
    text = world.client("viewer").get(world.at("/review")).content.decode()
    for words in ("2/2 replays", "1.2 s", "The cart counted to 1.", "Expect the address to be /", "/mugs?a=b"):
        assert words in text, words


def test_approving_one_offers_undo_and_undo_restores_it(world: World) -> None:
    test, _ = world.tests(2)
    text = decided(world, {"action": "approve", "ids": str(test.pk)})
    assert states(world) == ["approved", "draft"]
    assert "Approved: Test 0" in text
    assert f'name="ids" value="{test.pk}"' in text
    decided(world, {"action": "restore", "ids": str(test.pk)})
    assert states(world) == ["draft", "draft"]
    test.refresh_from_db()
    assert test.reviewed_by == world.people["qa_lead"]
    assert [row.verb for row in Activity.objects.all()] == ["test restored", "test approved"]


def test_several_are_decided_at_once_and_undone_at_once(world: World) -> None:
    tests = world.tests(3)
    text = decided(world, {"action": "reject", "ids": [str(tests[0].pk), str(tests[2].pk)]})
    assert states(world) == ["rejected", "draft", "rejected"]
    assert "Rejected: 2 tests" in text
    undo = re.search(r'name="ids" value="([\d,]+,[\d,]+)"', text)
    assert undo
    decided(world, {"action": "restore", "ids": undo[1]})
    assert states(world) == ["draft"] * 3


def test_everything_that_matches_is_decided_and_nothing_else(world: World) -> None:
    world.tests(30, template="/p/{id}")
    world.tests(2, template="/cart")
    decided(world, {"action": "approve", "everything": "1", "template": "/p/{id}"})
    assert world.project.tests.approved().count() == 30
    assert set(world.project.tests.waiting().values_list("template", flat=True)) == {"/cart"}


def test_tests_of_another_project_are_left_alone(world: World) -> None:
    other = Project.objects.create(workspace=world.project.workspace, name="Blog", url="http://blog.test")
    theirs = Test.write(other, None, "Theirs", DOCUMENT)
    assert "Nothing changed" in decided(world, {"action": "approve", "ids": str(theirs.pk)})
    theirs.refresh_from_db()
    assert theirs.review_status == "draft"


def test_what_somebody_else_decided_meanwhile_is_left_alone(world: World) -> None:
    test = world.tests(1, "approved")[0]
    assert "Nothing changed: somebody else was quicker." in decided(world, {"action": "approve", "ids": str(test.pk)})


def test_an_action_that_does_not_exist_is_a_bad_request(world: World) -> None:
    assert world.client("qa_lead").post(world.at("/review/decide"), {"action": "eat"}).status_code == 400


def test_without_scripts_a_decision_comes_back_to_the_queue(world: World) -> None:
    test = world.tests(1)[0]
    answer = world.client("qa_lead").post(world.at("/review/decide"), {"action": "approve", "ids": str(test.pk)})
    assert answer["Location"] == world.at("/review")
    assert states(world) == ["approved"]


def test_rejected_tests_stay_visible_with_their_reason_and_can_be_rescued(world: World) -> None:
    test = world.tests(1, "rejected")[0]
    text = world.client("qa_lead").get(world.at("/review?state=rejected")).content.decode()
    assert "it says nothing" in text
    decided(world, {"action": "restore", "ids": str(test.pk), "state": "rejected"})
    assert states(world) == ["draft"]


def test_rejecting_on_the_page_of_a_test_keeps_the_reason(world: World) -> None:
    test = world.tests(1)[0]
    data = {"action": "reject", "reason": "checks the weather"}
    answer = world.client("qa_lead").post(f"/tests/{test.public_id}/decide", data, follow=True)
    assert "Rejected: checks the weather" in answer.content.decode()


def test_a_document_that_cannot_be_read_is_shown_as_such(world: World) -> None:
    world.tests(1, document={"title": "Old", "steps": [{"do": "dance"}]})
    text = world.client("viewer").get(world.at("/review")).content.decode()
    assert "This document cannot be read: steps[0].do" in text


def test_the_list_filters_by_state_kind_and_words(world: World) -> None:
    world.tests(2, "approved", family="form")
    special = Test.propose(world.project, title="Searching finds mugs", document=DOCUMENT, family="search")
    client = world.client("viewer")

    def shown(query: str) -> int:
        return client.get(world.at(f"/tests?{query}")).content.decode().count("<tr><td>")

    assert shown("") == 3
    assert shown("state=approved") == 2
    assert shown("family=search") == 1
    assert shown("q=mug") == 1
    assert shown(f"q={special.public_id.lower()}") == 1
    assert shown("q=nothing") == 0
    assert shown("state=approved&family=search") == 0


def test_a_fragment_and_its_page_show_the_same(world: World) -> None:
    world.tests(3)
    client = world.client("viewer")
    for path in ("/tests", "/review", "/runs", "/pages"):
        whole = client.get(world.at(path)).content.decode()
        part = client.get(world.at(path), headers=HTMX).content.decode()
        assert "<html" not in part
        assert part.split("csrf")[0].strip() in whole


def written(world: World, path: str, text: str) -> Any:
    return world.client("qa_lead").post(path, {"document": text})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "This is not JSON: Expecting property name enclosed in double quotes in line 1, column 2."),
        ("[]", "A test is an object"),
        ('{"title": "x", "steps": [{"do": "click"}]}', "steps[0].target: this is missing"),
        ('{"title": "x", "steps": [{"do": "dance"}]}', "steps[0].do: 'dance' is not a step"),
        ('{"title": "x", "stops": [], "steps": [{"do": "reload"}]}', "stops: this key is not known here"),
        (
            '{"title": "x", "steps": [{"do": "reload"}], "depends_on": ["TC-99"]}',
            "The project has no other test TC-99.",
        ),
        ('{"title": "", "steps": [{"do": "reload"}]}', "title:"),
    ],
)
def test_a_document_with_mistakes_says_where_they_are_and_loses_nothing(world: World, text: str, sentence: str) -> None:
    test = world.tests(1)[0]
    answer = written(world, f"/tests/{test.public_id}/edit", text)
    said = answer.content.decode().replace("&#x27;", "'").replace("&quot;", '"')
    assert answer.status_code == 422
    assert sentence in said
    assert text in said
    test.refresh_from_db()
    assert test.version == 1


def test_an_edit_is_a_new_version_that_waits_for_review(world: World) -> None:
    test = world.tests(1, "approved")[0]
    answer = written(world, f"/tests/{test.public_id}/edit", json.dumps({**DOCUMENT, "title": "Better"}))
    assert answer.status_code == 302
    test.refresh_from_db()
    assert (test.title, test.version, test.review_status) == ("Better", 2, "draft")
    client = world.client("viewer")
    assert "version 1, not the present one" in client.get(f"/tests/{test.public_id}?version=1").content.decode()
    assert client.get(f"/tests/{test.public_id}?version=3").status_code == 404


def test_a_test_can_be_written_by_hand(world: World) -> None:
    answer = written(world, world.at("/tests/new"), json.dumps(DOCUMENT))
    test = world.project.tests.get()
    assert answer["Location"] == f"/tests/{test.public_id}"
    assert (test.title, test.origin, test.review_status) == (DOCUMENT["title"], "person", "draft")


def test_an_edit_does_not_write_over_what_somebody_saved_meanwhile(world: World) -> None:
    test = world.tests(1)[0]
    text = json.dumps({**DOCUMENT, "title": "Mine"})
    client, path = world.client("qa_lead"), f"/tests/{test.public_id}/edit"
    client.post(path, {"document": text, "version": "1"})
    answer = client.post(path, {"document": text, "version": "1"})
    assert answer.status_code == 422
    assert "Somebody saved another version meanwhile." in answer.content.decode()
    test.refresh_from_db()
    assert test.version == 2


def test_an_admin_deletes_a_test_and_its_results_stay(world: World) -> None:
    run = ended(world.run(1))
    test = world.project.tests.get()
    world.client("admin").post(f"/tests/{test.public_id}/delete")
    client = world.client("viewer")
    assert client.get(f"/tests/{test.public_id}").status_code == 404
    result = run.results.get()
    assert f"/tests/{test.public_id}" not in client.get(f"/runs/{run.public_id}/results/{result.pk}").content.decode()
