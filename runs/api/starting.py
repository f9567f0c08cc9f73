"""Crawls and test runs are asked for here; the ledger queues them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import QA_LEAD, CiPrincipal, name_of, person
from projects.accounts import unknown_roles
from projects.api.etags import check_match
from projects.api.idempotency import idempotent
from projects.api.parsing import body, checked
from projects.api.problems import Conflict, Invalid
from projects.models import ApiToken, Environment, Project, Test
from projects.models.public import number_of
from runs import ledger
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import CrawlOrder, OneTestOrder, RunOrder, TestOrder, given
from runs.api.outbound_addresses import judged
from runs.api.runs import described
from runs.api.serializers import RunOut
from runs.engine.plan import CrawlOptions, RunOptions
from runs.models import Run

QUARANTINE = "quarantine"
MOST_TAGS_SHOWN = 20


class StartCrawl(RunsEndpoint):
    @extend_schema(request=CrawlOrder, responses={202: RunOut})
    @judged
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        order = body(request, CrawlOrder)
        project_row = self.project(request, project, QA_LEAD)
        return accepted(request, open_crawl(run_request(request, project_row, order), order))


class StartRun(RunsEndpoint):
    @extend_schema(request=RunOrder, responses={202: RunOut})
    @judged
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        order = body(request, RunOrder)
        project_row = self.project(request, project, QA_LEAD)
        return accepted(request, open_run(run_request(request, project_row, order), order))


class StartTest(RunsEndpoint):
    @extend_schema(request=OneTestOrder, responses={202: RunOut})
    @judged
    @idempotent
    def post(self, request: Request, test: str) -> Response:
        order = body(request, OneTestOrder)
        row = self.test(request, test, QA_LEAD)
        check_match(request, row)
        if row.review_status != "approved":
            if not order.trial:
                to_do = "approve it before it is run, or try it with trial: true"
                raise Conflict("not_approved", f"{row.public_id} is {row.review_status}; {to_do}.")
        elif order.trial:
            raise Invalid({"trial": f"{row.public_id} is approved: it is run, not tried."})
        options = merged(RunOptions, row.project.settings.get("run", {}), order)
        asking = replace(run_request(request, row.project, order), named=True, scope={"by": "tests"})
        if order.trial:
            asking = replace(asking, trigger=ledger.TRIAL)
        run = ledger.open_test_run(asking, options, [row])
        return accepted(request, run)


def open_crawl(request: ledger.RunRequest, order: CrawlOrder) -> Run:
    """Raises Invalid for roles that the project does not have."""
    options = merged(CrawlOptions, request.project.settings.get("crawl", {}), order)
    # The ledger refuses it too, but as a conflict that names no field.
    unknown = unknown_roles(request.project, options.roles)
    if unknown:
        raise Invalid({"roles": unknown})
    # A crawl would say in its log alone that it does not read it.
    elsewhere = options.openapi_elsewhere(request.environment.base_url if request.environment else request.project.url)
    if elsewhere:
        raise Invalid({"openapi": elsewhere})
    return ledger.open_crawl(request, options)


def open_run(request: ledger.RunRequest, order: RunOrder) -> Run:
    """Raises Invalid for tests that cannot be run by name; Refused(no_tests) where nothing is left to run."""
    options = merged(RunOptions, request.project.settings.get("run", {}), order)
    # Who asks for the tag quarantine means what is in it.
    named = order.tests is not None or QUARANTINE in (order.tags or ())
    return ledger.open_test_run(
        replace(request, named=named, scope=scope_of(order)), options, chosen(request.project, order)
    )


def scope_of(order: RunOrder) -> dict[str, Any]:
    """How the tests of an order are chosen, to be told with what comes of them."""
    if order.tests is not None:
        return {"by": "tests"}
    return {"by": "tags", "tags": list(order.tags)} if order.tags is not None else {"by": "all"}


def chosen(project: Project, order: RunOrder) -> Sequence[Test]:
    approved = project.tests.approved()
    if order.tests is not None:
        return _named(project, order.tests)
    if order.tags is not None:
        return _tagged(project, approved, order.tags)
    return list(approved)


def _tagged(project: Project, approved: Iterable[Test], tags: Sequence[str]) -> list[Test]:
    """Approved tests with any of the tags. Raises Invalid for a tag that no test has, and where none is approved."""
    # Read here, since Django cannot ask SQLite what a list in JSON contains.
    known = {tag for document in project.tests.alive().values_list("document", flat=True) for tag in tags_of(document)}
    wrong = {f"tags[{index}]": _unknown_tag(tag, known) for index, tag in enumerate(tags) if tag not in known}
    if wrong:
        raise Invalid(wrong)
    found = [test for test in approved if not tags_of(test.document).isdisjoint(tags)]
    if not found:
        raise Invalid({"tags": f"No approved test is tagged {' or '.join(tags)}; approve one in the review queue."})
    return found


def _unknown_tag(tag: str, known: Collection[str]) -> str:
    shown = sorted(known)[:MOST_TAGS_SHOWN]
    more = f" and {len(known) - len(shown)} more" if len(known) > len(shown) else ""
    there = f"there are {', '.join(shown)}{more}" if shown else "no test has tags"
    return f"No test is tagged “{tag}”; {there}."


def tags_of(document: Mapping[str, Any]) -> set[str]:
    return set(document.get("tags", ()))


def _named(project: Project, names: Sequence[str]) -> list[Test]:
    numbers = {index: number_of(Test.PREFIX, name) for index, name in enumerate(names)}
    known = project.tests.alive().in_bulk([number for number in numbers.values() if number is not None])
    wrong: dict[str, str] = {}
    for index, number in numbers.items():
        test = known.get(number) if number is not None else None
        if test is None:
            wrong[f"tests[{index}]"] = f"The project has no test {names[index]}."
        elif test.review_status != "approved":
            wrong[f"tests[{index}]"] = f"{names[index]} is {test.review_status}; approve it before it is run."
    if wrong:
        raise Invalid(wrong)
    # A test that is named twice runs once.
    return [known[number] for number in dict.fromkeys(numbers.values()) if number is not None]


def merged(options: Any, defaults: dict[str, Any], overrides: Any) -> Any:
    """The project's defaults with what was asked for over them."""
    return checked(options, defaults | given(overrides, options))


def run_request(
    request: Request, project: Project, order: CrawlOrder | TestOrder, key: str | None = None
) -> ledger.RunRequest:
    """Who asks, for what, against which environment. Raises Invalid for an environment that is not the project's."""
    row, environment = None, order.environment
    if environment is not None:
        number = number_of(Environment.PREFIX, environment)
        row = project.environments.filter(pk=number).first() if number else None
        if row is None:
            raise Invalid({"environment": f"The project has no environment {environment}."})
    return ledger.RunRequest(
        project=project,
        actor=person(request.user),
        actor_name=name_of(request.user)[:160],
        trigger=trigger_of(request),
        environment=row,
        idempotency_key=key,
        priority=order.priority,
        callback_url=order.callback_url or "",
        commit=order.commit() if isinstance(order, RunOrder) else {},
    )


def trigger_of(request: Request) -> str:
    user: Any = request.user
    if isinstance(user, CiPrincipal):
        return "ci"
    return "api" if isinstance(request.auth, ApiToken) else "person"


def accepted(request: Request, run: Run) -> Response:
    """202 with the queued run."""
    location = request.build_absolute_uri(f"/api/v1/runs/{run.public_id}")
    return Response(described([run])[0], status=202, headers={"Location": location})
