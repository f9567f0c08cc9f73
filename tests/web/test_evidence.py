"""What a card says for a test: everything that is known, nothing that is not, and edits in its place."""

import html
import json
from typing import Any

import pytest
from django.utils import timezone

from projects.models import Test
from runs import ledger
from runs.engine.plan import CrawlOptions
from runs.models import Artifact, Attempt, Result
from runs.views.english import as_written
from runs.views.proof_evidence import ProofEvidence
from tests.web.conftest import DOCUMENT, World

HTMX = {"HX-Request": "true"}
FULL: dict[str, Any] = {
    "replays": 3, "passed": 3, "duration_ms": 1200, "why": "the cart counted one more.",
    "checks": ["the cart counts 1"],
    "breakages": [
        {"kind": "gone", "what": "“Buy” is gone", "noticed": True, "by": "Click “Buy”"},
        *({"kind": "slow", "what": f"picture {n} is missing", "noticed": False, "by": ""} for n in range(3)),
    ],
    "ineffective": 2, "noticed": 1, "effective": 4,
    "dropped": [{"step": "Expect a mug", "because": "it never noticed anything"}],
    "added": ["Expect the address to be /cart"], "pruned": ["Hover"],
    "score_parts": {"replays": 30, "breakages": 12}, "merged": ["Adding a cup"],
}  # fmt: skip


def shown(world: World, path: str = "/review", who: str = "viewer") -> str:
    return html.unescape(world.client(who).get(world.at(path)).content.decode())


def test_a_card_shows_all_of_its_evidence(world: World) -> None:
    document = {
        "title": "T", "start": "/p/7",
        "steps": [
            {"do": "fill", "target": {"label": "Quantity"}, "value": "2"},
            {"do": "request", "method": "POST", "path": "/api/cart"},
        ],
    }  # fmt: skip
    world.tests(1, evidence=FULL, document=document, score=94, template="product", page_url="http://shop.test/p/7")
    text = shown(world)
    for words in (
        "94", "3/3 clean replays", "1.2 s", "notices 1 of 4 breakages",
        "(misses: picture 0 is missing, picture 1 is missing, 1 more)", "the cart counts 1", "2 more changed nothing",
        "The cart counted one more.", "“Buy” is gone", "by: Click “Buy”", "dropped: Expect a mug", "Quantity",
        "it never noticed anything", "added: Expect the address to be /cart", "pruned: Hover", "Adding a cup",
        "like /p/7", "POST /api/cart",
        "replays 30, breakages 12",
    ):  # fmt: skip
        assert words in text, words


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"replays": 2, "passed": 1},
        {"breakages": None, "dropped": None, "checks": None, "score_parts": None, "merged": None},
        {"breakages": ["odd"], "dropped": ["odd"], "effective": 0, "noticed": 0},
        dict.fromkeys(FULL),
    ],
)
def test_whatever_is_absent_is_left_out(world: World, evidence: dict[str, Any]) -> None:
    test = world.tests(1, evidence=evidence)[0]
    text = shown(world)
    for words in ("breakages", "Changed while", "instead of", "None"):
        assert words not in text, words
    assert "Expect the address to be /" in text, "its own expectations are its checks"
    assert world.client("viewer").get(f"/tests/{test.public_id}").status_code == 200


def test_a_test_of_a_person_says_so(world: World) -> None:
    Test.write(world.project, None, "By hand", DOCUMENT)
    assert "written by hand" in shown(world)


def test_misses_come_first() -> None:
    assert [one.noticed for one in ProofEvidence(FULL).breakages] == [False, False, False, True]


def test_pictures_of_the_proof_stand_side_by_side(world: World) -> None:
    run = world.crawl()
    result = Result.objects.create(run=run, position=0, title="T", document=DOCUMENT)
    for number in (1, 2):
        attempt = Attempt.objects.create(
            result=result, number=number, passed=True, started_at=timezone.now(), duration_ms=1
        )
        for kind in ("before", "screenshot", "trace"):
            Artifact.objects.create(attempt=attempt, kind=kind, path="x", content_type="image/png", size=1)
    world.tests(1, evidence={**FULL, "result": result.pk})
    text = shown(world)
    assert text.count('class="shot"') == 2
    assert text.index(">before<") < text.index(">after<")


@pytest.mark.parametrize(
    ("form", "marks"),
    [
        ("step_by_step", ["", "", ""]),
        ("checklist", ["☐", "☐", "☐"]),
        ("gherkin", ["Given", "Then", "When"]),
    ],
)
def test_steps_are_written_in_the_chosen_format(form: str, marks: list[str]) -> None:
    assert [mark for mark, _ in as_written(DOCUMENT, form)] == marks


