"""What of a project's proposals a reviewer looks at, in which order, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import F, Q

from projects import reviewing
from projects.models import Comment, Test
from projects.models.public import number_of
from projects.models.test import TestQuerySet
from projects.place import Place
from runs import reading
from runs.models import Run
from runs.views.english import FORMATS
from runs.views.proof_evidence import ProposalCard, pictures_of

PER_PAGE = 20
MOST_TEMPLATES = 40
BY_SCORE = "by_score"
STEPS_OF_SCORE = (90, 80, 70, 50)
ORDERS: dict[str, tuple[Any, ...]] = {
    # PostgreSQL sorts NULL first on the way down, SQLite last.
    "score": (F("score").desc(nulls_last=True), "pk"),
    "newest": ("-pk",),
    "page": ("page_url", "pk"),
}
STATES = {
    reviewing.DRAFT: Q(review_status=reviewing.DRAFT),
    reviewing.REJECTED: Q(review_status=reviewing.REJECTED),
    BY_SCORE: Q(review_status=reviewing.APPROVED, approved_by_score=True),
}
COUNTED = STATES | {reviewing.APPROVED: Q(review_status=reviewing.APPROVED)}


@dataclass(frozen=True)
class Filters:
    """What of the queue is looked at. Nonsense in an address counts as nothing given."""

    state: str = reviewing.DRAFT
    sort: str = "score"
    family: str = ""
    template: str = ""
    least: int | None = None
    most: int | None = None
    stale: bool = False
    query: str = ""
    page: str = ""

    @classmethod
    def from_query(cls, values: Mapping[str, Any]) -> Filters:
        given = {name: str(values.get(name, "")).strip() for name in NAMES}
        return cls(
            state=given["state"] if given["state"] in STATES else reviewing.DRAFT,
            sort=given["sort"] if given["sort"] in ORDERS else "score",
            family=given["family"],
            template=given["template"],
            least=_points(given["least"]),
            most=_points(given["most"]),
            stale=given["stale"] == "1",
            query=given["q"],
            page=given["page"],
        )

    @property
    def narrowing(self) -> dict[str, Any]:
        """What takes rows away, by its name in an address."""
        found: dict[str, Any] = {"family": self.family, "template": self.template, "least": self.least}
        found |= {"most": self.most, "stale": "1" if self.stale else "", "q": self.query}
        return {name: value for name, value in found.items() if value}

    @property
    def address(self) -> str:
        """The same as the end of an address, nothing where it is the usual."""
        given = {"state": self.state, "sort": self.sort, **self.narrowing, "page": self.page}
        params = {name: value for name, value in given.items() if value not in (reviewing.DRAFT, "score", "")}
        return f"?{urlencode(params)}" if params else ""

    @property
    def approve_word(self) -> str:
        return "Confirm" if self.state == BY_SCORE else "Approve"

    @property
    def in_words(self) -> str:
        """What the rows have in common, for a button that decides about all of them."""
        said = [
            f"score ≥ {self.least}" if self.least else "",
            f"score ≤ {self.most}" if self.most else "",
            f"kind {self.family}" if self.family else "",
            "this kind of page" if self.template else "",
            "stale" if self.stale else "",
            f"“{self.query}”" if self.query else "",
        ]
        return ", ".join(word for word in said if word)

    def rows(self, place: Place) -> TestQuerySet:
        found = matching(self.beside(place), family=self.family, template=self.template, query=self.query)
        if self.least is not None:
            found = found.filter(score__gte=self.least)
        if self.most is not None:
            found = found.filter(score__lte=self.most)
        narrowed: TestQuerySet = found.exclude(stale_since=None) if self.stale else found
        return narrowed

    def beside(self, place: Place) -> TestQuerySet:
        """All rows of the state."""
        return place.project.tests.alive().filter(STATES[self.state])


NAMES = ("state", "sort", "family", "template", "least", "most", "stale", "q", "page")


def _points(text: str) -> int | None:
    return min(int(text), 100) if text.isdecimal() and len(text) < 4 else None


def matching(rows: Any, *, family: str = "", template: str = "", query: str = "") -> Any:
    """Tests of a family, a template, and with these words in title, page or id."""
    if family:
        rows = rows.filter(family=family)
    if template:
        rows = rows.filter(template=template)
    if query:
        # People type ids in small letters as well.
        number = number_of(Test.PREFIX, query.upper())
        rows = rows.filter(Q(title__icontains=query) | Q(page_url__icontains=query) | Q(pk=number or 0))
    return rows


def queue(place: Place, filters: Filters) -> dict[str, Any]:
    """The page's context: at most PER_PAGE proposals with all that is shown of them, in a fixed number of queries."""
    # Looked up first: a version that comes between this and the rows counts as one that the page does not know.
    newest = reading.newest_version()
    rows, beside = filters.rows(place), filters.beside(place)
    shown = Paginator(rows.order_by(*ORDERS[filters.sort]), PER_PAGE).get_page(filters.page)
    numbers = reading.review_numbers(beside, STEPS_OF_SCORE)
    return {
        "here": "review",
        "place": place,
        "filters": filters,
        "q": filters.query,
        "rows": shown,
        "proposals": proposals(place, list(shown)),
        "until": numbers.until,
        "newest": newest,
        "states": reading.counted_where(place.project.tests.alive(), COUNTED),
        "orders": list(ORDERS),
        "families": reading.largest_groups(beside, "family"),
        "templates": reading.page_kinds_of_tests(beside, MOST_TEMPLATES),
        "scores": [(score, count) for score, count in numbers.scores.items() if count],
        "stale": numbers.stale,
    }


def proposals(place: Place, tests: Sequence[Test]) -> list[ProposalCard]:
    """Tests with their pictures, comments and the format that they were asked for in."""
    pictures, formats = pictures_of(tests), _formats(place, tests)
    comments = reading.counted_by(Comment.objects.filter(test__in=[test.pk for test in tests]), "test")
    return [ProposalCard(test, formats[test.pk], pictures.get(test.pk, {}), comments.get(test.pk, 0)) for test in tests]


def _formats(place: Place, tests: Sequence[Test]) -> dict[int, str]:
    """What the dial said in the crawl that proposed a test; the project's own for tests of people."""
    runs = {test.crawl_run for test in tests if test.crawl_run}
    formats = dict(Run.objects.filter(pk__in=runs, project=place.project).values_list("pk", "options__dials__format"))
    usual = place.project.settings.get("crawl", {}).get("dials", {}).get("format")
    found = {test.pk: formats.get(test.crawl_run or 0) or usual for test in tests}
    return {number: form if form in FORMATS else "step_by_step" for number, form in found.items()}
