"""Triggers of CI: bodies in snake_case or in the camelCase of jobs that were written for the Node.js Sentri."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import QA_LEAD
from projects.api.idempotency import idempotent
from projects.api.parsing import checked
from projects.api.problems import Invalid
from projects.models import Project
from runs import reading
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import CrawlOrder, RunOrder
from runs.api.outbound_addresses import judged
from runs.api.serializers import TriggeredOut, TriggerStatusOut
from runs.api.starting import open_crawl, open_run, run_request
from runs.models import Run

DIALS, CRAWLS = "dialsConfig", "trigger_crawl"
# What older jobs call an option, in snake_case, and what it is called here.
OTHER_NAMES = {
    "environment_id": "environment",
    "test_ids": "tests",
    "parallel_workers": "parallel",
    "pr_number": "pull_request",
    "network_condition": "network",
    "explore_mode": "mode",
    "explore_max_states": "max_states",
    "explore_max_depth": "max_depth",
    "explore_max_actions": "max_actions",
    "explore_action_timeout": "action_timeout_ms",
}
OTHER_VALUES: dict[str, dict[Any, Any]] = {
    "mode": {"crawl": "links", "state": "states"},
    "test_count": {"one": 1, "small": 5, "medium": 10, "large": 20, "ai_decides": None},
}
WITHIN_DIALS = frozenset({"approach", "perspectives", "quality", "language", "format", "custom_instructions"})
# What older jobs may send that a trigger does not take, and what to use.
INSTEAD = {
    "preview_url": (
        "Add an environment with this address (POST /api/v1/projects/{project}/environments) and give its id as"
        " environmentId; its secrets are then its own."
    ),
    "installation_id": "The GitHub App stands in the project's channel of kind github; leave this out.",
    "options": "Proposals are always written in full; leave this out.",
}
# Values of pydantic, which drf-spectacular knows by an extension of its own.
ORDERS: Any = [RunOrder, CrawlOrder]
FOR_CRAWLS = "This shapes a crawl, and a trigger runs tests; give triggerCrawl: true beside it, or leave it out."
FOR_RUNS = "This is for test runs, and triggerCrawl asks for a crawl; leave one of the two out."


@dataclass
class Spelled:
    """A body's values by our names, and how the client spelled each of them."""

    values: dict[str, Any] = field(default_factory=dict)
    spelling: dict[str, str] = field(default_factory=dict)

    def put(self, spelling: str, name: str, value: Any) -> None:
        if name in self.values:
            raise Invalid({spelling: f"This is the same as {self.spelling[name]}; give it once."})
        self.values[name], self.spelling[name] = value, spelling

    def named(self, place: str) -> str:
        """A place in our names (`dials.approach`, `tests[0]`) as the client spelled it."""
        # The longest first, since one name may begin another.
        for name in sorted(self.spelling, key=len, reverse=True):
            if re.match(rf"{re.escape(name)}(?![^.\[])", place):
                return f"{self.spelling[name]}{place.removeprefix(name)}"
        return place


class Trigger(RunsEndpoint):
    """For CI: bodies in camelCase or snake_case. The same Idempotency-Key gives the same run, whoever sends it."""

    @extend_schema(
        request=PolymorphicProxySerializer("TriggerOrder", ORDERS, None),
        responses={202: TriggeredOut},
    )
    @judged
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        project_row = self.project(request, project, QA_LEAD)
        spelled = read(dict(request.data), project_row)
        try:
            run = _opened(request, project_row, spelled)
        except Invalid as error:
            # The client knows its fields by the names that it has sent.
            raise Invalid({spelled.named(place): texts for place, texts in error.errors.items()}) from error
        path = f"/api/v1/projects/{project_row.public_id}/trigger/runs/{run.public_id}"
        url = request.build_absolute_uri(path)
        return Response({"runId": run.public_id, "statusUrl": url}, status=202, headers={"Location": url})


