"""Whoever starts Sentri on an empty database is led to a running crawl; nobody else is."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from projects import first
from projects.models import Membership, Project, Workspace
from runs.models import Run
from sentri.lifespan import invite_the_first

FIELDS = {"username": "ada", "password": "a long pass phrase", "workspace": "Quality", "url": "shop.test/start"}
ELSEWHERE: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.mark.django_db
def test_every_page_leads_the_first_visitor_to_the_one_page() -> None:
    answer = Client().get("/", follow=True)
    assert answer.redirect_chain[-1] == ("/welcome", 302)
    assert answer.status_code == 200
    page = answer.content.decode()
    for name in FIELDS:
        assert f'name="{name}"' in page


@pytest.mark.django_db
def test_four_fields_make_account_workspace_project_and_crawl() -> None:
    client = Client()
    answer = client.post("/welcome", FIELDS)
    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.public_id}"
    assert client.get(answer["Location"]).status_code == 200
    user = User.objects.get()
    assert (user.username, user.is_superuser, user.is_staff) == ("ada", True, True)
    assert user.check_password(FIELDS["password"])
    assert Membership.objects.get().role == "admin"
    assert (run.kind, run.project.url, run.project.name) == ("crawl", "https://shop.test/start", "shop.test")
    assert run.project.workspace.name == "Quality"
    assert run.project.activities.filter(verb="project created").exists()


@pytest.mark.django_db
def test_the_address_can_come_later() -> None:
    client = Client()
    assert client.post("/welcome", {**FIELDS, "url": ""})["Location"] == "/"
    assert client.get("/projects/new").status_code == 200
    assert not Project.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("username", "", "This field is required."),
        ("username", "a b", "Enter a valid username."),
        ("password", "short", "at least 10 characters"),
        ("password", "password1234", "too common"),
        ("workspace", "", "This field is required."),
        ("url", "ftp://shop.test", "This is not an address of the web"),
        ("url", "http://a b/", "This is not an address of the web"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_half_made(field: str, value: str, sentence: str) -> None:
    answer = Client().post("/welcome", {**FIELDS, field: value})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not User.objects.exists()
    assert not Workspace.objects.exists()


@pytest.mark.django_db
def test_a_stranger_needs_the_key_of_the_log() -> None:
    stranger = Client(**ELSEWHERE)
    for path in ("/welcome", "/welcome?key=", "/welcome?key=guessed"):
        assert stranger.get(path).status_code == 403
        assert stranger.post(path, FIELDS).status_code == 403
    assert not User.objects.exists()
    assert stranger.get(f"/welcome?key={first.key()}").status_code == 200
    assert stranger.post(f"/welcome?key={first.key()}", FIELDS).status_code == 302
    assert User.objects.get().username == "ada"


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_what_a_proxy_on_this_machine_forwards_comes_from_elsewhere(header: str) -> None:
    assert Client().get("/welcome", headers={header: "for=203.0.113.9"}).status_code == 403


@pytest.mark.django_db
def test_the_page_is_gone_once_there_is_an_account() -> None:
    User.objects.create_user("somebody")
    for client in (Client(), Client(**ELSEWHERE)):
        assert client.get(f"/welcome?key={first.key()}")["Location"] == "/"
        assert client.post(f"/welcome?key={first.key()}", FIELDS)["Location"] == "/"
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_several_who_race_one_becomes_the_first() -> None:
    together = threading.Barrier(3)

    def race(name: str) -> None:
        together.wait(timeout=60)
        try:
            Client().post("/welcome", {**FIELDS, "username": name})
        finally:
            connections.close_all()

    threads = [threading.Thread(target=race, args=(name,)) for name in ("ada", "eve", "mal")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert User.objects.count() == 1
    assert Workspace.objects.count() == 1
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_the_log_says_where_the_first_account_is_made_and_only_then() -> None:
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sentri.lifespan.connection", SimpleNamespace(close=lambda: None))
        patched.setattr("sentri.lifespan.log", SimpleNamespace(info=lambda text, where: said.append(text % where)))
        invite_the_first()
        assert said[0].endswith(f"/welcome?key={first.key()}")
        User.objects.create_user("somebody")
        invite_the_first()
        assert len(said) == 1


# --- a superuser is an admin everywhere ---


@pytest.fixture
def root(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def test_a_superuser_of_an_empty_installation_makes_a_project_and_its_workspace(root: Client) -> None:
    home = root.get("/").content.decode()
    assert "Ask an admin" not in home
    assert "New project" in home
    assert 'name="new_workspace"' in root.get("/projects/new").content.decode()
    answer = root.post("/projects/new", {"new_workspace": "Team", "name": "Shop", "url": "https://shop.test"})
    assert root.get(answer["Location"]).status_code == 200
    assert Project.objects.get().workspace.slug == "team"


def test_a_superuser_is_an_admin_of_workspaces_that_they_do_not_belong_to(root: Client) -> None:
    workspace = Workspace.called("Others")
    project = Project.objects.create(workspace=workspace, name="Shop", url="https://shop.test")
    at = f"/projects/{project.public_id}"
    assert "Shop" in root.get("/").content.decode()
    for path in ("", "/settings", "/settings/tokens", "/settings/environments/new", "/tests/new"):
        assert root.get(f"{at}{path}").status_code == 200, path
    assert root.post(f"{at}/crawl").status_code != 403
    me = root.get("/api/v1/me").json()
    assert me["workspaces"] == [{"slug": "others", "name": "Others", "role": "admin"}]
    assert root.get(f"/api/v1{at}").status_code == 200
    assert root.delete(f"/api/v1{at}").status_code in (204, 409)


def test_a_superuser_who_is_a_mere_viewer_of_a_workspace_is_its_admin_all_the_same(root: Client) -> None:
    workspace = Workspace.called("Others")
    Membership.objects.create(workspace=workspace, user=User.objects.get(), role="viewer")
    project = Project.objects.create(workspace=workspace, name="Shop", url="https://shop.test")
    assert root.get(f"/projects/{project.public_id}/settings/tokens").status_code == 200
