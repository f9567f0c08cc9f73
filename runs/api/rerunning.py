from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import QA_LEAD, name_of, person
from projects.api.idempotency import idempotent
from projects.api.parsing import body
from projects.api.problems import Invalid
from runs import ledger
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import Rerun
from runs.api.serializers import RunOut
from runs.api.starting import accepted, trigger_of
from runs.models import Run


class RerunRun(RunsEndpoint):
    """With the address, headers, variables and versions of tests that the run had, or with those of today."""

    @extend_schema(request=Rerun, responses={202: RunOut})
    @idempotent
    def post(self, request: Request, run: str) -> Response:
        rerun = body(request, Rerun)
        earlier = self.run(request, run, QA_LEAD)
        if earlier.kind == "crawl" and rerun.only == "failed":
            raise Invalid({"only": "A crawl is repeated as a whole; write all."})
        failed, now = rerun.only == "failed", rerun.values == "now"
        return accepted(request, ledger.repeat(earlier, _by(request, earlier), only_failed=failed, as_now=now))


class ProveRest(RunsEndpoint):
    @extend_schema(
        request=None,
        responses={202: RunOut},
        description="Opens a crawl that only proves what an ended one has left unproved for want of time.",
    )
    @idempotent
    def post(self, request: Request, run: str) -> Response:
        earlier = self.run(request, run, QA_LEAD)
        return accepted(request, ledger.prove_rest(earlier, _by(request, earlier)))


def _by(request: Request, earlier: Run) -> ledger.RunRequest:
    """Who repeats the run."""
    return ledger.RunRequest(
        project=earlier.project,
        actor=person(request.user),
        actor_name=name_of(request.user)[:160],
        trigger=trigger_of(request),
    )