def _opened(request: Request, project: Project, spelled: Spelled) -> Run:
    # `idempotent` keeps keys by who sends them. The ledger keeps this one by project, whoever sends it (R5).
    key = request.headers.get("Idempotency-Key")
    if not spelled.values.pop(CRAWLS, False):
        _refuse(spelled, CrawlOrder, RunOrder, FOR_CRAWLS)
        order = checked(RunOrder, spelled.values)
        return open_run(run_request(request, project, order, key), order)
    _refuse(spelled, RunOrder, CrawlOrder, FOR_RUNS)
    crawl = checked(CrawlOrder, _nested(spelled.values))
    return open_crawl(run_request(request, project, crawl, key), crawl)


def _refuse(spelled: Spelled, others: type[BaseModel], ours: type[BaseModel], sentence: str) -> None:
    """Raises Invalid for what only the other kind of run knows."""
    names = {name: name.split(".")[0] for name in spelled.values}
    foreign = {name for name, first in names.items() if first in others.model_fields and first not in ours.model_fields}
    if foreign:
        raise Invalid(dict.fromkeys(foreign, sentence))


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """`dials.approach` and its like as an object."""
    plain = {name: value for name, value in values.items() if "." not in name}
    dials = {name.partition(".")[2]: value for name, value in values.items() if "." in name}
    return plain | ({"dials": dials} if dials else {})


def read(data: Mapping[str, Any], project: Project) -> Spelled:
    """A trigger's body by our names. Raises Invalid, in the client's own spelling, for what it does not take."""
    spelled = Spelled()
    for spelling, inner, value in _flat(data):
        name = _snake(inner)
        if name in INSTEAD:
            raise Invalid({spelling: INSTEAD[name].format(project=project.public_id)})
        name = OTHER_NAMES.get(name, name)
        said = _translated(spelling, name, value)
        if said is not None:
            spelled.put(spelling, f"dials.{name}" if name in WITHIN_DIALS else name, said)
    if not isinstance(spelled.values.get(CRAWLS, False), bool):
        raise Invalid({spelled.spelling[CRAWLS]: "Write true or false."})
    return spelled


def _flat(data: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Spelling, name and value of each field; those of `dialsConfig` beside the others."""
    for name, value in data.items():
        if name != DIALS:
            yield name, name, value
        elif not isinstance(value, Mapping):
            raise Invalid({DIALS: "Write an object."})
        else:
            yield from ((f"{DIALS}.{inner}", inner, said) for inner, said in value.items())


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)


def _translated(spelling: str, name: str, value: Any) -> Any:
    known = OTHER_VALUES.get(name)
    if known is None or not isinstance(value, str) or value in known.values():
        return value
    if value not in known:
        raise Invalid({spelling: f"Must be one of {', '.join(known)}."})
    return known[value]


class TriggerStatus(RunsEndpoint):
    @extend_schema(responses=TriggerStatusOut)
    def get(self, request: Request, project: str, run: str) -> Response:
        project_row = self.project(request, project)
        found = self.run(request, run)
        # The address names this project, so a run of another is not there, whoever may see it.
        if found.project_id != project_row.pk:
            raise Run.DoesNotExist
        counts = reading.counts(found.pk)
        said = {
            "runId": found.public_id,
            "status": found.status,
            "verdict": found.verdict or None,
            "passed": counts.passed,
            "failed": counts.failed,
            "flaky": counts.flaky,
            "skipped": counts.skipped,
            "total": counts.total,
            "coverage": reading.coverage(found) or None,
            "error": found.error or None,
            "gateResult": found.gate_result,
            "webVitalsResult": found.vitals_result,
            "startedAt": found.started_at,
            "finishedAt": found.finished_at,
            "durationMs": found.duration_ms,
            "url": request.build_absolute_uri(f"/runs/{found.public_id}"),
        }
        return Response(TriggerStatusOut(said).data)
