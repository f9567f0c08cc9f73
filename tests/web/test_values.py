"""The pages of headers and variables, secret ones among them."""

import re

import pytest

from projects.models import Activity, Environment
from tests.web.conftest import World

SECRETS = {"secret_headers": "X-Key: k3y-of-the-site", "secret_variables": "api_key=k3y-for-the-api"}


def post(world: World, who: str = "admin", **data: object) -> object:
    return world.client(who).post(world.at("/settings/values"), data)


def test_headers_and_variables_are_kept_and_secret_ones_never_shown(world: World) -> None:
    answer = post(world, headers="X-Team: qa", variables="currency=EUR", **SECRETS)
    assert answer.status_code == 302  # type: ignore[attr-defined]
    world.project.refresh_from_db()
    assert (world.project.headers, world.project.variables) == ({"X-Team": "qa"}, {"currency": "EUR"})
    assert world.project.names_of("header ") == ["X-Key"]
    text = world.client("admin").get(world.at("/settings/values")).content.decode()
    assert "header X-Key, for http://shop.test" in text
    assert not re.search("k3y-", text)
    assert Activity.objects.filter(verb="secret entered").count() == 2
    post(world, headers="X-Team: qa", variables="", taken=["header X-Key"])
    world.project.refresh_from_db()
    assert list(world.project.origins) == ["variable api_key"]
    assert Activity.objects.filter(verb="secret taken away").count() == 1


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("headers", "X Y: a", "is not the name of a header"),
        ("headers", "X-A: 1\nx-a: 2", "Line 2 names x-a again; write each name once."),
        ("headers", "authorization: Bearer abc", "give it as a secret header, which is kept encrypted"),
        ("variables", "=1", "Line 1 is not of the form name=value"),
        ("variables", "1x=1", "is not a name"),
        ("secret_headers", "X-Key: abc", "at least 4 characters"),
        ("secret_variables", "a=password", "ordinary word"),
        ("secret_headers", "X-A: abcdef\nX-A: ghijkl", "Line 2 names X-A again"),
        ("secret_headers", "nonsense", "Line 1 is not of the form name:value"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_and_nothing_is_kept(
    world: World, field: str, text: str, sentence: str
) -> None:
    answer = post(world, **{"headers": "", "variables": "", field: text})
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert sentence in answer.content.decode()  # type: ignore[attr-defined]
    world.project.refresh_from_db()
    assert (world.project.headers, world.project.variables, world.project.origins) == ({}, {}, {})


def test_a_name_is_either_secret_or_not(world: World) -> None:
    post(world, headers="X-Key: plain", variables="")
    post(world, headers="X-Key: plain", variables="", secret_headers="X-Key: k3y-of-the-site")
    world.project.refresh_from_db()
    assert (world.project.headers, world.project.names_of("header ")) == ({}, ["X-Key"])
    answer = post(world, headers="x-key: plain", variables="")
    assert "x-key is a secret one already" in answer.content.decode()  # type: ignore[attr-defined]


def test_qa_leads_change_what_is_open_and_viewers_see_no_value_of_a_header(world: World) -> None:
    post(world, headers="X-Team: for-reviewers", variables="currency=EUR", **SECRETS)
    lead = world.client("qa_lead").get(world.at("/settings/values")).content.decode()
    assert "for-reviewers" in lead
    assert 'name="secret_headers"' not in lead
    post(world, "qa_lead", headers="X-Team: new", variables="", secret_headers="X-Other: not-to-be-kept")
    world.project.refresh_from_db()
    assert (world.project.headers, world.project.names_of("header ")) == ({"X-Team": "new"}, ["X-Key"])
    viewer = world.client("viewer").get(world.at("/settings/values")).content.decode()
    assert "X-Team" in viewer
    assert "X-Key" in viewer
    assert ">new<" not in viewer
    assert post(world, "viewer", headers="").status_code == 403  # type: ignore[attr-defined]


def test_an_environment_has_secret_ones_of_its_own(world: World) -> None:
    data = {"name": "staging", "base_url": "https://s.example", "headers": "", "variables": "", **SECRETS}
    world.client("admin").post(world.at("/settings/environments/new"), data)
    row = Environment.objects.get()
    assert row.origins == {"header X-Key": ["https://s.example"], "variable api_key": ["https://s.example"]}
    at = world.at(f"/settings/environments/{row.public_id}")
    moved = {"name": "staging", "base_url": "https://t.example", "headers": "", "variables": ""}
    answer = world.client("qa_lead").post(at, moved, follow=True)
    assert "The header X-Key was entered for https://s.example" in answer.content.decode()
    back = world.client("admin").post(at, {**moved, "secrets_follow": "on"}, follow=True)
    row.refresh_from_db()
    assert row.strange("https://t.example") == {}
    assert back.status_code == 200


def test_a_project_that_moves_leaves_its_secrets_or_takes_them_along(world: World) -> None:
    post(world, headers="", variables="", **SECRETS)
    at, data = world.at("/settings"), {"part": "project", "name": "Shop", "url": "https://new.example"}
    text = world.client("qa_lead").post(at, data, follow=True).content.decode()
    assert "The variable api_key was entered for http://shop.test, and may not be sent to https://new.example." in text
    world.client("qa_lead").post(at, {**data, "url": "http://shop.test", "secrets_follow": "on"})
    admin = world.client("admin").post(at, {**data, "secrets_follow": "on"}, follow=True).content.decode()
    assert "may not be sent to" not in admin
    world.project.refresh_from_db()
    assert world.project.origins["header X-Key"] == ["http://shop.test", "https://new.example"]
    assert Activity.objects.filter(verb="address changed").count() == 3
