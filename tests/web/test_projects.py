"""Projects, their settings, environments and tokens."""

import re

import pytest

from projects.models import Activity, ApiToken, Environment, Membership, Project, Workspace
from tests.web.conftest import World


def test_a_new_project_leads_to_its_overview_which_says_what_to_do(world: World) -> None:
    client = world.client("qa_lead")
    answer = client.post("/projects/new", {"name": "Blog", "url": "blog.example"}, follow=True)
    project = Project.objects.get(name="Blog")
    assert answer.redirect_chain[-1][0] == f"/projects/{project.public_id}"
    assert project.url == "https://blog.example"
    assert "Press Crawl: Sentri visits its pages" in answer.content.decode()


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("localhost:8123", "http://localhost:8123"),
        ("127.0.0.1:8123/shop", "http://127.0.0.1:8123/shop"),
        ("http://web:8000", "http://web:8000"),
        ("https://shop.example/a?b=c", "https://shop.example/a?b=c"),
    ],
)
def test_addresses_are_taken_as_people_write_them(world: World, url: str, kept: str) -> None:
    world.client("admin").post("/projects/new", {"name": "Blog", "url": url})
    assert Project.objects.get(name="Blog").url == kept


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://shop.example", "This is not an address of the web"),
        ("https://", "This is not an address of the web"),
        ("https://shop.example:99999", "This is not an address of the web"),
        ("javascript:alert(1)", "This is not an address of the web"),
        ("https://ada:secret@shop.example", "put them into credentials"),
        ("", "This field is required."),
    ],
)
def test_what_cannot_be_tested_is_refused_in_one_sentence(world: World, url: str, sentence: str) -> None:
    answer = world.client("admin").post("/projects/new", {"name": "Blog", "url": url})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Project.objects.filter(name="Blog").exists()


def test_two_living_projects_of_a_workspace_have_different_names(world: World) -> None:
    client = world.client("admin")
    assert client.post("/projects/new", {"name": "Shop", "url": "shop.example"}).status_code == 422
    world.project.delete_softly()
    assert client.post("/projects/new", {"name": "Shop", "url": "shop.example"}).status_code == 302


def test_who_is_in_several_workspaces_says_where(world: World) -> None:
    other = Workspace.objects.create(name="Other", slug="other")
    Membership.objects.create(workspace=other, user=world.people["qa_lead"], role="admin")
    client = world.client("qa_lead")
    assert "Workspace" in client.get("/projects/new").content.decode()
    client.post("/projects/new", {"name": "Blog", "url": "blog.example", "place": str(other.pk)})
    assert Project.objects.get(name="Blog").workspace == other


def test_a_workspace_that_the_person_may_not_work_in_is_no_choice(world: World) -> None:
    other = Workspace.objects.create(name="Other", slug="other")
    Membership.objects.create(workspace=other, user=world.people["qa_lead"], role="viewer")
    world.client("qa_lead").post("/projects/new", {"name": "Blog", "url": "blog.example", "place": str(other.pk)})
    assert Project.objects.get(name="Blog").workspace == world.project.workspace


def test_credentials_are_kept_and_never_shown(world: World) -> None:
    client = world.client("admin")
    data = {"username": "ada", "password": "correct horse", "login_url": "/login"}
    client.post(world.at("/settings/credentials"), data)
    world.project.refresh_from_db()
    assert {**world.project.secrets} == {"username": "ada", "password": "correct horse"}
    assert world.project.access == {"login_url": "/login"}
    text = client.get(world.at("/settings")).content.decode()
    assert "Credentials are stored" in text
    assert "correct horse" not in text
    assert "ada" not in re.sub(r"<[^>]+>", " ", text)


def test_saving_without_credentials_keeps_them_and_forgetting_takes_them_away(world: World) -> None:
    client, path = world.client("admin"), world.at("/settings/credentials")
    client.post(path, {"username": "ada", "password": "correct horse"})
    client.post(path, {"login_url": "/enter"})
    world.project.refresh_from_db()
    assert world.project.has_credentials
    client.post(path, {"forget": "on"})
    world.project.refresh_from_db()
    assert not world.project.has_credentials


