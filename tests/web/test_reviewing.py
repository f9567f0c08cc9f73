"""The review queue, the list of tests and the document of a test, without a browser."""

import html
import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.models import Activity, Project, Test
from tests.web.conftest import DOCUMENT, World, ended

HTMX = {"HX-Request": "true"}


def states(world: World) -> list[str]:
    return list(world.project.tests.order_by("pk").values_list("review_status", flat=True))


def decided(world: World, data: dict[str, Any], who: str = "qa_lead", where: str = "") -> str:
    answer = world.client(who).post(world.at(f"/review/decide{where}"), data, headers=HTMX)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def undone(world: World, text: str, who: str = "qa_lead") -> str:
    """Presses Undo in a toast."""
    found = re.search(r'name="token" value="([^"]+)"', text)
    assert found
    answer = world.client(who).post(world.at("/review/undo"), {"token": found[1]}, headers=HTMX)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_the_queue_shows_evidence_in_plain_english(world: World) -> None:
    evidence = {"replays": 2, "passed": 2, "duration_ms": 1200, "why": "The cart counted to 1."}
    world.tests(1, evidence=evidence, family="form", page_url="http://shop.test/mugs?a=b")
    text = world.client("viewer").get(world.at("/review")).content.decode()
    for words in ("2/2 clean replays", "1.2 s", "The cart counted to 1.", "Expect the address to be /", "/mugs?a=b"):
        assert words in text, words


def test_approving_one_offers_undo_and_undo_brings_it_back(world: World) -> None:
    test, _ = world.tests(2)
    text = decided(world, {"action": "approve", "ids": str(test.pk)})
    assert states(world) == ["approved", "draft"]
    assert "Approved: Test 0" in text
    assert "Undone: Test 0" in undone(world, text)
    assert states(world) == ["draft", "draft"]
    test.refresh_from_db()
    assert test.reviewed_by == world.people["qa_lead"]
    assert [row.verb for row in Activity.objects.all()] == ["decision undone", "test approved"]


def test_several_are_decided_at_once_and_undone_at_once(world: World) -> None:
    tests = world.tests(3)
    text = decided(world, {"action": "reject", "ids": [str(tests[0].pk), str(tests[2].pk)]})
    assert states(world) == ["rejected", "draft", "rejected"]
    assert "Rejected: 2 tests" in text
    assert "Undone: 2 tests" in undone(world, text)
    assert states(world) == ["draft"] * 3


def test_undoing_a_rescue_rejects_again_with_the_old_reason(world: World) -> None:
    test = world.tests(1, "rejected")[0]
    text = decided(world, {"action": "approve", "ids": str(test.pk)}, where="?state=rejected")
    undone(world, text)
    test.refresh_from_db()
    assert (test.review_status, test.reason) == ("rejected", "it says nothing")


def test_undo_leaves_alone_what_others_have_decided_or_edited_since(world: World) -> None:
    first, second, third = world.tests(3)
    text = decided(world, {"action": "approve", "ids": f"{first.pk},{second.pk},{third.pk}"})
    world.client("admin").post(f"/tests/{first.public_id}/decide", {"action": "reject"})
    Test.objects.get(pk=second.pk).edit(None, "Better", DOCUMENT)
    assert "Undone: 1 test; 2 had been decided or edited since" in undone(world, text)
    assert states(world) == ["rejected", "draft", "draft"]
    assert "Nothing is undone" in undone(world, text)


def test_a_forged_undo_changes_nothing(world: World) -> None:
    world.tests(1, "approved")
    answer = world.client("qa_lead").post(world.at("/review/undo"), {"token": "x:y:z"})
    assert answer.status_code == 400
    assert states(world) == ["approved"]


def test_undo_reaches_only_tests_of_its_own_project(world: World) -> None:
    test = world.tests(1)[0]
    token = re.search(r'name="token" value="([^"]+)"', decided(world, {"action": "approve", "ids": str(test.pk)}))
    assert token
    other = Project.objects.create(workspace=world.project.workspace, name="Blog", url="http://blog.test")
    path = f"/projects/{other.public_id}/review/undo"
    assert "Nothing is undone" in world.client("admin").post(path, {"token": token[1]}, headers=HTMX).content.decode()
    assert states(world) == ["approved"]


