"""The API describes itself: OpenAPI 3.1, complete, with a page that needs nothing from elsewhere."""

import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

UNDESCRIBED = {"/api/v1/schema", "/api/v1/docs"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS, "the generator warns: run manage.py spectacular --validate"
    return made


def addresses(patterns: Any, before: str = "/") -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found |= addresses(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern) and here.startswith("/api/v1/"):
            found.add(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", here))
    return found


def test_every_address_of_the_api_is_described(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    assert set(schema["paths"]) == addresses(get_resolver().url_patterns) - UNDESCRIBED


def test_every_operation_has_its_own_name_and_says_how_it_refuses(schema: dict[str, Any]) -> None:
    operations = [(method, operation) for methods in schema["paths"].values() for method, operation in methods.items()]
    names = [operation["operationId"] for _, operation in operations]
    assert len(names) == len(set(names))
    for method, operation in operations:
        assert {"401", "403", "404", "422", "429"} <= set(operation["responses"])
        assert operation["responses"]["422"]["content"]["application/problem+json"]
        headers = {given["name"] for given in operation.get("parameters", []) if given["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (method != "get")


def test_references_lead_somewhere(schema: dict[str, Any]) -> None:
    names = set(re.findall(r"'#/components/schemas/([^']+)'", str(schema)))
    assert names
    assert names <= set(schema["components"]["schemas"])


def test_options_of_runs_are_described_with_their_limits(schema: dict[str, Any]) -> None:
    parallel = schema["components"]["schemas"]["RunOrder"]["properties"]["parallel"]
    assert (parallel["minimum"], parallel["maximum"]) == (1, 10)


def test_every_step_is_described_with_its_fields(schema: dict[str, Any]) -> None:
    from runs.engine.steps import STEPS

    parts = schema["components"]["schemas"]
    kinds = parts["TestDocument"]["properties"]["steps"]["items"]["discriminator"]["mapping"]
    assert set(kinds) == set(STEPS)
    for name, kind in STEPS.items():
        said = parts[kinds[name].rpartition("/")[2]]
        assert set(said["properties"]) == {field.alias or key for key, field in kind.model_fields.items()}
        assert said["description"], name
    for component in ("NewTest", "TestDetailOut", "VersionOut"):
        assert parts[component]["properties"]["document"] == {"$ref": "#/components/schemas/TestDocument"}


def test_null_fits_what_may_be_null(schema: dict[str, Any]) -> None:
    """An empty schema takes null as well, so `oneOf` it and null takes no null."""
    assert "[{}, {'type': 'null'}]" not in str(schema)
    parts = schema["components"]["schemas"]
    for component, field in (("TestOut", "reviewed_by"), ("VersionOut", "author"), ("ResultOut", "worker")):
        assert "null" in parts[component]["properties"][field]["type"], field


def test_the_document_is_public_and_said_to_be_json(client: Any) -> None:
    answer = client.get("/api/v1/schema")
    assert answer.status_code == 200
    assert "json" in answer["Content-Type"]
    assert answer.json()["info"]["title"] == "Sentri"


def test_the_page_of_the_documentation_loads_nothing_from_elsewhere(client: APIClient) -> None:
    answer = client.get("/api/v1/docs", HTTP_ACCEPT="text/html")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(loaded) >= 4
    for address in loaded:
        address, _, part = address.partition("#")  # noqa: PLW2901
        if not address:
            assert f'id="{part}"' in text, part
            continue
        assert address.startswith("/"), address
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address
        else:
            assert client.get(address.replace("&amp;", "&")).status_code in (200, 302)