def test_a_user_name_without_a_password_is_refused(world: World) -> None:
    answer = world.client("admin").post(world.at("/settings/credentials"), {"username": "ada"})
    assert answer.status_code == 422
    assert "User name and password go together" in answer.content.decode()


def test_a_project_made_by_a_qa_lead_has_no_credentials(world: World) -> None:
    data = {"name": "Blog", "url": "blog.example", "username": "ada", "password": "secret"}
    world.client("qa_lead").post("/projects/new", data)
    assert not Project.objects.get(name="Blog").has_credentials
    world.client("admin").post("/projects/new", {**data, "name": "Blog 2"})
    assert Project.objects.get(name="Blog 2").has_credentials


def test_name_and_address_can_be_changed(world: World) -> None:
    data = {"part": "project", "name": "Store", "url": "https://store.example"}
    assert world.client("qa_lead").post(world.at("/settings"), data).status_code == 302
    world.project.refresh_from_db()
    assert (world.project.name, world.project.url) == ("Store", "https://store.example")


@pytest.mark.parametrize(("written", "kept"), [("64", 64), ("1", 1), ("", 3), ("0", 3), ("65", 3), ("many", 3)])
def test_runs_at_a_time_are_from_1_to_64(world: World, written: str, kept: int) -> None:
    data = {"part": "project", "name": "Shop", "url": "http://shop.test/", "max_concurrent_runs": written}
    answer = world.client("qa_lead").post(world.at("/settings"), data)
    assert answer.status_code == (302 if written in ("64", "1", "") else 422)
    world.project.refresh_from_db()
    assert world.project.max_concurrent_runs == kept


def test_a_sign_in_can_be_made_exclusive_and_shared_again(world: World) -> None:
    client, path = world.client("admin"), world.at("/settings/credentials")
    client.post(path, {"username": "ada", "password": "correct horse", "login_url": "/enter", "exclusive": "on"})
    world.project.refresh_from_db()
    assert world.project.access == {"login_url": "/enter", "exclusive": True}
    assert re.search(r'name="exclusive"[^>]*checked', client.get(world.at("/settings")).content.decode())
    client.post(path, {"login_url": "/enter"})
    world.project.refresh_from_db()
    assert world.project.access == {"login_url": "/enter"}
    assert world.project.has_credentials


def test_a_refused_change_shows_the_project_as_it_is(world: World) -> None:
    answer = world.client("qa_lead").post(world.at("/settings"), {"part": "project", "name": "Store", "url": "x y"})
    assert answer.status_code == 422
    assert "<title>Settings · Shop · Sentri</title>" in answer.content.decode()


def test_deleting_needs_the_name(world: World) -> None:
    client, path = world.client("admin"), world.at("/settings/delete")
    assert "Nothing was deleted" in client.post(path, {"name": "shop"}, follow=True).content.decode()
    assert Project.objects.alive().filter(pk=world.project.pk).exists()
    assert client.post(path, {"name": "Shop"})["Location"] == "/"
    assert not Project.objects.alive().filter(pk=world.project.pk).exists()
    assert Activity.objects.filter(project=world.project, verb="project deleted", actor_name="admin").count() == 1


def test_a_project_with_a_living_run_is_deleted_only_where_the_run_is_aborted_and_can_be_brought_back(
    world: World,
) -> None:
    run, client, path = world.run(), world.client("admin"), world.at("/settings/delete")
    assert "has runs that are not over" in client.post(path, {"name": "Shop"}, follow=True).content.decode()
    assert Project.objects.alive().filter(pk=world.project.pk).exists()
    client.post(path, {"name": "Shop", "abort_runs": "on"})
    run.refresh_from_db()
    assert run.status == "aborted"
    assert client.get(f"/runs/{run.public_id}").status_code == 404
    assert "deleted projects" in client.get("/").content.decode()
    assert "Shop" in client.get("/deleted").content.decode()
    assert "Shop" not in world.client("qa_lead").get("/deleted").content.decode()
    assert world.client("qa_lead").post(f"/deleted/{world.project.pk}").status_code == 404
    client.post(f"/deleted/{world.project.pk}", {"name": ""})
    assert client.get(f"/runs/{run.public_id}").status_code == 200
    assert Activity.objects.filter(project=world.project, verb="project restored").count() == 1


