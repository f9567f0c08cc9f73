"""Documents of APIs: what is read of them, what is tried, and what is said about those that cannot be used."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from runs.engine.events import PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, ResponseFacts
from runs.engine.generate.openapi.completing import completed
from runs.engine.generate.openapi.finding import linked
from runs.engine.generate.openapi.operations import Operation, UnreadableDocument, filled, read
from runs.engine.generate.openapi.references import Schemas
from runs.engine.generate.planned_cases import chosen
from runs.engine.generate.proposals import contract
from runs.engine.generate.propose import propose
from runs.engine.plan import CrawlOptions
from runs.engine.steps.document import InvalidDocument, parse
from runs.engine.traffic import infer, promise
from tests.engine.generate import snapshots as literal

ORIGIN = literal.SITE
PET = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "name": {"type": "string", "pattern": "^(a+)+$"},
        "friend": {"$ref": "#/components/schemas/Pet"},
        "nick": {"type": "string", "nullable": True},
    },
}
OPENAPI: dict[str, Any] = {
    "openapi": "3.0.3",
    "servers": [{"url": "/v1"}],
    "paths": {
        "/pets": {
            "get": {
                "parameters": [
                    {"name": "status", "in": "query", "required": True, "schema": {"enum": ["sold", "free"]}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}
                            }
                        }
                    },
                    "400": {"description": "no status"},
                },
            },
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewPet"}}},
                },
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}
                },
            },
        },
        "/pets/{petId}": {
            "parameters": [{"$ref": "#/components/parameters/PetId"}],
            "get": {"responses": {"200": {"description": "a pet"}, "404": {"description": "none"}}},
            "delete": {"responses": {"204": {"description": "gone"}}},
        },
        "/account/delete": {"get": {"responses": {"200": {"description": "oh"}}}},
    },
    "components": {
        "parameters": {
            "PetId": {"name": "petId", "in": "path", "required": True, "example": 7, "schema": {"type": "integer"}}
        },
        "schemas": {
            "Pet": PET,
            "NewPet": {
                "type": "object",
                "required": ["name", "kind"],
                "properties": {"name": {"type": "string"}, "kind": {"type": "string", "enum": ["cat", "dog"]}},
            },
        },
    },
}
SWAGGER = """
swagger: "2.0"
basePath: /v1
paths:
  /pets/{petId}:
    get:
      parameters:
        - {name: petId, in: path, required: true, type: integer}
      responses:
        "200": {description: a pet, schema: {$ref: "#/definitions/Pet"}}
definitions:
  Pet: {type: object, required: [id], properties: {id: {type: integer}}}
