"""Every operation, asked by every role: no fault of ours, and every answer is as the OpenAPI document describes it."""

import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import World
from tests.api.rows import ids_of_rows
from tests.api.test_access import CALLS, OWN, Call
from tests.receivers import receiver

WHO = ("viewer", "qa_lead", "admin", "ci", "stranger", None)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
EXAMPLES = 5


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A request would close the connection that holds the test's transaction, as it ends its own."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@cache
def described() -> Any:
    schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
    schema.app = get_wsgi_application()
    return schema


@pytest.mark.parametrize("who", WHO, ids=lambda who: who or "nobody")
def test_answers_are_as_described(world: World, who: str | None) -> None:
    rows = ids_of_rows(world)
    headers = {"Authorization": f"Bearer {world.token(who)}"} if who else {}
    rows["run"] = rows["crawl" if who in ("viewer", "admin") else "run"]
    operations = [found.ok() for found in described().get_all_operations()]
    assert len(operations) >= 60
    assert [fault for operation in operations for fault in faults(operation, rows, headers)] == []


def faults(operation: Any, rows: Mapping[str, str], headers: Mapping[str, str]) -> list[str]:
    """What is wrong with the answers to some calls, sound and unsound ones, of rows that exist and that do not."""
    found: list[str] = []

    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in MODES)), known=st.booleans())
    @seed(1)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any, known: bool) -> None:
        if known:
            case.path_parameters = {name: rows.get(name, value) for name, value in case.path_parameters.items()}
        with transaction.atomic():
            answer = case.call(headers=dict(headers))
            transaction.set_rollback(True)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            found.extend(f"{operation.label}: {fault} {case.as_curl_command()}" for fault in group.exceptions)

    ask()
    return found[:3]


def test_every_operation_that_reads_answers_what_it_is_asked_for(world: World) -> None:
    """Calls that are made up meet rows that exist too seldom to look at what such an answer holds."""
    rows = ids_of_rows(world)
    of_a_crawl = {**rows, "run": rows["crawl"]}
    headers = {"Authorization": f"Bearer {world.token('admin')}"}
    found: dict[str, str] = {}
    for operation in (result.ok() for result in described().get_all_operations()):
        if operation.method.upper() != "GET":
            continue
        names = [parameter.name for parameter in operation.path_parameters]
        for ids in (rows, of_a_crawl):
            case = operation.Case(path_parameters={name: ids.get(name, "-") for name in names})
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=CHECKS)
            found.setdefault(operation.label, answer.text)
            if answer.status_code == 200:
                found[operation.label] = ""
    assert len(found) >= 30
    assert {label: said for label, said in found.items() if said} == {}


def test_every_operation_that_writes_answers_as_described_where_it_does_its_work(world: World) -> None:
    """Bodies that are made up are sound too seldom: here each is one that succeeds."""
    left = {found.label: found for found in (result.ok() for result in described().get_all_operations())}
    left = {label: operation for label, operation in left.items() if operation.method.upper() != "GET"}
    assert len(left) >= 40
    token = world.token("admin")
    with receiver() as heard:
        calls: list[Call] = [*(call for _, call in CALLS.values()), *OWN.values(), partial(try_channel, heard.url)]
        for call in calls:
            with transaction.atomic():
                method, path, body = call(world)
                operation = next(
                    (one for one in left.values() if one.method == method and matches(one, path) is not None), None
                )
                if operation is not None:
                    case = operation.Case(
                        path_parameters=matches(operation, path),
                        headers={"Authorization": f"Bearer {token}"},
                        **({} if body is None else {"body": body, "media_type": "application/json"}),
                    )
                    answer = case.call()
                    assert answer.status_code in (200, 201, 202, 204), (operation.label, answer.text)
                    case.validate_response(answer, checks=CHECKS)
                    del left[operation.label]
                transaction.set_rollback(True)
    assert list(left) == []


def try_channel(url: str, world: World) -> tuple[str, str, Any]:
    made = world.project.channels.create(kind="webhook", name="Hook", settings={"url": url})
    return "post", world.at(f"/channels/{made.public_id}/test"), {}


def matches(operation: Any, path: str) -> dict[str, str] | None:
    """The parameters that make the operation's address this path; None where it is another one's."""
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(operation.full_path))
    found = re.fullmatch(pattern, path)
    return found and found.groupdict()
