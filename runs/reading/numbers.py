"""Numbers that pages and the API show beside their lists: each by one query, however many rows there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum

from projects.models import TestVersion
from runs import states
from runs.models import CrawlPage, Result, Run

ENDED = (states.COMPLETED, states.FAILED)


def counted_by(rows: QuerySet[Any], *fields: str) -> dict[Any, int]:
    """How many rows there are of each value of a field, or of each tuple of values of several."""
    # An order that the rows were given would be one more field of the groups.
    found = rows.order_by().values_list(*fields).annotate(Count("pk"))
    return {values[0] if len(fields) == 1 else tuple(values): count for *values, count in found}


def counted_where(rows: QuerySet[Any], wanted: Mapping[str, Q]) -> dict[str, int]:
    """How many rows each condition holds for, by its name."""
    return rows.aggregate(**{name: Count("pk", filter=condition) for name, condition in wanted.items()})


def largest_groups(rows: QuerySet[Any], name: str, most: int | None = None) -> list[tuple[str, int]]:
    """Values of a text field with the number of their rows, the most frequent first; rows without one are left out."""
    groups = rows.exclude(**{name: ""}).order_by().values_list(name).annotate(count=Count("pk"))
    return list(groups.order_by("-count", name)[:most])


def with_last_runs(projects: QuerySet[Any]) -> QuerySet[Any]:
    """Projects with `last` and `newest`, the numbers of the last whole test run and of the last one of any tests that
    ended, and `waits`, how many drafts wait for review."""
    ended = Run.objects.counted().filter(project=OuterRef("pk"), kind="test", status__in=ENDED).order_by("-pk")
    whole = ended.filter(partial=False)
    drafts = Count("tests", filter=Q(tests__review_status="draft", tests__deleted_at=None))
    # Subqueries, for a join with runs would multiply the drafts that are counted beside them.
    found: QuerySet[Any] = projects.annotate(
        last=Subquery(whole.values("pk")[:1]), newest=Subquery(ended.values("pk")[:1]), waits=drafts
    )
    return found


def with_last_results(tests: QuerySet[Any]) -> QuerySet[Any]:
    """Tests with `last_status` and `last_at`, how and when each ended in the last test run that it was resolved in."""
    last = Result.objects.filter(test=OuterRef("pk"), run__kind="test", status__in=states.RESOLVED).order_by("-pk")
    found: QuerySet[Any] = tests.annotate(
        last_status=Subquery(last.values("status")[:1]), last_at=Subquery(last.values("finished_at")[:1])
    )
    return found


@dataclass(frozen=True)
class ReviewNumbers:
    """Of proposals: the number of the last row, how many are stale, and how many have at least each score."""

    until: int
    stale: int
    scores: dict[int, int]


def review_numbers(tests: QuerySet[Any], scores: Sequence[int]) -> ReviewNumbers:
    steps = {f"{score}": Count("pk", filter=Q(score__gte=score)) for score in scores}
    found = tests.order_by().aggregate(until=Max("pk"), stale=Count("stale_since"), **steps)
    return ReviewNumbers(found["until"] or 0, found["stale"], {score: found[f"{score}"] for score in scores})


def newest_version() -> int:
    """The number of the last version of any test; 0 where there is none."""
    return TestVersion.objects.aggregate(newest=Max("pk"))["newest"] or 0


def page_kinds_of_tests(tests: QuerySet[Any], most: int) -> list[tuple[str, int, str]]:
    """Kinds of pages that most tests are about: name, how many tests, the address of one."""
    groups = tests.exclude(template="").order_by().values_list("template")
    groups = groups.annotate(count=Count("pk"), example=Min("page_url"))
    return list(groups.order_by("-count", "template")[:most])


def visited_page_kinds(run: Run, most: int) -> list[tuple[str, int, CrawlPage]]:
    """Kinds of pages that a crawl saw most of: name, how many different pages, the first of them."""
    done = CrawlPage.objects.filter(run=run, status=states.DONE).exclude(template="").order_by()
    # A page has a row for each role that reached it.
    found = done.values_list("template").annotate(count=Count("key", distinct=True), first=Min("pk"))
    groups = list(found.order_by("-count", "first")[:most])
    examples = CrawlPage.objects.in_bulk([first for _, _, first in groups])
    return [(name, count, examples[first]) for name, count, first in groups]


@dataclass(frozen=True)
class ExpectedWork:
    """Tests of a run that were not left out, and how long they are expected to take, in milliseconds."""

    tests: int
    total_ms: int
    longest_ms: int


def expected_work(run: Run) -> ExpectedWork:
    planned = Result.objects.filter(run=run).exclude(skip_reason__in=states.PRE_SEEDED)
    found = planned.aggregate(tests=Count("pk"), total_ms=Sum("estimate_ms"), longest_ms=Max("estimate_ms"))
    return ExpectedWork(**{name: number or 0 for name, number in found.items()})
