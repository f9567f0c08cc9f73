"""Every error is a problem of RFC 9457, whatever goes wrong and wherever."""

from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from projects.api.throttles import PerOwner
from tests.api.conftest import Refusal, World


@pytest.mark.parametrize("path", ["/api/", "/api/v1", "/api/v1/", "/api/v2/projects", "/api/v1/projects/", "/api/x"])
def test_addresses_that_do_not_exist_are_problems_too(client: Any, refused: Refusal, path: str) -> None:
    refused(client.get(path), 404, "not_found")


@pytest.mark.parametrize("path", ["/api/v2/projects", "/api/v1/deliveries/x/redeliver", "/api/v1/results/-1"])
@pytest.mark.parametrize("method", ["post", "patch", "delete"])
def test_a_write_to_an_address_that_does_not_exist_is_no_page_about_cookies(
    refused: Refusal, method: str, path: str
) -> None:
    refused(getattr(APIClient(enforce_csrf_checks=True), method)(path), 404, "not_found")


@pytest.mark.parametrize(
    "rest", ["/runs/RUN-1/compare/RUN-2", "/tests/TC-1/code?target=pytest", "/tests/TC-1/history", "/metrics"]
)
def test_what_is_not_built_yet_is_not_there(admin: APIClient, refused: Refusal, rest: str) -> None:
    refused(admin.get(f"/api/v1{rest}"), 404, "not_found")


@pytest.mark.parametrize("body", ["", "{", '{"name": }', "\xff\xfe", "nothing", '{"a": NaN', "[" * 100_000])
def test_a_body_that_is_no_json_is_400(admin: APIClient, refused: Refusal, body: str) -> None:
    answer = admin.post("/api/v1/projects", body.encode("latin-1"), content_type="application/json")
    if body:
        refused(answer, 400, "malformed")
    else:
        assert refused(answer, 422)["errors"]["name"] == ["This is required."]


@pytest.mark.parametrize("body", ["[]", '"text"', "5", "null", "true", '[{"name": "x"}]'])
def test_a_body_that_is_no_object_is_422(admin: APIClient, refused: Refusal, body: str) -> None:
    answer = admin.post("/api/v1/projects", body, content_type="application/json")
    assert refused(answer, 422, "invalid")["errors"] == {"body": ["Write a JSON object."]}


def test_a_body_that_is_too_long_is_413(admin: APIClient, refused: Refusal, settings: Any) -> None:
    body = '{"name": "' + "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + '"}'
    refused(admin.post("/api/v1/projects", body, content_type="application/json"), 413, "too_large")


def test_another_media_type_is_415(admin: APIClient, refused: Refusal) -> None:
    refused(admin.post("/api/v1/projects", "name=x", content_type="application/x-www-form-urlencoded"), 415)
    refused(admin.post("/api/v1/projects", "<a/>", content_type="application/xml"), 415, "unsupported_media_type")


def test_a_representation_that_is_not_to_be_had_is_406(admin: APIClient, refused: Refusal) -> None:
    refused(admin.get("/api/v1/projects", HTTP_ACCEPT="text/csv"), 406, "not_acceptable")


def test_another_method_is_405_and_says_which_are_allowed(admin: APIClient, world: World, refused: Refusal) -> None:
    answer = admin.put(world.at(), {}, format="json")
    refused(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, PATCH, DELETE, HEAD"
    refused(admin.options(world.at()), 405)


def test_too_many_requests_are_429_and_say_when_to_come_back(
    world: World, viewer: APIClient, ci: APIClient, refused: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PerOwner, "THROTTLE_RATES", {"owner": "2/min"})
    assert [viewer.get("/api/v1/projects").status_code for _ in range(2)] == [200, 200]
    answer = viewer.get("/api/v1/projects")
    refused(answer, 429, "throttled")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert ci.get("/api/v1/projects").status_code == 200


def test_a_fault_of_ours_is_a_problem_without_a_traceback(
    world: World, refused: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr("projects.api.projects.visible_to", broken)
    client = world.client("viewer")
    client.raise_request_exception = False
    answer = client.get("/api/v1/projects")
    assert "secret" not in refused(answer, 500, "internal")["detail"]


@override_settings(ALLOWED_HOSTS=["shop.test"])
def test_a_host_that_is_not_ours_is_a_problem(client: Any, refused: Refusal) -> None:
    refused(client.get("/api/v1/projects", HTTP_HOST="evil.test"), 400, "malformed")


@pytest.mark.parametrize("path", ["/api/v1/projects", "/api/v1/runs"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page_size=0", "page_size"),
        ("page_size=201", "page_size"),
        ("page_size=ten", "page_size"),
        ("page_size=1e3", "page_size"),
        ("page_size=99999999999999999999999999", "page_size"),
        ("cursor=nonsense", "cursor"),
        ("cursor=W10", "cursor"),
        ("cursor=" + "x" * 3000, "cursor"),
        ("ordering=password", "ordering"),
        ("ordering=--name", "ordering"),
        ("colour=red", "colour"),
        ("search=%00", "search"),
        ("page_size=1&page_size=2", "page_size"),
        ("%00=1", "\x00"),
    ],
)
def test_a_query_that_means_nothing_is_422_with_the_parameter(
    admin: APIClient, refused: Refusal, path: str, query: str, field: str
) -> None:
    assert set(refused(admin.get(f"{path}?{query}"), 422, "invalid")["errors"]) == {field}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=sleeping", "status"),
        ("kind=x", "kind"),
        ("verdict=maybe", "verdict"),
        ("trigger=moon", "trigger"),
        ("since=yesterday", "since"),
        ("since=2030-01-01T00:00:00", "since"),
        ("project=1", "project"),
        ("project=PRJ-0", "project"),
        ("project=PRJ-99999999999999999999", "project"),
    ],
)
def test_a_filter_of_runs_that_means_nothing_is_422(admin: APIClient, refused: Refusal, query: str, field: str) -> None:
    assert set(refused(admin.get(f"/api/v1/runs?{query}"), 422)["errors"]) == {field}


def test_nobody_on_the_way_keeps_an_answer(admin: APIClient, world: World) -> None:
    assert admin.get(world.at())["Cache-Control"] == "no-store"
    assert admin.get("/api/v1/projects/PRJ-999")["Cache-Control"] == "no-store"