def test_what_repeats_is_and(world: World) -> None:
    steps = [DOCUMENT["steps"][1]] * 2 + [DOCUMENT["steps"][0]] * 2
    found = as_written({**DOCUMENT, "steps": steps}, "gherkin")
    assert [mark for mark, _ in found] == ["Given", "When", "And", "Then", "And"]


def test_the_format_is_that_of_the_crawl_else_of_the_project(world: World) -> None:
    run = ledger.open_crawl(world.order(), CrawlOptions.model_validate({"dials": {"format": "gherkin"}}))
    world.tests(1, crawl_run=run.pk)
    assert "Given</span>" in shown(world)
    world.project.tests.update(crawl_run=None)
    assert "Given</span>" not in shown(world)
    world.project.settings = {"crawl": {"dials": {"format": "checklist"}}}
    world.project.save()
    assert "☐" in shown(world)


def test_the_queue_is_narrowed_and_ordered(world: World) -> None:
    for number, score in enumerate((50, 90, None, 70)):
        world.tests(
            1, title=f"Of {score}", score=score, family=f"f{number % 2}", page_url=f"http://shop.test/{9 - number}"
        )
    Test.objects.filter(score=70).update(stale_since=timezone.now(), stale_reason="the page is gone")

    def titles(query: str = "") -> list[str]:
        text = shown(world, f"/review{query}")
        return [part.split("<")[0] for part in text.split('">') if part.startswith("Of ") and "</a></h2>" in part[:30]]

    assert titles() == ["Of 90", "Of 70", "Of 50", "Of None"]
    assert titles("?sort=newest") == ["Of 70", "Of None", "Of 90", "Of 50"]
    assert titles("?sort=page") == ["Of 70", "Of None", "Of 90", "Of 50"]
    assert titles("?least=60&most=80") == ["Of 70"]
    assert titles("?family=f1&q=9") == ["Of 90"]
    assert titles("?stale=1") == ["Of 70"]
    assert titles("?least=x&sort=odd&state=odd&most=-1") == titles()
    assert "stale: the page is gone" in shown(world)


def test_what_the_score_approved_is_marked_everywhere(world: World) -> None:
    world.project.auto_approve_score = 90
    world.project.save()
    run = world.crawl()
    test = world.tests(1, score=92, evidence=FULL, crawl_run=run.pk)[0]
    ledger.approve_by_score(run)
    assert "approved by score 92, not by a person" in shown(world, "/review?state=by_score")
    assert "approved by score" in html.unescape(world.client("viewer").get(f"/tests/{test.public_id}").content.decode())
    listed = shown(world, "/tests?state=by_score")
    assert "approved by score" in listed
    assert listed.count('data-label="State"') == 1
    page = world.client("qa_lead").get(f"/runs/{run.public_id}").content.decode()
    assert "1 test of this crawl is approved by score" in page
    answer = world.client("qa_lead").post(f"/runs/{run.public_id}/back-to-review", follow=True)
    assert "1 test waits for review again." in answer.content.decode()
    test.refresh_from_db()
    assert (test.review_status, test.approved_by_score) == ("draft", False)


# --- editing in the card ---


def edited(world: World, test: Test, who: str = "qa_lead", **fields: Any) -> str:
    given = {"title": test.title, "steps": json.dumps(test.document["steps"]), "version": str(test.version), **fields}
    answer = world.client(who).post(f"/tests/{test.public_id}/card", given, headers=HTMX)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_title_and_steps_are_edited_in_the_card_and_the_rest_stays(world: World) -> None:
    test = world.tests(1, document={**DOCUMENT, "tags": ["smoke"]})[0]
    form = in_rows(world, test, {"0": ["/"], "1": ["role:button", "Buy"]}, show="json")
    assert form.count('  {"do": ') == 2
    text = edited(world, test, title="Better", steps='[{"do": "reload"}]')
    assert "Saved version 2: Better" in text
    assert f'id="proposal-{test.pk}"' in text
    test.refresh_from_db()
    assert (test.title, test.version, test.review_status) == ("Better", 2, "draft")
    assert test.document == {**DOCUMENT, "title": "Better", "steps": [{"do": "reload"}], "tags": ["smoke"]}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("title", " ", "This field is required."),
        ("title", "x" * 301, "at most 300 characters"),
        ("steps", "[", "This is not JSON"),
        ("steps", "{}", "Steps are a list"),
        ("steps", "[]", "a test has 1 to 500 steps"),
        ("steps", '[{"do": "dance"}]', "steps[0].do: 'dance' is not a step"),
        ("steps", "[" * 5000, "This is"),
    ],
)
def test_an_edit_that_cannot_be_says_so_at_its_field_and_loses_nothing(
    world: World, field: str, value: str, sentence: str
) -> None:
    test = world.tests(1)[0]
    text = edited(world, test, **{field: value})
    assert sentence in text
    assert value in text
    assert text.count("errorlist") == 1
    test.refresh_from_db()
    assert test.version == 1


