"""Who works, on what, what waits and why: the whole cluster on one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from projects.models import Project
from projects.place import Request, page
from runs import heartbeats, states
from runs.models import Delivery, Lease, Run, Worker

MOST = 50


@dataclass(frozen=True)
class Known:
    """A run as the person may see it: its name and title, or that it belongs to another workspace."""

    visible: bool
    public_id: str = ""
    project: str = ""


@dataclass(frozen=True)
class Doing:
    run: Known
    title: str
    seconds: float

    @property
    def milliseconds(self) -> int:
        return int(self.seconds * 1000)


@dataclass(frozen=True)
class WorkerLine:
    worker: Worker
    state: str
    doing: Sequence[Doing]


@dataclass(frozen=True)
class LeaseLine:
    lease: Lease
    run: Known
    renewed_ms: int
    expires_ms: int


@dataclass(frozen=True)
class RunLine:
    """A run that nobody has begun, with the reason."""

    run: Run
    known: Known
    why: str


@dataclass(frozen=True)
class DeliveryLine:
    delivery: Delivery
    known: Known


@page
def cluster(request: Request) -> HttpResponse:
    context = {"here": "cluster", **_standing(request.user)}
    return render(request, "runs/_cluster.html" if request.htmx else "runs/cluster.html", context)


def _standing(user: Any) -> dict[str, Any]:
    now = timezone.now()
    workers = list(Worker.objects.all()[: 4 * MOST])
    open_leases = Lease.objects.filter(state=states.OPEN)
    leases = list(open_leases.select_related("shard").order_by("opened_at")[:MOST])
    queued = Run.objects.filter(status=states.QUEUED)
    waiting = list(queued.select_related("project").order_by("-priority", "pk").defer("options", "site")[:MOST])
    owed = Delivery.objects.filter(state=states.OWED)
    deliveries = list(owed.order_by("next_try_at")[:MOST])
    numbers = {entry["run"] for worker in workers for entry in worker.doing}
    numbers |= {lease.shard.run_id for lease in leases} | {run.pk for run in waiting}
    known = _known(user, numbers | {delivery.run_id for delivery in deliveries})
    lines = [_worker_line(worker, known, now) for worker in workers]
    tally = Counter(line.state for line in lines)
    return {
        "workers": lines,
        "tally": [(state, tally[state]) for state in heartbeats.STATES if tally[state] or state == heartbeats.FIT],
        "leases": [_lease_line(lease, known, now) for lease in leases],
        "waiting": _run_lines(waiting, known),
        "deliveries": [DeliveryLine(delivery, known[delivery.run_id]) for delivery in deliveries],
        "counts": {"leases": open_leases.count(), "waiting": queued.count(), "owed": owed.count()},
        "most": MOST,
    }


def _known(user: Any, numbers: Iterable[int]) -> dict[int, Known]:
    """What the person may know of runs, by number."""
    wanted = set(numbers)
    seen = Run.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", "project__name")
    hidden = dict.fromkeys(wanted, Known(visible=False))
    return hidden | {number: Known(True, f"{Run.PREFIX}-{number}", name) for number, name in seen}


def _worker_line(worker: Worker, known: dict[int, Known], now: datetime) -> WorkerLine:
    state = heartbeats.state_of(worker, now)
    # What a silent worker said last is no news any more.
    said = [] if state in (heartbeats.SILENT_STATE, heartbeats.GONE_STATE) else worker.doing
    doing = [
        Doing(known[entry["run"]], entry["title"], (now - datetime.fromisoformat(entry["since"])).total_seconds())
        for entry in said
    ]
    return WorkerLine(worker, state, doing)


def _lease_line(lease: Lease, known: dict[int, Known], now: datetime) -> LeaseLine:
    renewed, expires = (now - lease.renewed_at).total_seconds(), (lease.expires_at - now).total_seconds()
    return LeaseLine(lease, known[lease.shard.run_id], int(max(renewed, 0) * 1000), int(max(expires, 0) * 1000))


def _run_lines(waiting: Sequence[Run], known: dict[int, Known]) -> list[RunLine]:
    nobody = _nobody_takes_runs()
    full = _full({run.project_id: run.project for run in waiting})
    return [RunLine(run, known[run.pk], nobody or full.get(run.project_id, "waits for a worker")) for run in waiting]


def _nobody_takes_runs() -> str:
    if not heartbeats.living().exists():
        return "no worker is there"
    return "no worker has a browser" if heartbeats.nobody_is_fit() else ""


def _full(projects: dict[int, Project]) -> dict[int, str]:
    """Projects that have as many runs under way as they may."""
    under_way = Run.objects.filter(project__in=projects, status__in=(states.RUNNING, states.JUDGING)).order_by()
    busy = dict(under_way.values_list("project").annotate(Count("pk")))
    limits = {number: project.max_concurrent_runs for number, project in projects.items()}
    return {
        number: f"{busy[number]} of at most {limit} runs of its project are under way"
        for number, limit in limits.items()
        if limit and busy.get(number, 0) >= limit
    }
