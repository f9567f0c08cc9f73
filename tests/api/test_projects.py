"""Projects and environments: what is taken, what is refused, what stays hidden."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, Environment, Membership, Project, Test
from tests.api.conftest import Refusal, World

ADDRESS = "This is not an address of the web; write it as https://shop.example.com."
CREDENTIALS = {"username": "ada@shop.test", "password": "correct horse", "login_url": "/login"}


def test_a_project_is_made_and_read_again(admin: APIClient) -> None:
    body = {
        "name": "  Blog ",
        "url": "https://blog.test/start",
        "headers": {"X-Preview": "1"},
        "variables": {"lang": "en"},
        "settings": {"crawl": {"max_pages": 10}, "run": {"retries": 0}},
        "quality_gates": {"min_pass_rate": 95},
        "web_vitals_budgets": {"lcp": 2500, "cls": 0.1},
    }
    kept = set(body) - {"name"}
    answer = admin.post("/api/v1/projects", body, format="json")
    assert answer.status_code == 201
    said = answer.json()
    assert said["name"] == "Blog"
    assert said["workspace"] == "quality"
    assert {name: said[name] for name in kept} == {name: body[name] for name in kept}
    assert said["created_at"].endswith("Z")
    assert answer["Location"].endswith(f"/api/v1/projects/{said['id']}")
    again = admin.get(f"/api/v1/projects/{said['id']}")
    assert again.json() == said
    assert again["ETag"] == answer["ETag"]
    assert Activity.objects.filter(verb="project created", actor_name="Admin", subject=said["id"]).exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Write at least 1 characters."),
        ("name", "   ", "This may not be blank."),
        ("name", "x" * 121, "Write at most 120 characters."),
        ("name", None, "Write a text."),
        ("name", 5, "Write a text."),
        ("name", ["x"], "Write a text."),
        ("name", "Shop", "This name is taken."),
        ("name", "a\0b", "Null characters are not allowed."),
        ("name", "\ud800", "Half of a surrogate pair is no text."),
        ("url", "", ADDRESS),
        ("url", "shop.test", ADDRESS),
        ("url", "//shop.test", ADDRESS),
        ("url", "ftp://shop.test", ADDRESS),
        ("url", "javascript:alert(1)", ADDRESS),
        ("url", "file:///etc/passwd", ADDRESS),
        ("url", "https://", ADDRESS),
        ("url", "https://shop.test:99999", ADDRESS),
        ("url", "https://[::1", ADDRESS),
        ("url", "https://shop .test", ADDRESS),
        ("url", "https://ada:pw@shop.test", None),
        ("url", "https://shop.test/" + "x" * 2000, "Write at most 2000 characters."),
        ("headers", {"X\nY": "1"}, None),
        ("headers", {"Host": "evil.test"}, None),
        *(
            ("headers", {name: "k3y"}, f"{name} lets somebody in; give it as a secret header, which is kept encrypted.")
            for name in ("Authorization", "cookie", "Proxy-Authorization", "X-API-Key")
        ),
        ("headers", {"X": "a\r\nb"}, None),
        ("headers", [], "Write an object."),
        ("variables", {"1x": "y"}, None),
        ("quality_gates", {"beauty": 5}, None),
        ("quality_gates", {"min_pass_rate": 101}, "min_pass_rate must be from 0 to 100."),
        ("web_vitals_budgets", {"fcp": 1000}, None),
        ("web_vitals_budgets", {"lcp": 0}, None),
        ("web_vitals_budgets", {"lcp": 120_001}, "lcp must be from 1 to 120,000."),
        ("web_vitals_budgets", {"ttfb": -1}, None),
        ("web_vitals_budgets", {"cls": 10.1}, "cls must be from 0 to 10."),
        ("web_vitals_budgets", [], None),
        ("workspace", "elsewhere", "You are a member of no workspace of this slug."),
    ],
)
def test_a_field_that_cannot_be_is_422_with_one_sentence(
    admin: APIClient, refused: Refusal, field: str, value: Any, sentence: str | None
) -> None:
    body = {"name": "New", "url": "https://new.test", field: value}
    answer = admin.post("/api/v1/projects", json.dumps(body), content_type="application/json")
    errors = refused(answer, 422, "invalid")["errors"]
    assert set(errors) == {field}
    assert len(errors[field]) == 1
    if sentence:
        assert errors[field] == [sentence]
    assert not Project.objects.filter(name="New").exists()


@pytest.mark.parametrize(
    ("defaults", "place"),
    [
        ({"crawl": {"max_pages": 0}}, "settings.crawl.max_pages"),
        ({"crawl": {"include": ["("]}}, "settings.crawl.include[0]"),
        ({"run": {"timezone_id": "Mars/Base"}}, "settings.run.timezone_id"),
        ({"run": {"parallel": "2"}}, "settings.run.parallel"),
        ({"run": {"retries": True}}, "settings.run.retries"),
        ({"run": {"colour": "red"}}, "settings.run.colour"),
        ({"walk": {}}, "settings.walk"),
    ],
)
def test_default_options_are_checked_like_options(
    lead: APIClient, world: World, refused: Refusal, defaults: Any, place: str
) -> None:
    assert set(refused(lead.patch(world.at(), {"settings": defaults}, format="json"), 422)["errors"]) == {place}


@pytest.mark.parametrize("field", ["colour", "id", "created_at", "sealed"])
def test_a_field_that_does_not_exist_is_422(admin: APIClient, world: World, refused: Refusal, field: str) -> None:
    errors = refused(admin.patch(world.at(), {field: "x"}, format="json"), 422)["errors"]
    assert errors == {field: ["There is no such field here."]}


def test_credentials_go_in_and_never_come_out(admin: APIClient, world: World) -> None:
    answer = admin.patch(world.at(), {"credentials": CREDENTIALS}, format="json")
    said = answer.json()["credentials"]
    assert (said["has_credentials"], said["username"], said["login_url"]) == (True, "ada@shop.test", "/login")
    assert b"correct horse" not in answer.content
    assert b"correct horse" not in admin.get(world.at()).content
    world.project.refresh_from_db()
    assert str.__str__(world.project.secrets["password"]) == "correct horse"
    assert "correct horse" not in world.project.sealed
    gone = admin.patch(world.at(), {"credentials": None}, format="json").json()["credentials"]
    assert (gone["has_credentials"], gone["username"], gone["login_url"]) == (False, None, None)


def test_credentials_sealed_with_a_lost_key_can_be_read_around_and_replaced(
    admin: APIClient, world: World, settings: Any
) -> None:
    admin.patch(world.at(), {"credentials": CREDENTIALS}, format="json")
    settings.SECRET_KEY = "another key altogether"
    said = admin.get(world.at()).json()["credentials"]
    assert (said["has_credentials"], said["username"]) == (True, None)
    answer = admin.patch(world.at(), {"credentials": CREDENTIALS}, format="json")
    assert answer.json()["credentials"]["username"] == "ada@shop.test"


def test_an_edit_changes_what_it_names_and_nothing_else(lead: APIClient, world: World) -> None:
    lead.patch(world.at(), {"variables": {"a": "1"}}, format="json")
    said = lead.patch(world.at(), {"name": "Store"}, format="json").json()
    assert (said["name"], said["url"], said["variables"]) == ("Store", "http://shop.test/", {"a": "1"})


def test_null_takes_away_credentials_only(lead: APIClient, world: World, refused: Refusal) -> None:
    errors = refused(lead.patch(world.at(), {"name": None}, format="json"), 422)["errors"]
    assert "may not be null" in errors["body"][0]


def test_an_edit_of_what_has_changed_meanwhile_is_412(lead: APIClient, world: World, refused: Refusal) -> None:
    before = lead.get(world.at())["ETag"]
    assert lead.patch(world.at(), {"name": "Store"}, format="json", HTTP_IF_MATCH=before).status_code == 200
    for stale in (before, '"x"', "", f"W/{lead.get(world.at())['ETag']}"):
        answer = lead.patch(world.at(), {"name": "Kiosk"}, format="json", HTTP_IF_MATCH=stale)
        refused(answer, 412, "changed_meanwhile")
    for good in (lead.get(world.at())["ETag"], "*", f'"x", {lead.get(world.at())["ETag"]}'):
        now = lead.patch(world.at(), {"name": "Store"}, format="json", HTTP_IF_MATCH=good)
        assert now.status_code == 200 or good.startswith('"')
    world.project.refresh_from_db()
    assert world.project.name == "Store"


def test_a_deleted_project_is_gone_and_its_name_free(admin: APIClient, world: World, refused: Refusal) -> None:
    run = world.run()
    said = refused(admin.delete(world.at()), 409, "runs_working")["detail"]
    assert run.public_id in said
    assert Project.objects.alive().filter(pk=world.project.pk).exists()
    assert admin.delete(f"{world.at()}?abort_runs=true").status_code == 204
    run.refresh_from_db()
    assert (run.status, run.results.exclude(status="skipped").count()) == ("aborted", 0)
    refused(admin.get(world.at()), 404)
    refused(admin.delete(world.at()), 404)
    refused(admin.get(f"/api/v1/runs/{run.public_id}"), 404)
    assert admin.get("/api/v1/projects").json()["results"] == []
    assert Project.objects.filter(name="Shop").exists()
    assert admin.post("/api/v1/projects", {"name": "Shop", "url": "http://s.test"}, format="json").status_code == 201


def test_a_deleted_project_is_brought_back_with_all_that_it_had(
    admin: APIClient, lead: APIClient, world: World, refused: Refusal
) -> None:
    test = world.test()
    admin.delete(world.at())
    assert [row["name"] for row in admin.get("/api/v1/deleted/projects").json()["results"]] == ["Shop"]
    assert lead.get("/api/v1/deleted/projects").json()["results"] == []
    refused(lead.post(f"{world.at()}/undelete", {}, format="json"), 404)
    Project.objects.create(workspace=world.workspace, name="Shop", url="http://s.test")
    refused(admin.post(f"{world.at()}/undelete", {}, format="json"), 409, "name_taken")
    assert admin.post(f"{world.at()}/undelete", {"name": "Old shop"}, format="json").json()["name"] == "Old shop"
    assert admin.get(f"/api/v1/tests/{test.public_id}").status_code == 200
    refused(admin.post(f"{world.at()}/undelete", {}, format="json"), 404)
    verbs = Activity.objects.filter(project=world.project).values_list("verb", flat=True)
    assert {"project deleted", "project restored"} <= set(verbs)


def test_a_deleted_test_is_brought_back_unless_another_does_the_same(
    admin: APIClient, lead: APIClient, world: World, refused: Refusal
) -> None:
    test = Test.propose(world.project, title="T", document={"title": "T", "steps": []}, signature="s")
    admin.delete(f"/api/v1/tests/{test.public_id}")
    assert [row["id"] for row in admin.get(world.at("/tests/deleted")).json()["results"]] == [test.public_id]
    refused(lead.post(f"/api/v1/tests/{test.public_id}/undelete", {}, format="json"), 403, "role_too_low")
    twin = Test.propose(world.project, title="T", document={"title": "T", "steps": []}, signature="s")
    path = f"/api/v1/tests/{test.public_id}/undelete"
    assert twin.public_id in refused(admin.post(path, {}, format="json"), 409, "same_test")["detail"]
    twin.delete_softly()
    assert admin.post(path, {}, format="json").status_code == 200
    refused(admin.post(path, {}, format="json"), 404)


def test_members_of_several_workspaces_say_which(world: World, admin: APIClient, refused: Refusal) -> None:
    elsewhere = world.people["stranger"].memberships.get().workspace
    Membership.objects.create(workspace=elsewhere, user=world.people["admin"], role="viewer")
    body = {"name": "New", "url": "https://new.test"}
    assert (
        "elsewhere, quality"
        in refused(admin.post("/api/v1/projects", body, format="json"), 422)["errors"]["workspace"][0]
    )
    refused(admin.post("/api/v1/projects", {**body, "workspace": "elsewhere"}, format="json"), 403, "role_too_low")
    answer = admin.post("/api/v1/projects", {**body, "workspace": "quality"}, format="json")
    assert answer.status_code == 201
    assert [row["name"] for row in admin.get("/api/v1/projects?workspace=elsewhere").json()["results"]] == []


def test_a_person_without_a_workspace_cannot_make_a_project(world: World, admin: APIClient, refused: Refusal) -> None:
    Membership.objects.all().delete()
    refused(admin.post("/api/v1/projects", {"name": "N", "url": "https://n.test"}, format="json"), 403, "no_workspace")


def test_an_environment_is_made_edited_and_deleted(admin: APIClient, world: World, refused: Refusal) -> None:
    body = {"name": "staging", "base_url": "https://staging.test", "credentials": CREDENTIALS}
    answer = admin.post(world.at("/environments"), body, format="json")
    assert answer.status_code == 201
    said = answer.json()
    assert (said["project"], said["credentials"]["username"]) == (world.project.public_id, "ada@shop.test")
    assert b"correct horse" not in answer.content
    path = world.at(f"/environments/{said['id']}")
    edited = admin.patch(path, {"base_url": "https://s2.test"}, format="json", HTTP_IF_MATCH=answer["ETag"]).json()
    assert (edited["base_url"], edited["credentials"]["has_credentials"]) == ("https://s2.test", True)
    refused(admin.patch(path, {"name": "x"}, format="json", HTTP_IF_MATCH=answer["ETag"]), 412)
    taken = admin.post(world.at("/environments"), {"name": "staging", "base_url": "https://x.test"}, format="json")
    assert refused(taken, 422)["errors"] == {"name": ["This name is taken."]}
    assert admin.delete(path).status_code == 204
    refused(admin.get(path), 404)
    assert not Environment.objects.exists()


def test_an_environment_of_another_project_is_not_found_here(admin: APIClient, world: World, refused: Refusal) -> None:
    other = Project.objects.create(workspace=world.workspace, name="Blog", url="http://blog.test")
    row = Environment.objects.create(project=other, name="staging", base_url="https://x.test")
    refused(admin.get(world.at(f"/environments/{row.public_id}")), 404)
    refused(admin.patch(world.at(f"/environments/{row.public_id}"), {"name": "y"}, format="json"), 404)


@pytest.mark.parametrize("odd", ["PRJ-", "PRJ-0", "PRJ--1", "PRJ-1.5", "PRJ-99999999999999999999", "1", "prj-1", "%00"])
def test_an_id_that_is_none_is_404(admin: APIClient, refused: Refusal, odd: str) -> None:
    refused(admin.get(f"/api/v1/projects/{odd}"), 404)


def test_an_edit_with_a_budget_out_of_range_changes_nothing(lead: APIClient, world: World, refused: Refusal) -> None:
    path = f"/api/v1/projects/{world.project.public_id}"
    assert lead.patch(path, {"web_vitals_budgets": {"lcp": 2500}}, format="json").status_code == 200
    wrong = {"name": "Other", "web_vitals_budgets": {"lcp": 2000, "inp": 0.5}}
    assert set(refused(lead.patch(path, wrong, format="json"), 422)["errors"]) == {"web_vitals_budgets"}
    nonsense: tuple[Any, ...] = ("fast", None, True, [])
    for value in nonsense:
        wrong = {"web_vitals_budgets": {"cls": value}}
        assert set(refused(lead.patch(path, wrong, format="json"), 422)["errors"]) == {"web_vitals_budgets.cls"}
    world.project.refresh_from_db()
    assert (world.project.name, world.project.web_vitals_budgets) == ("Shop", {"lcp": 2500})
