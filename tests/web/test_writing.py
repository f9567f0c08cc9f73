"""A test is written on a page of its own: by rows as in the review card, with JSON as the other tab."""

import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import Page, expect

from projects.models import Test
from tests.web.conftest import DOCUMENT, Open, World

STEP = '{"do": "click", "target": {"role": "button", "name": "Buy"}}'
ROW = {"shown": "rows", "row": "1", "step-1": STEP, "field-1": ["button", "Pay"]}


def post(world: World, path: str, **data: Any) -> Any:
    return world.client("qa_lead").post(path, data, headers={"HX-Request": "true"} if "show" in data else {})


def test_rows_change_title_first_page_and_steps_and_keep_the_rest(world: World) -> None:
    document = {**DOCUMENT, "tags": ["smoke"], "priority": "high"}
    test = world.tests(1, document=document)[0]
    said = {**ROW, "document": json.dumps(document), "title": "Pays", "start": "/cart", "version": "1"}
    answer = post(world, f"/tests/{test.public_id}/edit", **said)
    assert answer.status_code == 302, answer.content.decode()
    test.refresh_from_db()
    steps = [{"do": "click", "target": {"role": "button", "name": "Pay"}}]
    assert test.document == {**document, "title": "Pays", "start": "/cart", "steps": steps}


def test_tabs_turn_rows_into_json_and_back_without_saving(world: World) -> None:
    said = {**ROW, "document": json.dumps({"tags": ["smoke"]}), "title": "Pays", "start": "/cart"}
    form = post(world, world.at("/tests/new"), **said, show="json").context["form"]
    shown = json.loads(form["document"].value())
    assert (shown["title"], shown["start"], shown["tags"]) == ("Pays", "/cart", ["smoke"])
    back = post(world, world.at("/tests/new"), document=json.dumps(shown), show="rows").context["form"]
    assert (back["title"].value(), back["start"].value()) == ("Pays", "/cart")
    assert [row.row.sentence for row in back.rows] == ['Click the button "Pay"']
    assert not Test.objects.exists()


@pytest.mark.parametrize("text", ["{", "[]", "", "9" * 6000, "[" * 9000])
def test_json_that_cannot_be_read_stays_json_and_says_what_is_wrong(world: World, text: str) -> None:
    answer = post(world, world.at("/tests/new"), document=text, show="rows")
    assert answer.status_code == 200
    form = answer.context["form"]
    assert form.rows is None
    assert form["document"].value() == text
    assert form.errors["document"]


@pytest.mark.parametrize(
    ("given", "where", "sentence"),
    [
        ({"title": ""}, "title", "this is empty"),
        ({"start": "cart"}, "start", "a path"),
        ({"field-1": ["", "Pay"]}, "steps", ""),
        ({"document": '{"tags": "smoke"}'}, "__all__", "tags"),
    ],
)
def test_a_mistake_is_said_at_its_field_and_nothing_is_saved(
    world: World, given: Any, where: str, sentence: str
) -> None:
    said = {**ROW, "document": "{}", "title": "Pays", "start": "/cart", **given}
    answer = post(world, world.at("/tests/new"), **said)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert set(form.errors) == {where}
    assert sentence in str(form.errors[where])
    assert not Test.objects.exists()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_person_writes_a_test_by_rows_and_looks_at_its_json(visit: Open, shop: World) -> None:
    page: Page = await visit(shop.at("/tests/new"))
    await page.get_by_label("Title").fill("Home has a heading")
    await page.get_by_label("Kind of the new step").select_option("goto")
    await page.get_by_role("button", name="Add step").click()
    await expect(page.locator("[data-row]")).to_have_count(2)
    await page.locator("[data-row]").first.get_by_role("button", name="Delete").click()
    await page.get_by_role("button", name="JSON").click()
    await expect(page.get_by_label("Document")).to_be_focused()
    document = json.loads(await page.get_by_label("Document").input_value())
    assert document["title"] == "Home has a heading"
    assert [step["do"] for step in document["steps"]] == ["goto"]
    await page.get_by_role("button", name="Steps").click()
    await page.locator("#edits").get_by_label("Title").press("Control+Enter")
    await page.wait_for_url("**/tests/TC-*")
    test = await Test.objects.aget()
    assert test.title == "Home has a heading"
    assert await sync_to_async(lambda: test.document["steps"])() == [{"do": "goto", "path": "/"}]
