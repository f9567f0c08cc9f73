from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import QA_LEAD, name_of, person
from projects.api.idempotency import idempotent
from projects.api.parsing import body
from projects.api.problems import Conflict, Invalid
from projects.models import Test
from runs import ledger, reading, states
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import Rerun
from runs.api.serializers import RunOut
from runs.api.starting import accepted, trigger_of
from runs.models import Run


class RerunRun(RunsEndpoint):
    @extend_schema(request=Rerun, responses={202: RunOut})
    @idempotent
    def post(self, request: Request, run: str) -> Response:
        asked = body(request, Rerun)
        earlier = self.run(request, run, QA_LEAD)
        if not earlier.is_over:
            raise Conflict("run_not_over", f"{earlier.public_id} is {earlier.status}; wait for its end, or abort it.")
        _check_address(earlier)
        try:
            return accepted(request, _again(earlier, asked.only, request))
        except reading.OptionsInvalid as error:
            raise Conflict("options_invalid", f"{error} Start a new run instead.") from error


class ProveRest(RunsEndpoint):
    @extend_schema(
        request=None,
        responses={202: RunOut},
        description="Opens a crawl that only proves what an ended one has left unproved for want of time.",
    )
    @idempotent
    def post(self, request: Request, run: str) -> Response:
        earlier = self.run(request, run, QA_LEAD)
        _check_address(earlier)
        return accepted(request, ledger.open_proofs(_order(earlier, request), earlier))


def _order(earlier: Run, request: Request) -> ledger.Order:
    return ledger.Order(
        project=earlier.project,
        actor=person(request.user),
        actor_name=name_of(request.user)[:160],
        trigger=trigger_of(request),
        environment=earlier.environment,
        rerun_of=earlier,
        priority=earlier.priority,
    )


def _again(earlier: Run, only: str, request: Request) -> Run:
    order = _order(earlier, request)
    if earlier.kind == "test":
        return ledger.open_test_run(order, reading.run_options(earlier), _tests_of(earlier, only))
    if only == "failed":
        raise Invalid({"only": "A crawl is repeated as a whole; write all."})
    return ledger.open_crawl(order, reading.crawl_options(earlier))


def _tests_of(earlier: Run, only: str) -> list[Test]:
    """The run's tests as they are today, those that are still approved; with `failed`, those that failed."""
    results = earlier.results.exclude(test=None)
    if only == "failed":
        results = results.filter(status=states.FAILED)
    numbers: Any = results.values("test")
    return list(earlier.project.tests.approved().filter(pk__in=numbers))


def _check_address(earlier: Run) -> None:
    """Raises Conflict where the run's environment is gone: a run never turns silently to another address."""
    if earlier.environment is None and earlier.site["base_url"] != earlier.project.url:
        address = earlier.site["base_url"]
        raise Conflict(
            "environment_gone",
            f"{earlier.public_id} tested {address}, which the project does not know any more; start a new run instead.",
        )