def everything(**more: object) -> dict[str, object]:
    return {"everything": "1", "until": "999999", **more}


def test_everything_that_matches_is_decided_and_nothing_else(world: World) -> None:
    world.tests(30, template="/p/{id}")
    world.tests(2, template="/cart")
    decided(world, everything(action="approve"), where="?template=/p/{id}")
    assert world.project.tests.approved().count() == 30
    assert set(world.project.tests.waiting().values_list("template", flat=True)) == {"/cart"}


def test_all_from_a_score_on_are_approved_with_their_number_shown_before(world: World) -> None:
    for score in (95, 85, 84, None):
        world.tests(1, score=score)
    page = world.client("qa_lead").get(world.at("/review?least=85")).content.decode()
    assert "Approve all 2<" in page
    assert "with score ≥ 85" in page
    text = decided(world, everything(action="approve", expected="2"), where="?least=85")
    assert "Approved: 2 tests" in text
    assert states(world) == ["approved", "approved", "draft", "draft"]
    undone(world, text)
    assert states(world) == ["draft"] * 4


def test_what_came_after_the_count_was_shown_is_not_decided(world: World) -> None:
    seen = world.tests(2)
    world.tests(3)
    decided(world, {"action": "approve", "everything": "1", "until": str(seen[-1].pk), "expected": "2"})
    assert states(world) == ["approved", "approved", "draft", "draft", "draft"]


def test_a_selection_is_meant_even_where_everything_is_sent_beside_it(world: World) -> None:
    test = world.tests(3)[1]
    decided(world, everything(action="approve", ids=str(test.pk)))
    assert states(world) == ["draft", "approved", "draft"]


def test_ten_thousand_are_rejected_and_brought_back_in_a_few_queries(world: World) -> None:
    rows = (Test(project=world.project, title=f"Test {n}", document=DOCUMENT, score=n % 100) for n in range(10_000))
    Test.objects.bulk_create(rows, batch_size=500)
    with CaptureQueriesContext(connection) as rejecting:
        text = decided(world, everything(action="reject", because="Duplicate", expected="10000"))
    assert "Rejected: 10000 tests" in text
    assert world.project.tests.filter(reason="Duplicate", review_status="rejected").count() == 10_000
    with CaptureQueriesContext(connection) as undoing:
        assert "Undone: 10000 tests" in undone(world, text)
    assert world.project.tests.waiting().count() == 10_000
    assert len(rejecting) + len(undoing) < 200, "in groups of many rows"
    assert len(text) < 400_000


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"reason": " checks the weather "}, "checks the weather"),
        ({"reason": ""}, ""),
        ({"reason": "half written", "because": "Duplicate"}, "Duplicate"),
    ],
)
def test_a_rejection_keeps_the_reason_that_was_written_or_pressed(
    world: World, sent: dict[str, str], kept: str
) -> None:
    test = world.tests(1)[0]
    decided(world, {"action": "reject", "ids": str(test.pk), **sent})
    test.refresh_from_db()
    assert (test.review_status, test.reason) == ("rejected", kept)


def test_tests_of_another_project_are_left_alone(world: World) -> None:
    other = Project.objects.create(workspace=world.project.workspace, name="Blog", url="http://blog.test")
    theirs = Test.write(other, None, "Theirs", DOCUMENT)
    assert "Nothing changed" in decided(world, {"action": "approve", "ids": str(theirs.pk)})
    theirs.refresh_from_db()
    assert theirs.review_status == "draft"


def test_what_somebody_else_decided_meanwhile_is_left_alone_and_told(world: World) -> None:
    test, other = world.tests(2)
    decided(world, {"action": "reject", "ids": str(test.pk)}, "admin")
    text = decided(world, {"action": "approve", "ids": str(test.pk)})
    assert "Nothing changed: admin was quicker, the test is rejected." in text
    assert f'id="proposal-{test.pk}"' not in text
    text = decided(world, {"action": "approve", "ids": f"{test.pk},{other.pk}"})
    assert "Approved: 1 test; 1 had been decided or changed meanwhile" in text
    assert states(world) == ["rejected", "approved"]


