"""Who works, on what, what waits and why: the whole cluster on one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from projects.place import SignedInRequest, page
from runs import heartbeats, ledger, states
from runs.models import Delivery, Lease, Run, Worker
from runs.views.waiting import nobody_takes_runs, reason

MOST = 50
MOST_HUNG = 10


@dataclass(frozen=True)
class RunLabel:
    """A run as the person may see it: its name and title, or that it belongs to another workspace."""

    visible: bool
    public_id: str = ""
    project: str = ""


@dataclass(frozen=True)
class Doing:
    run: RunLabel
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
    run: RunLabel
    renewed_ms: int
    expires_ms: int


@dataclass(frozen=True)
class RunLine:
    """A run that nobody has begun, with the reason."""

    run: Run
    known: RunLabel
    why: str


@dataclass(frozen=True)
class DeliveryLine:
    delivery: Delivery
    known: RunLabel


@page
def cluster(request: SignedInRequest) -> HttpResponse:
    context = {"here": "cluster", **_standing(request.user)}
    return render(request, "runs/_cluster.html" if request.htmx else "runs/cluster.html", context)


def _standing(user: Any) -> dict[str, Any]:
    now = timezone.now()
    hung = list(Worker.objects.exclude(hung_at=None).order_by("-hung_at")[:MOST_HUNG])
    workers = [*Worker.objects.filter(hung_at=None)[: 4 * MOST], *hung]
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


def _known(user: Any, numbers: Iterable[int]) -> dict[int, RunLabel]:
    """What the person may know of runs, by number."""
    # Everybody who is signed in may look at the cluster, but whose runs they are is for members only.
    wanted = set(numbers)
    seen = Run.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", "project__name")
    hidden = dict.fromkeys(wanted, RunLabel(visible=False))
    return hidden | {number: RunLabel(True, f"{Run.PREFIX}-{number}", name) for number, name in seen}


def _worker_line(worker: Worker, known: dict[int, RunLabel], now: datetime) -> WorkerLine:
    state = heartbeats.state_of(worker, now)
    # What a silent worker said last is no news any more.
    said = [] if state in (heartbeats.SILENT_STATE, heartbeats.GONE_STATE, heartbeats.HUNG_STATE) else worker.doing
    doing = [
        Doing(known[entry["run"]], entry["title"], (now - datetime.fromisoformat(entry["since"])).total_seconds())
        for entry in said
    ]
    return WorkerLine(worker, state, doing)


def _lease_line(lease: Lease, known: dict[int, RunLabel], now: datetime) -> LeaseLine:
    renewed, expires = (now - lease.renewed_at).total_seconds(), (lease.expires_at - now).total_seconds()
    return LeaseLine(lease, known[lease.shard.run_id], int(max(renewed, 0) * 1000), int(max(expires, 0) * 1000))


def _run_lines(queued: Sequence[Run], known: dict[int, RunLabel]) -> list[RunLine]:
    """In the order in which workers take them; last those that their project's limit holds back."""
    nobody = nobody_takes_runs()
    turns = {turn.run: number for number, turn in enumerate(ledger.waiting())}
    ordered = sorted(queued, key=lambda run: turns.get(run.pk, len(turns)))
    return [RunLine(run, known[run.pk], nobody or reason(run, turns)) for run in ordered]