"""


def operations(document: dict[str, Any] = OPENAPI) -> dict[str, Operation]:
    return {f"{one.method} {one.path}": one for one in read(json.dumps(document), ORIGIN)}


def site(options: CrawlOptions | None = None) -> Crawled:
    return replace(literal.crawled(literal.page("/"), options=options), contract=tuple(operations().values()))


def cases(options: CrawlOptions | None = None) -> dict[str, CaseSpec]:
    return {case.key: case for case in contract.cases(site(options))}


def test_what_the_api_promises_is_tried_whatever_page_has_changed_and_needs_a_page() -> None:
    found, _ = chosen(site(), frozenset())
    assert {case.family for case in found} == {"contract"}
    assert list(contract.cases(replace(site(), pages=()))) == []


def answered(case: CaseSpec, status: int, mismatch: str = "", body: Any = None) -> Observation:
    shape = None if body is None else infer(body)
    answer = ResponseFacts(status=status, content_type="application/json", shape=shape, mismatch=mismatch)
    return Observation(case=case, answer=answer)


def drafts(*seen: Observation) -> list[Draft]:
    return list(contract.tests(site(), seen))


def test_a_document_in_json_is_read_with_its_base_parameters_and_schemas() -> None:
    found = operations()
    assert set(found) == {
        "GET /v1/pets",
        "POST /v1/pets",
        "GET /v1/pets/{petId}",
        "DELETE /v1/pets/{petId}",
        "GET /v1/account/delete",
    }
    assert filled(found["GET /v1/pets"]) == "/v1/pets?status=sold"
    assert filled(found["GET /v1/pets/{petId}"]) == "/v1/pets/7"
    assert found["POST /v1/pets"].body == {"name": "Sentri {{random.digits(6)}}", "kind": "cat"}


def test_swagger_in_yaml_is_read_as_well() -> None:
    (one,) = read(SWAGGER, ORIGIN)
    assert (one.method, one.path, filled(one)) == ("GET", "/v1/pets/{petId}", "/v1/pets/1")
    assert one.success() == (200, {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"application/problem+json": {"schema": {"type": "object"}}}, {"type": "object"}),
        ({"application/json; charset=utf-8": {"schema": {"type": "array"}}}, {"type": "array"}),
        ({"*/*": {"schema": {"type": "array"}}}, {"type": "array"}),
        ({"*/*": {"schema": {"type": "string"}}}, {}),
        ({"text/html": {"schema": {"type": "string"}}}, {}),
    ],
)
def test_what_is_answered_as_json_is_known_by_any_of_its_names(
    content: dict[str, Any], expected: dict[str, Any]
) -> None:
    one = operations({"openapi": "3.0.0", "paths": {"/a": {"get": {"responses": {"200": {"content": content}}}}}})
    assert one["GET /a"].success() == (200, expected)


def test_of_a_secret_only_the_name_is_kept() -> None:
    given = {"type": "object", "properties": {"apiKey": {"enum": ["CANARY"]}, "pet": {"properties": {"token": {}}}}}
    assert Schemas({}).schema(given)["properties"] == {"apiKey": {}, "pet": {"properties": {"token": {}}}}


SEEN = promise(infer({"id": 1, "note": None, "friend": {"name": "Rex"}, "tags": [{"word": "old"}], "more": True}))
NAMES = {name: {"type": "string"} for name in ("name", "word")}


@pytest.mark.parametrize(
    ("documented", "expected"),
    [
        ({}, SEEN),
        ({"type": "object", "additionalProperties": {}}, SEEN),
        ({"type": "array", "items": {"type": "object"}}, SEEN),
        ({"type": "integer"}, {"type": "integer"}),
        ({"properties": {"id": {}, "gone": {}}}, {"properties": {"id": {}, "gone": {}}, "required": ["id"]}),
        ({"properties": {"id": {}}, "required": []}, {"properties": {"id": {}}, "required": []}),
        (
            {"properties": {"friend": {"properties": NAMES}, "tags": {"items": {"properties": NAMES}}}},
            {
                "properties": {
                    "friend": {"properties": NAMES, "required": ["name"]},
                    "tags": {"items": {"properties": NAMES, "required": ["word"]}},
                },
                "required": ["friend", "tags"],
            },
        ),
    ],
)
def test_what_a_description_leaves_open_is_filled_in_with_what_was_seen(
    documented: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert completed(documented, SEEN) == expected
    assert completed(documented, {}) == documented


def test_the_same_document_says_the_same_in_json_and_yaml() -> None:
    assert read(yaml.safe_dump(OPENAPI, sort_keys=False), ORIGIN) == read(json.dumps(OPENAPI), ORIGIN)


def test_what_contains_itself_ends() -> None:
    schema = Schemas(OPENAPI).schema({"$ref": "#/components/schemas/Pet"})
    assert schema["properties"]["friend"] == {}
    assert "pattern" not in schema["properties"]["name"]
    assert schema["properties"]["nick"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    loop = {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}
    assert Schemas(loop).schema({"$ref": "#/a"}) == {}
    wide: dict[str, Any] = {f"s{n}": {"properties": {k: {"$ref": f"#/s{n + 1}"} for k in "abcdef"}} for n in range(12)}
    assert len(json.dumps(Schemas(wide).schema({"$ref": "#/s0"}))) < 200_000


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "neither JSON nor YAML"),
        ("a: [", "neither JSON nor YAML"),
        ("[]", "it is no object"),
        ('{"paths": {}}', "does not say its version"),
        ('{"openapi": "4.0.0", "paths": {}}', "its version is 4.0.0"),
        ('{"openapi": "3.1.0"}', "it describes no paths"),
        ('{"openapi": "3.1.0", "paths": {"/a": {"put": {}}}}', "none of its operations can be tried"),
        ('{"openapi": "3.0.0", "servers": [{"url": "https://other.example/v1"}], "paths": {"/a": {}}}', "another site"),
        ('{"swagger": "2.0", "host": "other.example", "paths": {"/a": {}}}', "another site"),
    ],
)
def test_a_document_that_cannot_be_used_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UnreadableDocument, match=sentence):
        read(text, ORIGIN)


def test_reads_are_tried_with_what_fits_and_with_what_does_not() -> None:
    found = cases()
    assert set(found) == {
        "reads GET /v1/pets",
        "reads GET /v1/pets/{petId}",
        "unknown GET /v1/pets/{petId}",
        "lacking GET /v1/pets",
        "pair POST /v1/pets",
    }
    unknown = found["unknown GET /v1/pets/{petId}"].fetch
    assert unknown == {"do": "request", "method": "GET", "path": "/v1/pets/987654321"}


def test_what_writes_is_made_and_deleted_again_and_only_where_that_is_allowed() -> None:
    pair = cases()["pair POST /v1/pets"]
    assert pair.writes
    assert pair.steps[0]["save"] == {"created": "$.id"}
    assert (pair.fetch or {})["path"] == "/v1/pets/{{created}}"
    for options in (CrawlOptions(read_only=True), CrawlOptions(clean_up=False)):
        assert not [case for case in cases(options).values() if case.writes]


def test_what_answers_as_documented_becomes_a_test_and_its_refusals_too() -> None:
    found = cases()
    good, pair, missing = drafts(
        answered(found["reads GET /v1/pets"], 200),
        answered(found["pair POST /v1/pets"], 204),
        answered(found["unknown GET /v1/pets/{petId}"], 404, body={"detail": "no such pet"}),
    )
    for one in (good, pair, missing):
        parse(one.document)
    assert good.document["steps"][0]["expect"]["schema"]["type"] == "array"
    assert [step["method"] for step in pair.document["steps"]] == ["POST", "DELETE"]
    assert missing.tone == "negative"
    assert parse(missing.document).steps[0].sentence().endswith("; the answer is 404 and has detail (text)")


def test_what_the_description_says_nothing_of_is_expected_as_it_was_seen() -> None:
    case = cases()["reads GET /v1/pets/{petId}"]
    (draft,) = drafts(answered(case, 200, body={"id": 7, "name": "Rex"}))
    assert parse(draft.document).steps[0].sentence().endswith("the answer is 200 and has id (number) and name (text)")


def test_what_answers_otherwise_is_told_and_is_no_test() -> None:
    broken = answered(cases()["reads GET /v1/pets"], 500, "Expected status 200, but the answer was 500")
    assert not drafts(broken)
    logs = [log.message for log in propose(site(), [broken], []).logs]
    assert any(line.startswith("GET /v1/pets answers otherwise than the API is described") for line in logs)


def test_an_unknown_id_that_is_answered_all_the_same_is_no_test() -> None:
    assert not drafts(answered(cases()["unknown GET /v1/pets/{petId}"], 200))


def test_documents_that_pages_link_to_are_found() -> None:
    page = PageSnapshot(
        url=f"{ORIGIN}/docs",
        path="/docs",
        actions=(literal.link("API", "/static/openapi.yaml"), literal.link("UI", "/swagger/index.html")),
    )
    assert linked([page]) == ["/static/openapi.yaml"]


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ({"type": "no such type"}, "no JSON Schema"),
        ({"$ref": "https://other.example/schema.json"}, "may only refer to its own parts"),
    ],
)
def test_a_schema_that_cannot_be_applied_is_refused_in_the_document(schema: dict[str, Any], sentence: str) -> None:
    step = {"do": "request", "path": "/api", "expect": {"schema": schema}}
    with pytest.raises(InvalidDocument, match=sentence):
        parse({"title": "x", "kind": "api", "steps": [step]})