def in_rows(world: World, test: Test, texts: dict[str, list[str]], **fields: Any) -> str:
    """The card's answer to rows by their keys, in this order, each with the texts of its fields."""
    steps = {f"step-{key}": json.dumps(test.document["steps"][int(key)]) for key in texts}
    written: dict[str, Any] = {f"field-{key}": values for key, values in texts.items()}
    return edited(world, test, shown="rows", row=[*texts], **steps, **written, **fields)


def test_rows_read_as_sentences_and_are_saved_in_their_order(world: World) -> None:
    test = world.tests(1)[0]
    form = html.unescape(world.client("qa_lead").get(f"/tests/{test.public_id}/card", headers=HTMX).content.decode())
    assert 'aria-label="Click the button "Buy""' in form
    assert 'name="steps"' not in form
    assert "Saved version 2" in in_rows(world, test, {"1": ["role:link", 'A "quoted" {{uuid}}'], "0": ["/"]})
    test.refresh_from_db()
    link = {"role": "link", "name": 'A "quoted" {{uuid}}'}
    assert test.document["steps"] == [{"do": "click", "target": link}, DOCUMENT["steps"][0]]


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"0": ["cart"], "1": ["role:button", "Buy"]}, "A path begins with /"),
        ({"0": ["/"], "1": ["label", ""]}, "Say which element is meant"),
        ({}, "a test has 1 to 500 steps"),
    ],
)
def test_rows_that_are_refused_say_why_and_keep_what_was_typed(
    world: World, texts: dict[str, list[str]], sentence: str
) -> None:
    test = world.tests(1)[0]
    text = in_rows(world, test, texts, title="Another")
    assert sentence in text
    assert text.count('class="errorlist"') == 1
    assert text.count('aria-invalid="true"') == (1 if texts else 0)
    assert 'value="Another"' in text
    assert all(f'value="{value[-1]}"' in text for value in texts.values())
    test.refresh_from_db()
    assert test.version == 1


def test_what_is_typed_in_rows_stands_in_the_json_and_back(world: World) -> None:
    test = world.tests(1)[0]
    text = in_rows(world, test, {"1": ["role:button", "Sell"]}, show="json", title="")
    assert '{"do": "click", "target": {"role": "button", "name": "Sell"}}' in text
    back = edited(world, test, steps='[{"do": "goto", "path": "/x"}]', show="rows")
    assert 'aria-label="Open /x"' in back
    assert "This is not JSON" in edited(world, test, steps="[", show="rows")
    test.refresh_from_db()
    assert test.version == 1


def test_a_step_is_added_to_what_was_typed_and_nothing_is_saved(world: World) -> None:
    test = world.tests(1)[0]
    text = in_rows(world, test, {"0": ["/other"]}, add="1", kind="fill")
    assert 'aria-label="Expect the address to be /other"' in text
    assert text.index("Expect the address") < text.index('aria-label="Empty the field ""')
    assert text.count("data-focus") == 1
    assert "data-row" in in_rows(world, test, {"0": ["/"]}, add="1", kind="dance")


def test_a_test_of_as_many_steps_as_can_be_is_edited_in_rows(world: World) -> None:
    steps = [{"do": "select", "target": {"label": "A"}, "value": "b"}] * 500
    test = world.tests(1, document={**DOCUMENT, "steps": steps})[0]
    assert "Saved version 2" in in_rows(world, test, {f"{n}": ["c", "label", "A"] for n in range(500)})


def test_a_row_that_no_page_of_ours_sends_is_refused(world: World) -> None:
    test = world.tests(1)[0]
    for step, values in (("{", []), ('{"do": "reload"}', ["x"]), ("", [])):
        data = {"title": "T", "shown": "rows", "row": "0", "step-0": step, "field-0": values}
        assert world.client("qa_lead").post(f"/tests/{test.public_id}/card", data).status_code == 400


def test_an_edit_in_a_second_tab_is_refused_and_its_text_stays(world: World) -> None:
    test = world.tests(1)[0]
    edited(world, test, title="First")
    text = edited(world, test, title="Second")
    assert "Somebody saved another version meanwhile." in text
    assert 'value="Second"' in text
    test.refresh_from_db()
    assert (test.title, test.version) == ("First", 2)


def test_saving_what_was_not_changed_makes_no_version(world: World) -> None:
    test = world.tests(1)[0]
    assert f'id="proposal-{test.pk}"' in edited(world, test)
    test.refresh_from_db()
    assert test.version == 1


def test_a_proof_of_an_older_version_says_so(world: World) -> None:
    test = world.tests(1, evidence=FULL)[0]
    edited(world, test, title="Better")
    assert "the proof is of version 1" in shown(world)
