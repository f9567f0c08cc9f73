"""The one place where a row gets its state, and what leases do with work of any kind: claim it, give it back, poison.

A row moves along its table in `runs.states`. Many move by one statement whose condition names the states that the
trigger leaves: what meanwhile came to be in another one stays as it is, and is not counted. Work is rows of three
models, results, pages and cases; `KINDS` says in what they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Generic, Protocol, TypeVar

from django.db.models import F, Model, QuerySet
from django.utils import timezone

from runs import states
from runs.ledger.leases import Hold
from runs.ledger.rows import update
from runs.ledger.stage_counts import count_cases
from runs.ledger.story import Line, tell
from runs.models import Case, CrawlPage, Delivery, Lease, Result, Run, Trial

# The machine of each model, and the column that holds its state.
MACHINES: dict[type[Model], tuple[str, str]] = {
    Run: ("run", "status"),
    Lease: ("lease", "state"),
    Result: ("result", "status"),
    CrawlPage: ("page", "status"),
    Case: ("case", "status"),
    Delivery: ("delivery", "state"),
    Trial: ("trial", "status"),
}


def shift(rows: QuerySet[Any], trigger: str, **fields: Any) -> int:
    """Moves those of the rows that are where the trigger leads away from, and sets their other fields; how many."""
    machine, column = MACHINES[rows.model]
    # Of two writers this condition lets one win, on SQLite as well, where Django leaves select_for_update out.
    leaving = rows.filter(**{f"{column}__in": states.sources(machine, trigger)})
    return leaving.update(**{column: states.target(machine, trigger)}, **fields)


def shift_one(row: Model, trigger: str, **fields: Any) -> None:
    """Moves one row that is held under a lock, in the database and in hand. Raises states.Impossible."""
    model = type(row)
    machine, column = MACHINES[model]
    to = states.move(machine, getattr(row, column), trigger)
    if not shift(model._default_manager.filter(pk=row.pk), trigger, **fields):
        raise states.Impossible(machine, "gone or moved meanwhile", trigger)
    for name, value in {column: to, **fields}.items():
        setattr(row, name, value)


def shift_each(model: type[Model], columns: tuple[str, ...], changes: Sequence[Sequence[Any]]) -> None:
    """Moves rows by one statement although each has a trigger of its own; all triggers leave the same states.

    Each change is (primary key, trigger, values in the order of the columns).
    """
    if not changes:
        return
    machine, column = MACHINES[model]
    # Grouped by trigger this would be up to three statements for one group of results (decision 47).
    leaving = reduce(set.intersection, (set(states.sources(machine, trigger)) for _, trigger, *_ in changes))
    moved = [(pk, states.target(machine, trigger), *values) for pk, trigger, *values in changes]
    update(model, (column, *columns), moved, where=(column, sorted(leaving)))


def born(model: type[Model], trigger: str, **fields: Any) -> dict[str, Any]:
    """The fields of a new row that is made as if it had been moved once: a skip that is decided beforehand."""
    machine, column = MACHINES[model]
    return {column: states.move(machine, getattr(model(), column), trigger), **fields}


# R13: the first loss may be the fault of the machine or of a neighbour. After it a row runs alone, so that the second
# loss is its own (decision 31).
LOSSES_OF_A_POISON = 2
Row = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """In what one kind of work differs from the others.

    `resolved` are the states in which a lease has got somewhere with a row, `ended` is the column for when. `skipped`
    makes the columns of a skip of its reason. `poisonous` is the sentence about a row that took two workers with it,
    `crash` what else its columns say then; `lines` makes the story's lines about such rows, of their columns `named`.
    `freed` are columns that are emptied with the lease when a row is given back. Where rows are `hedged`, a second
    lease may be at one as well.
    """

    resolved: frozenset[str]
    ended: str
    skipped: Callable[[str], dict[str, Any]]
    poisonous: str
    lines: Callable[[Run, Sequence[Row], str], list[Line]]
    named: tuple[str, ...] = ()
    crash: Mapping[str, str] = field(default_factory=dict)
    freed: Mapping[str, None] = field(default_factory=dict)
    hedged: bool = False


def _lines_of_results(_run: Run, poisonous: Sequence[Row], error: str) -> list[Line]:
    data = {"status": states.FAILED, "error": error}
    return [
        ("result", {"result": row["pk"], "title": row["title"], **data, "attempts": row["attempt_count"]})
        for row in poisonous
    ]


KINDS: dict[type[Model], Kind] = {
    Result: Kind(
        resolved=states.EXECUTED,
        ended="finished_at",
        skipped=lambda reason: {"skip_reason": reason, "blocked": False, "finished_at": timezone.now()},
        poisonous="The test crashed the worker twice.",
        lines=_lines_of_results,
        named=("title", "attempt_count"),
        crash={"error_kind": "crash"},
        freed={"hedge": None, "claimed_at": None},
        hedged=True,
    ),
    CrawlPage: Kind(
        # A visit may end in a skip, of a duplicate or of what may not be opened: the lease has got somewhere with it.
        resolved=frozenset({states.DONE, states.FAILED, states.SKIPPED}),
        ended="visited_at",
        skipped=lambda reason: {"skip_reason": reason},
        poisonous="The page crashed the worker twice.",
        lines=lambda _run, _rows, _error: [],
        crash={"error_category": "crash"},
    ),
    Case: Kind(
        resolved=frozenset({states.DONE, states.FAILED, states.SKIPPED}),
        ended="observed_at",
        skipped=lambda _reason: {},
        poisonous="It crashed the worker twice.",
        lines=lambda run, _rows, _error: count_cases(run),
    ),
}


class Suspicious(Protocol):
    """A row that counts how often a worker was lost over it."""

    @property
    def pk(self) -> int: ...

    @property
    def losses(self) -> int: ...


S = TypeVar("S", bound=Suspicious)
M = TypeVar("M", bound=Model)
W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Claim(Generic[W]):
    """Work, or none; `more` says whether some may come later (others wait, or are in other hands)."""

    works: tuple[W, ...]
    more: bool

    @property
    def work(self) -> W | None:
        """The only one of a claim for one."""
        return self.works[0] if self.works else None


def losses_of(held: Hold, rows: QuerySet[Any]) -> list[int]:
    """How often a worker was lost over each of the rows that a lease is at."""
    return list(rows.filter(status=states.RUNNING, lease=held.lease).values_list("losses", flat=True))


def waiting(held: Hold, rows: QuerySet[M], at: Sequence[int], *order: str) -> QuerySet[M]:
    """Those of the rows that a lease may claim in their order, beside what it is `at`; suspects last where it must."""
    found = beside(at, rows.filter(status=states.PENDING))
    return found.order_by(*(("losses", *order) if held.fresh_first else order))


def beside(at: Sequence[int], rows: QuerySet[M]) -> QuerySet[M]:
    """Those of the rows that may run beside what a lease is `at`: no suspects."""
    return rows.filter(losses=0) if at else rows


def apart(candidates: Iterable[S], at: Sequence[int] = ()) -> list[S]:
    """Those of the candidates that may run together, beside what a lease is `at`, given by its losses.

    What was lost with a worker before runs alone: if it takes another worker with it, it takes nothing else.
    """
    found = list(candidates)
    if any(at):
        return []
    if found and found[0].losses and not at:
        return [found[0]]
    return [candidate for candidate in found if not candidate.losses]


def give(held: Hold, model: type[Model], rows: list[S], **fields: Any) -> list[S]:
    """Gives a lease the rows that it claims, which are locked and pending; the same rows."""
    if rows:
        shift(model._default_manager.filter(pk__in=[row.pk for row in rows]), "claim", lease=held.lease, **fields)
    return rows


def skip(rows: QuerySet[Any], reason: str = "", **fields: Any) -> int:
    """Leaves out those of the rows that are not resolved; how many. A reason is one of `states.SKIP_REASONS`."""
    return shift(rows, "skip", **KINDS[rows.model].skipped(reason), **fields)


def has_resolved(lease: Lease) -> bool:
    """Whether a lease has got somewhere with any work."""
    return any(
        model._default_manager.filter(run=lease.shard.run_id, lease=lease, status__in=kind.resolved).exists()
        for model, kind in KINDS.items()
    )


def give_back_work(run: Run, lease: Lease, *, lost: bool = False) -> int:
    """What a closed lease was at is pending again, or its hedge's alone; how many rows that were.

    Where a worker was lost with it, that is held against them, and what was lost twice is failed as poisonous.
    """
    return sum(_give_back(model, run, lease, lost=lost) for model in KINDS)


def _give_back(model: type[Model], run: Run, lease: Lease, *, lost: bool) -> int:
    kind = KINDS[model]
    running = model._default_manager.filter(run=run, status=states.RUNNING)
    if kind.hedged:
        # The first execution goes on alone where the second one is lost (decision 12).
        running.filter(hedge=lease).exclude(lease=lease).update(hedge=None)
    rows = running.filter(lease=lease)
    # A lease is lost at one kind of work; for the other kinds this saves the statements that follow.
    if lost and not rows.update(losses=F("losses") + 1):
        return 0
    # Before anything goes back: what took two workers with it must not be pending for a third.
    failed = poison(run, rows, lease.problem) if lost else 0
    if kind.hedged:
        # The second execution goes on alone (decision 12). Where it has taken over before, both columns name it, and
        # nobody is left: such a row goes back like any other.
        rows.exclude(hedge=None).exclude(hedge=lease).update(lease=F("hedge"))
    return failed + shift(rows, "return", lease=None, **kind.freed)


def poison(run: Run, rows: QuerySet[Any], problem: str) -> int:
    """Fails those of the rows that took two workers with them, and tells of it in a running run; how many."""
    kind = KINDS[rows.model]
    found = list(rows.filter(losses__gte=LOSSES_OF_A_POISON).values("pk", *kind.named))
    if found:
        error = f"{kind.poisonous} {problem}".rstrip()
        poisonous = rows.model._default_manager.filter(pk__in=[row["pk"] for row in found])
        shift(poisonous, "fail", error=error, **{kind.ended: timezone.now()}, **kind.crash)
        tell(run, kind.lines(run, found, error) if run.status == states.RUNNING else ())
    return len(found)
