"""Whose turn it is: a free worker goes to the run that deserves it most, and long runs let others in.

A queue message is a token that says "some shard waits"; which one is decided when a worker comes, by what is known
then. Higher priority first; then the workspace, and in it the run, that fewest workers are at; then the older run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, Min, OuterRef, QuerySet
from django.utils import timezone

from projects.models import Project
from runs import states
from runs.ledger.patience import due
from runs.models import Case, CrawlPage, Lease, Result, Run, Shard

# A message takes a moment to reach a worker that is free; who waits for longer finds none.
UNTAKEN = timedelta(seconds=2)
AT_WORK = (states.RUNNING, states.JUDGING)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run with a shard that nobody holds, and how many leases its workspace and the run itself have."""

    run: int
    shard: int
    sent_at: datetime
    workspace: int
    priority: int
    of_workspace: int
    of_run: int

    @property
    def rank(self) -> tuple[int, int, int, int]:
        return (-self.priority, self.of_workspace, self.of_run, self.run)


def waiting() -> list[Waiting]:
    """Runs that could use a worker, the one that deserves it most first."""
    shards = unheld(Shard.objects.all()).values_list(
        "run", "run__project__workspace", "run__priority", "run__status", "run__project"
    )
    rows = list(shards.annotate(first=Min("pk"), sent=Min("sent_at")).order_by("run"))
    places = _places({project for *_, status, project, _, _ in rows if status == states.QUEUED})
    of_workspace, of_run = _held()
    found: list[Waiting] = []
    # Places of a project go by priority and age, as in `next_of`; fairness decides among the runs that have one.
    for run, workspace, priority, status, project, shard, sent_at in sorted(rows, key=lambda row: (-row[2], row[0])):
        if status == states.QUEUED:
            if places[project] <= 0:
                continue
            places[project] -= 1
        found.append(Waiting(run, shard, sent_at, workspace, priority, of_workspace[workspace], of_run[run]))
    return sorted(found, key=lambda turn: turn.rank)


def unheld(shards: QuerySet[Shard]) -> QuerySet[Shard]:
    """Shards of living runs that no worker holds although work for them is left."""
    held = Lease.objects.filter(shard=OuterRef("pk"), state=states.OPEN)
    results = Result.objects.filter(run=OuterRef("run"), status=states.PENDING)
    pages = CrawlPage.objects.filter(due(), run=OuterRef("run"), status=states.PENDING)
    cases = Case.objects.filter(due(), run=OuterRef("run"), status=states.PENDING)
    alone = Lease.objects.filter(pk=OuterRef("run__stage_lease"), state=states.OPEN)
    free = shards.filter(~Exists(held), run__status__in=(states.QUEUED, states.RUNNING))
    begins = free.filter(run__status=states.QUEUED)
    works = free.filter(run__status=states.RUNNING)
    lone = works.filter(~Exists(alone), run__stage__in=sorted(states.LONE))
    return begins | lone | works.filter(Exists(results) | Exists(pages) | Exists(cases))


def _held() -> tuple[Counter[int], Counter[int]]:
    """Open leases by workspace and by run."""
    open_leases = Lease.objects.filter(state=states.OPEN).order_by()
    pairs = list(open_leases.values_list("shard__run__project__workspace", "shard__run"))
    return Counter(workspace for workspace, _ in pairs), Counter(run for _, run in pairs)


def _places(projects: set[int]) -> dict[int, int]:
    """How many more runs of each project may start."""
    # Read without a lock, because it only serves to choose; `has_turn` decides.
    limits = dict(Project.objects.filter(pk__in=projects).values_list("pk", "max_concurrent_runs"))
    busy = Counter(Run.objects.filter(project__in=projects, status__in=AT_WORK).values_list("project", flat=True))
    return {project: limit - busy[project] for project, limit in limits.items()}


def has_turn(run: Run) -> bool:
    """Whether a queued run may start now, under its project's lock, so that two of them do not take one place."""
    # NO KEY: rows that refer to the project, such as new runs, are inserted without waiting for this.
    limit = Project.objects.select_for_update(no_key=True).get(pk=run.project_id).max_concurrent_runs
    return Run.objects.filter(project=run.project_id, status__in=AT_WORK).count() < limit


def next_of(project: int) -> Sequence[Shard]:
    """The shards of the project's run that is next to start; none where none waits or none may start."""
    if _places({project})[project] <= 0:
        return ()
    run = Run.objects.filter(project=project, status=states.QUEUED).order_by("-priority", "pk").first()
    return () if run is None else list(run.shards.all())


def ahead_of(run: Run) -> list[str]:
    """Public ids of the project's runs that a queued run waits for: those at work and those before it in the queue."""
    of_project = Run.objects.filter(project=run.project_id)
    queued = of_project.filter(status=states.QUEUED).order_by("-priority", "pk")
    before = [other.public_id for other in queued if (-other.priority, other.pk) < (-run.priority, run.pk)]
    return [other.public_id for other in of_project.filter(status__in=AT_WORK).order_by("pk")] + before


def others_wait(run_id: int) -> bool:
    """Whether some other run could use the worker that is with this one."""
    return any(turn.run != run_id for turn in waiting())


def _spares(run: Run, leases: int, late: Sequence[Waiting]) -> bool:
    """Whether a crawl that takes all free workers has one more than somebody who waits for the first ones."""
    return any(turn.priority >= run.priority and turn.of_run + 1 < leases for turn in late)


def should_yield(lease: int, run_id: int) -> bool:
    """Whether a worker should let go of its shard because somebody with a better claim waits and no worker is free.

    Asked now and then by every worker; of each workspace the lease that is open longest answers yes, so one lets go
    at a time. Nobody lets go before its slice of time is over.
    """
    now = timezone.now()
    slice_over = now - timedelta(seconds=settings.ENV.slice_seconds)
    mine = Lease.objects.select_related("shard__run__project").get(pk=lease)
    if mine.opened_at > slice_over:
        return False
    run = mine.shard.run
    workspace = run.project.workspace_id
    late = [turn for turn in waiting() if turn.sent_at < now - UNTAKEN and turn.run != run_id]
    of_workspace, of_run = _held()
    # A crawl takes all workers that are free, and keeps one when other runs wait (decision 40).
    if run.kind == "crawl" and run.options.get("shards") is None and _spares(run, of_run[run_id], late):
        peers = Lease.objects.filter(state=states.OPEN, shard__run=run)
        return peers.order_by("-shard__index").values_list("pk", flat=True).first() == lease
    better = any(
        turn.priority > run.priority
        or (
            turn.priority == run.priority
            and turn.workspace != workspace
            and turn.of_workspace < of_workspace[workspace]
        )
        for turn in late
    )
    if not better:
        return False
    peers = Lease.objects.filter(
        state=states.OPEN, shard__run__project__workspace=workspace, shard__run__priority__lte=run.priority
    )
    return peers.order_by("shard__run__priority", "opened_at", "pk").values_list("pk", flat=True).first() == lease
