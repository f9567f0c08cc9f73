"""The map of a project: what is known, covered, otherwise than before."""

from __future__ import annotations

from typing import Any

import pytest

from projects.models import Environment
from runs.models import Application, Comparison, Part, Run
from tests.web.conftest import World


def learn(world: World, kinds: int = 3, environment: Environment | None = None) -> Application:
    """An application of this many kinds of pages, the first linking to all others."""
    run = world.crawl()
    one = Application.objects.create(
        project=world.project, environment=environment, learned_run=run.pk, learned_at=run.created_at
    )
    comparison = Comparison.objects.create(run=run, application=one, earlier_run=run.pk, changed=["t1"])

    def part(kind: str, key: str, name: str, facts: dict[str, Any], **more: Any) -> None:
        Part.objects.create(application=one, kind=kind, key=key, digest=key, name=name, facts=facts,
                            first_seen_run=run.pk, last_seen_run=run.pk, **more)  # fmt: skip

    for number in range(kinds):
        path = "/" if not number else f"/{('shop', 'admin', 'help')[number % 3]}/area-{number}/item"
        part(
            "template",
            f"t{number}",
            f"Kind {number}",
            {"signatures": [f"t{number}"], "url": f"http://shop.test{path}", "pattern": path, "pages": number + 1,
             "depth": min(number, 1), "state": False},
        )  # fmt: skip
        page = {"url": f"http://shop.test{path}", "kind": "link", "action": "", "depth": 1, "found_on": None}
        part("page", path, f"Page {number}", page, template=f"t{number}", roles=["", "admin"] if number else [""])
        if number:
            part("edge", f"t0 → t{number}", "way", {"to": f"t{number}", "sentences": ["link “x”"]}, template="t0")
    fields = [{"name": "mail", "label": "E-mail", "type": "email", "required": True}]
    part("form", "POST /send Contact", "Contact", {"method": "POST", "action": "/send", "submit": "Send",
                                                     "fields": fields, "templates": ["t1"]})  # fmt: skip
    schema = {"type": "object", "properties": {"left": {"type": "integer"}}, "required": ["left"]}
    part("endpoint", "GET /api/stock/{id}", "GET /api/stock/{id}",
         {"method": "GET", "path": "/api/stock/{id}", "type": "fetch", "operation": None, "operation_type": None,
          "request": None, "response": schema, "statuses": [200], "templates": ["t1"]})  # fmt: skip
    comparison.differences.create(kind="template", what="changed", key="t1", name="Kind 1", words=["a field is new"])
    return one


def test_before_the_first_crawl_the_map_says_how_to_get_one(world: World) -> None:
    answer = world.client("viewer").get(world.at("/map"))
    assert "Nothing is known yet" in answer.content.decode()


def test_the_map_shows_kinds_forms_endpoints_and_their_coverage(world: World) -> None:
    learn(world)
    steps = [
        {"do": "fill", "target": {"role": "textbox", "name": "E-mail"}, "value": "x"},
        {"do": "request", "method": "GET", "path": "/api/stock/7"},
    ]
    world.tests(1, "approved", template="t1", document={"title": "x", "steps": steps})
    world.tests(1, "draft", page_url="http://shop.test/")
    text = world.client("viewer").get(world.at("/map")).content.decode()
    assert "Kind 2" in text
    assert "Kind 1: /admin/area-1/item, 2 pages, tested, changed" in text
    assert "Kind 0: /, 1 page, proposals only" in text
    assert "Kind 2: /help/area-2/item, 3 pages, no tests" in text
    assert "kind of page Kind 1: a field is new" in text
    assert text.count("tested</dt><dd>1 ") == 3


def test_a_stale_test_covers_nothing(world: World) -> None:
    learn(world)
    [test] = world.tests(1, "approved", template="t1")
    assert "2 pages, tested" in world.client("viewer").get(world.at("/map")).content.decode()
    type(test).objects.filter(pk=test.pk).go_stale("Its page is gone.")
    assert "2 pages, no tests" in world.client("viewer").get(world.at("/map")).content.decode()


def test_a_role_shows_what_it_reaches(world: World) -> None:
    learn(world)
    text = world.client("viewer").get(world.at("/map?role=admin")).content.decode()
    assert "Kind 0: /, 1 page, no tests, not reached" in text
    assert "<strong>admin</strong> reaches 2 of 3 kinds of pages" in " ".join(text.split())


def test_many_kinds_are_folded_by_prefix_and_opened_by_a_link(world: World) -> None:
    learn(world, 300)
    text = world.client("viewer").get(world.at("/map")).content.decode()
    assert "?under=/shop" in text.replace("%2F", "/")
    inside = world.client("viewer").get(world.at("/map?under=/shop/area-3")).content.decode()
    assert "Below /shop/area-3" in inside
    assert "Kind 3: /shop/area-3/item" in inside
    assert "Kind 4" not in inside


def test_an_environment_has_a_map_of_its_own(world: World) -> None:
    learn(world)
    staging = Environment.objects.create(project=world.project, name="staging", base_url="http://staging.test/")
    learn(world, 2, staging)
    text = world.client("viewer").get(world.at(f"/map?environment={staging.public_id}")).content.decode()
    assert "Kind 1" in text
    assert "Kind 2" not in text
    assert world.client("viewer").get(world.at("/map?environment=ENV-99")).status_code == 404


def test_a_kind_of_page_shows_its_pages_forms_ways_and_tests(world: World) -> None:
    learn(world)
    world.tests(1, "approved", template="t1")
    number = Part.objects.get(key="t1").pk
    text = world.client("viewer").get(world.at(f"/map/{number}")).content.decode()
    for said in ("/admin/area-1/item", "Contact", "/api/stock/{id}", "Reached from", "Kind 0", "Test 0"):
        assert said in text
    assert world.client("viewer").get(world.at("/map/999999")).status_code == 404
    assert world.client("stranger").get(world.at(f"/map/{number}")).status_code == 404


def test_stale_tests_are_marked_and_can_be_filtered(world: World) -> None:
    one, other = world.tests(2, "approved")
    type(one).objects.filter(pk=one.pk).go_stale("Its page /a is gone since RUN-7: it answered 404.")
    client = world.client("viewer")
    listed = client.get(world.at("/tests?stale=1")).content.decode()
    assert one.title in listed
    assert other.title not in listed
    assert "stale" in client.get(world.at("/tests")).content.decode()
    assert "it answered 404" in client.get(f"/tests/{one.public_id}").content.decode()


@pytest.mark.django_db
def test_the_map_of_a_run_that_is_gone_still_opens(world: World) -> None:
    learn(world)
    Run.objects.all().delete()
    assert world.client("viewer").get(world.at("/map")).status_code == 200
