"""What is known about an application, by the API."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from projects.models import Test
from tests.api.applications import learnt
from tests.api.conftest import World


def get(world: World, path: str) -> Any:
    return world.client("viewer").get(path)


def test_nothing_is_known_before_a_crawl_has_ended(world: World) -> None:
    answer = get(world, world.at("/application"))
    assert answer.status_code == 404
    assert "before a crawl has ended there" in answer.json()["detail"]


def test_the_application_says_how_much_is_known_and_tested(world: World) -> None:
    run = learnt(world, "/", "/a")
    answer = get(world, world.at("/application")).json()
    assert (answer["learned_run"], answer["pages"], answer["environment"]) == (run.public_id, 2, None)
    assert answer["templates"] == {"total": 2, "covered": 0, "proposed": 0, "none": 2}
    assert answer["endpoints"]["total"] == answer["forms"]["total"] == 1


def test_parts_are_listed_by_kind_and_paged(world: World) -> None:
    learnt(world, "/", "/a", "/b")
    first = get(world, world.at("/application/pages?page_size=2")).json()
    assert [row["key"] for row in first["results"]] == ["/", "/a"]
    assert [row["key"] for row in get(world, first["next"]).json()["results"]] == ["/b"]
    assert [row["key"] for row in get(world, world.at("/application/pages?template=t/a")).json()["results"]] == ["/a"]
    assert [row["key"] for row in get(world, world.at("/application/templates?search=t/b")).json()["results"]] == [
        "t/b"
    ]
    [endpoint] = get(world, world.at("/application/endpoints")).json()["results"]
    assert endpoint["facts"]["response"]["properties"] == {"left": {"type": "integer"}}


def test_what_is_gone_is_listed_apart(world: World) -> None:
    learnt(world, "/", "/a")
    run = learnt(world, "/")
    assert [row["key"] for row in get(world, world.at("/application/pages")).json()["results"]] == ["/"]
    [gone] = get(world, world.at("/application/pages?gone=true")).json()["results"]
    assert (gone["key"], gone["gone_since_run"]) == ("/a", run.public_id)


def test_an_environment_is_asked_for_by_its_id(world: World) -> None:
    staging = world.environment()
    learnt(world, "/")
    learnt(world, "/", "/s", environment=staging)
    assert get(world, world.at("/application")).json()["pages"] == 1
    assert get(world, world.at(f"/application?environment={staging.public_id}")).json()["pages"] == 2
    wrong = get(world, world.at("/application?environment=ENV-999"))
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["environment"])
    assert get(world, world.at("/application/cats")).status_code == 404


def test_a_comparison_is_listed_in_sentences(world: World) -> None:
    first = learnt(world, "/", "/a")
    assert get(world, f"/api/v1/runs/{first.public_id}/differences").json() == {
        "results": [], "next": None, "previous": None, "earlier_run": None, "changed": None,
        "note": "",
    }  # fmt: skip
    second = learnt(world, "/", "/b", left="none")
    answer = get(world, f"/api/v1/runs/{second.public_id}/differences").json()
    assert answer["earlier_run"] == first.public_id
    assert answer["changed"] == ["t/", "t/b"]
    assert "endpoint POST /api/stock/{id}: field `left` became string" in [row["sentence"] for row in answer["results"]]
    removed = get(world, f"/api/v1/runs/{second.public_id}/differences?what=removed&kind=page").json()["results"]
    assert [row["name"] for row in removed] == ["/a"]
    assert get(world, f"/api/v1/runs/{world.crawl().public_id}/differences").status_code == 404


def test_endpoints_are_exported_as_an_openapi_document(world: World) -> None:
    learnt(world)
    document = get(world, world.at("/application/openapi.json")).json()
    assert (document["openapi"], document["servers"]) == ("3.1.0", [{"url": world.project.url}])
    operation = document["paths"]["/api/stock/{id}"]["post"]
    Draft202012Validator.check_schema(operation["responses"]["200"]["content"]["application/json"]["schema"])
    assert operation["parameters"][0]["name"] == "id"
    assert operation["requestBody"]["content"]["application/json"]["schema"]["required"] == ["count"]


def test_stale_tests_say_so_and_can_be_listed(world: World) -> None:
    fresh, stale = world.test(), world.test()
    Test.objects.filter(pk=stale.pk).go_stale("Its page /a is gone.")
    [row] = get(world, world.at("/tests?stale=true")).json()["results"]
    assert (row["id"], row["stale_reason"]) == (stale.public_id, "Its page /a is gone.")
    [row] = get(world, world.at("/tests?stale=false")).json()["results"]
    assert (row["id"], row["stale_since"]) == (fresh.public_id, None)
