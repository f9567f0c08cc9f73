"""An address that the operator does not allow is refused where it is set: 422, and one sentence says what to do."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Environment, Project
from runs.engine.netguard import Guard
from runs.models import Run
from tests.api.conftest import Refusal, World

pytestmark = pytest.mark.django_db

PRIVATE = "http://10.0.0.8:3000/shop"
NOT_OPENED = (
    "This address is not opened: 10.0.0.8 is a private address; whoever runs Sentri can open it:"
    " SENTRI_ALLOWED_PRIVATE_HOSTS has to list 10.0.0.8:3000."
)
NOT_SENT = NOT_OPENED.replace("This address is not opened", "Nothing is sent to this address")


@pytest.fixture(autouse=True)
def closed(settings: Any) -> None:
    settings.GUARD = Guard.configured({"SENTRI_ALLOWED_PRIVATE_HOSTS": "10.0.0.8:8080"})


@pytest.fixture
def staging(world: World) -> Environment:
    return world.environment()


def asked(client: APIClient, method: str, path: str, body: dict[str, Any]) -> Any:
    return getattr(client, method)(path, body, format="json")


PLACES = {
    "a new project": ("post", "/api/v1/projects", {"name": "Blog"}, "url"),
    "a project that moves": ("patch", "/api/v1/projects/{project}", {}, "url"),
    "a new environment": ("post", "/api/v1/projects/{project}/environments", {"name": "preview"}, "base_url"),
    "an environment that moves": ("patch", "/api/v1/projects/{project}/environments/{environment}", {}, "base_url"),
    "the callback of a run": ("post", "/api/v1/projects/{project}/run", {}, "callback_url"),
    "the callback of a crawl": ("post", "/api/v1/projects/{project}/crawl", {}, "callback_url"),
    "the callback of a trigger": ("post", "/api/v1/projects/{project}/trigger", {}, "callbackUrl"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_private_address_is_refused_with_what_has_to_be_listed_and_nothing_is_stored(
    admin: APIClient, world: World, staging: Environment, refused: Refusal, place: str
) -> None:
    method, path, body, field = PLACES[place]
    world.test("approved")
    at = path.format(project=world.project.public_id, environment=staging.public_id)
    before = (list(Project.objects.values()), list(Environment.objects.values()))
    answer = asked(admin, method, at, {**body, field: PRIVATE})
    sentence = NOT_SENT if "callback" in field else NOT_OPENED
    assert refused(answer, 422, "invalid")["errors"] == {field: [sentence]}
    assert (list(Project.objects.values()), list(Environment.objects.values())) == before
    assert not Run.objects.exists()


@pytest.mark.parametrize("place", PLACES)
def test_what_the_operator_lists_is_taken_at_its_port(
    admin: APIClient, world: World, staging: Environment, place: str
) -> None:
    method, path, body, field = PLACES[place]
    world.test("approved")
    at = path.format(project=world.project.public_id, environment=staging.public_id)
    answer = asked(admin, method, at, {**body, field: PRIVATE.replace("3000", "8080")})
    assert answer.status_code in {200, 201, 202}, answer.content


@pytest.mark.parametrize("place", PLACES)
def test_a_name_that_leads_to_a_private_address_is_refused_as_well(
    admin: APIClient, world: World, staging: Environment, refused: Refusal, place: str
) -> None:
    """The machine's own name is in every hosts file; its text says nothing, its address does."""
    method, path, body, field = PLACES[place]
    world.test("approved")
    name = socket.gethostname().lower()
    at = path.format(project=world.project.public_id, environment=staging.public_id)
    answer = asked(admin, method, at, {**body, field: f"http://{name}:3000/"})
    ((sentence,),) = refused(answer, 422)["errors"].values()
    assert sentence.endswith(f"SENTRI_ALLOWED_PRIVATE_HOSTS has to list {name}:3000.")


def test_a_private_site_that_a_password_may_be_typed_into_is_refused(
    admin: APIClient, world: World, refused: Refusal
) -> None:
    credentials = {"username": "ada", "password": "correct horse", "origins": ["http://10.0.0.8:3000"]}
    answer = asked(admin, "patch", world.at(), {"credentials": credentials})
    assert refused(answer, 422)["errors"] == {"credentials.origins[0]": [NOT_OPENED]}


def test_a_preview_address_in_a_trigger_is_refused_with_where_to_put_it(
    admin: APIClient, world: World, refused: Refusal
) -> None:
    """A run goes to its project's address or to an environment's, which are judged where they are set."""
    errors = refused(asked(admin, "post", world.at("/trigger"), {"previewUrl": PRIVATE}), 422)["errors"]
    assert list(errors) == ["previewUrl"]
    assert "Add an environment with this address" in errors["previewUrl"][0]
    assert not Run.objects.exists()
