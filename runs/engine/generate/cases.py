"""What is tried on the application, and what came of it: the material that proposals are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from runs.engine.events import Form, PageSnapshot
from runs.engine.page.look import Look
from runs.engine.plan import CrawlOptions

Step = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Crawled:
    """What a crawl saw, with what the families need to know about it.

    `protected` are the templates that only open when signed in; `sign_in` is the page with the sign-in form.
    """

    pages: tuple[PageSnapshot, ...]
    options: CrawlOptions
    seed: int = 0
    account: bool = False
    protected: frozenset[str] = frozenset()
    sign_in: tuple[PageSnapshot, Form] | None = None

    def exemplars(self) -> list[PageSnapshot]:
        """The best page of each template: healthy, with a heading, with a short address; home first."""
        best: dict[str, PageSnapshot] = {}
        for page in sorted(self.pages, key=_fitness):
            best.setdefault(page.template or address(page.url), page)
        return sorted(best.values(), key=lambda page: (page.path.count("/"), address(page.url) != "/", len(page.url)))

    def of_template(self, template: str) -> int:
        return sum(1 for page in self.pages if page.template == template)

    def random(self, about: str) -> Random:
        """A source of choices that are the same in every crawl with this seed."""
        return Random(f"{self.seed} {about}")  # noqa: S311

    def needs_account(self, page: PageSnapshot) -> bool:
        return page.template in self.protected


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to try: open `start`, do `steps`; the last step is the one whose effect is looked for.

    `writes` lets requests through that change something. `fetch` is an address that is asked from the page instead.
    `about` is the family's own memory of what it wanted to know.
    """

    family: str
    key: str
    page: PageSnapshot
    start: str
    steps: tuple[Step, ...] = ()
    signed_in: bool = False
    writes: bool = False
    fetch: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered: status, content type without parameters, and the JSON that was in it."""

    status: int
    content_type: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Observation:
    """A case that was carried out. Without `after` it could not be, and `problem` says why."""

    case: Case
    before: Look | None = None
    after: Look | None = None
    problem: str = ""
    answer: Answer | None = None
    console_errors: tuple[str, ...] = ()
    failed_requests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A test on its way to a proposal. Lower rank is proposed first within its family."""

    family: str
    title: str
    document: dict[str, Any]
    case: Case
    why: str
    rank: int = 0


def nothing_deeper(_crawled: Crawled, _seen: Observation) -> Iterable[Case]:
    return ()


class Family(NamedTuple):
    """One kind of test: what to try, what to try next where a case led on, and the tests that follow from it."""

    cases: Callable[[Crawled], Iterable[Case]]
    tests: Callable[[Crawled, Sequence[Observation]], Iterator[Draft]]
    deeper: Callable[[Crawled, Observation], Iterable[Case]] = nothing_deeper


def address(url: str) -> str:
    """Path and query of a URL, as a test starts there."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _fitness(page: PageSnapshot) -> tuple[Any, ...]:
    ill = bool(page.console_errors or page.failed_requests)
    return (page.status not in (200, None), ill, not page.headings, "?" in page.url, len(page.url), page.url)