def test_a_deleted_test_is_brought_back_from_its_page(world: World) -> None:
    test = world.tests(1, "approved")[0]
    client = world.client("admin")
    client.post(f"/tests/{test.public_id}/delete")
    assert test.title in client.get(world.at("/tests/deleted")).content.decode()
    assert world.client("qa_lead").get(world.at("/tests/deleted")).status_code == 403
    client.post(world.at(f"/tests/deleted/{test.public_id}"))
    assert client.get(f"/tests/{test.public_id}").status_code == 200
    assert client.post(world.at(f"/tests/deleted/{test.public_id}")).status_code == 404


def environment(world: World, **more: str) -> Environment:
    data = {"name": "staging", "base_url": "https://staging.example", "headers": "X-Team: qa", **more}
    answer = world.client("admin").post(world.at("/settings/environments/new"), data)
    assert answer.status_code == 302, answer.content.decode()
    return Environment.objects.get(project=world.project)


def test_an_environment_is_made_changed_and_deleted(world: World) -> None:
    row = environment(world, variables="currency=EUR\nnote=a=b", username="u", password="p")
    assert row.headers == {"X-Team": "qa"}
    assert row.variables == {"currency": "EUR", "note": "a=b"}
    assert row.has_credentials
    client, path = world.client("qa_lead"), world.at(f"/settings/environments/{row.public_id}")
    assert "X-Team: qa" in client.get(path).content.decode()
    client.post(path, {"name": "stage", "base_url": "https://stage.example", "headers": "", "variables": ""})
    row.refresh_from_db()
    assert (row.name, row.headers, row.has_credentials) == ("stage", {}, True)
    assert client.post(f"{path}/delete").status_code == 403
    world.client("admin").post(f"{path}/delete")
    assert not Environment.objects.filter(project=world.project).exists()


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("headers", "just words", "Line 1 is not of the form name:value"),
        ("headers", "Host: elsewhere", "The header Host is set by the browser"),
        ("variables", "1st=x", "is not a name"),
        ("base_url", "ftp://x", "This is not an address of the web"),
        ("name", "", "This field is required."),
    ],
)
def test_a_wrong_environment_says_what_is_wrong(world: World, field: str, text: str, sentence: str) -> None:
    data = {"name": "staging", "base_url": "https://staging.example", field: text}
    answer = world.client("admin").post(world.at("/settings/environments/new"), data)
    assert answer.status_code == 422
    assert sentence in answer.content.decode().replace("&#x27;", "'")


def test_an_environment_of_another_project_is_not_found(world: World) -> None:
    row = environment(world)
    other = Project.objects.create(workspace=world.project.workspace, name="Blog", url="http://blog.test")
    path = f"/projects/{other.public_id}/settings/environments/{row.public_id}"
    assert world.client("admin").get(path).status_code == 404
    assert world.client("admin").post(f"{path}/delete").status_code == 404


def test_a_token_is_shown_once_and_can_be_revoked(world: World) -> None:
    client, path = world.client("admin"), world.at("/settings/tokens")
    first = client.post(path, {"name": "CI", "scope": "write", "days": "90"}, follow=True)
    found = re.search(r"sntr_prj_[\w-]+", first.content.decode())
    assert found
    assert "no-store" in first["Cache-Control"]
    row = ApiToken.find(found[0])
    assert row is not None
    assert row.project == world.project
    assert found[0] not in client.get(path).content.decode()
    client.post(f"{path}/{row.pk}/revoke")
    assert ApiToken.find(found[0]) is None
    assert client.post(f"{path}/{row.pk}/revoke").status_code == 404


def test_a_token_that_may_only_read_says_so(world: World) -> None:
    world.client("admin").post(world.at("/settings/tokens"), {"name": "Dash", "scope": "read", "days": "0"})
    row = ApiToken.objects.get(name="Dash")
    assert (row.scopes, row.expires_at) == (["read"], None)