def test_a_decision_about_a_version_that_nobody_shows_any_more_is_refused(world: World) -> None:
    test = world.tests(1)[0]
    Test.objects.get(pk=test.pk).edit(None, "Something else", DOCUMENT)
    text = decided(world, {"action": "approve", "ids": f"{test.pk}:1"})
    assert "somebody has edited the test meanwhile" in text
    assert states(world) == ["draft"]


def test_of_several_that_are_decided_at_once_those_that_were_edited_meanwhile_are_left_alone_and_told(
    world: World,
) -> None:
    world.tests(3)
    page = world.client("qa_lead").get(world.at("/review")).content.decode()
    shown = re.findall(r'type="checkbox" form="bulk" name="ids" value="([^"]+)"', page)
    Test.objects.get(title="Test 1").edit(None, "Something else", DOCUMENT)
    text = decided(world, {"action": "approve", "ids": shown})
    assert "Approved: 2 tests; 1 had been decided or changed meanwhile" in text
    assert states(world) == ["approved", "draft", "approved"]


@pytest.mark.parametrize(("edited", "state"), [(False, "rejected"), (True, "draft")])
def test_a_card_comes_back_from_editing_with_decisions_about_where_it_stands(
    world: World, edited: bool, state: str
) -> None:
    world.tests(1, "rejected")
    client = world.client("qa_lead")
    queue = client.get(world.at("/review?state=rejected")).content.decode()
    found = re.search(r'hx-get="([^"]+)" hx-target="#body', queue)
    assert found
    form = client.get(html.unescape(found[1])).content.decode()
    save, cancel = (html.unescape(url) for url in dict.fromkeys(re.findall(r'hx-(?:post|get)="([^"]+)"', form)))
    data = {"title": "Better", "steps": json.dumps(DOCUMENT["steps"]), "version": "1"}
    card = (client.post(save, data) if edited else client.get(cancel)).content.decode()
    assert states(world) == [state]
    address = re.search(r'hx-post="([^"]+/decide[^"]*)"', card)
    ids = re.search(r'type="hidden" name="ids" value="([^"]+)"', card)
    assert address
    assert ids
    client.post(html.unescape(address[1]), {"action": "approve", "ids": ids[1]}, headers=HTMX)
    assert states(world) == ["approved"]


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
    decided(world, {"action": "restore", "ids": str(test.pk)}, where="?state=rejected")
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
        return client.get(world.at(f"/tests?{query}")).content.decode().count('data-label="State"')

    assert shown("") == 3
    assert shown("state=approved") == 2
    assert shown("family=search") == 1
    assert shown("q=mug") == 1
    assert shown(f"q={special.public_id.lower()}") == 1
    assert shown("q=nothing") == 0
    assert shown("state=approved&family=search") == 0


@pytest.mark.parametrize(
    "path", ["/tests?q=mu%00g", "/tests?family=%00", "/review?q=mu%00g", "/runs?q=%00", "/pages?template=%00"]
)
def test_a_null_character_in_a_search_is_left_out(world: World, path: str) -> None:
    world.crawl()
    assert world.client("viewer").get(world.at(path)).status_code == 200
    assert 'value="mug"' in world.client("viewer").get("/?q=mu%00g").content.decode()


def test_a_null_character_in_steps_is_refused_with_its_place(world: World) -> None:
    test = world.tests(1)[0]
    steps = r'[{"do": "expect_url", "path": "/\u0000"}]'
    answer = world.client("qa_lead").post(f"/tests/{test.public_id}/card", {"title": "T", "steps": steps})
    assert "steps[0].path: Null characters are not allowed." in answer.content.decode()


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
        (r'{"title": "a\u0000b", "steps": [{"do": "reload"}]}', "title: Null characters are not allowed."),
        (r'{"title": "x", "steps": [{"do": "reload"}], "tags": ["\ud800"]}', "tags[0]: Half of a surrogate pair"),
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
