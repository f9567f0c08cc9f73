"""What is tried on the application, and what came of it: the material that proposals are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from runs.engine.events import Form, PageSnapshot, Seen
from runs.engine.generate.openapi.operations import Operation
from runs.engine.kinds import kind_of
from runs.engine.page.look import Look
from runs.engine.plan import ACCOUNT, CrawlOptions

Step = dict[str, Any]
Tone = Literal["positive", "negative", "edge"]


class SignInPage(Seen):
    """Where one signs in: the page, and the form on it."""

    page: PageSnapshot
    form: Form


class Survey(Seen):
    """What must be known of a site before anything is tried on it.

    `account` says whether its account gets in; `protected` are the templates that only open to it.
    """

    account: bool = False
    protected: frozenset[str] = frozenset()
    sign_in: SignInPage | None = None


@dataclass(frozen=True)
class Crawled:
    """What a crawl saw, with what the families need to know about it; `contract` is what its API is said to be."""

    pages: tuple[PageSnapshot, ...]
    options: CrawlOptions
    survey: Survey = field(default_factory=Survey)
    contract: tuple[Operation, ...] = ()
    seed: int = 0

    def surveyed(self, survey: Survey) -> Crawled:
        """With what only the account sees left out where it does not get in; other roles sign in for themselves."""
        closed = frozenset() if survey.account else survey.protected
        kept = (page for page in self.pages if page.template not in closed or page.role not in ("", ACCOUNT))
        return replace(self, survey=survey, pages=tuple(kept))

    def exemplars(self) -> list[PageSnapshot]:
        """The best page of each template: healthy, with a heading, with a short address; home first."""
        best: dict[str, PageSnapshot] = {}
        for page in sorted((page for page in self.pages if not page.way), key=_fitness):
            best.setdefault(page.template or address(page.url), page)
        return sorted(best.values(), key=lambda page: (page.path.count("/"), address(page.url) != "/", len(page.url)))

    def states(self) -> list[PageSnapshot]:
        """What is no page of its own but is reached from one by steps: one of each template, the shortest way first.

        Entering something where no form sends it changes what a page lists and not its template: one of each field.
        """
        pages = {page.template for page in self.pages if not page.way}
        best: dict[str, PageSnapshot] = {}
        for page in sorted((page for page in self.pages if page.way), key=lambda page: (len(page.way), page.known_as)):
            last = page.way[-1]
            entered = f"{page.template} {last['target']}" if kind_of(last).gesture == "entering" else ""
            if entered or page.template not in pages:
                best.setdefault(entered or page.template or page.known_as, page)
        return list(best.values())

    def of_template(self, template: str) -> int:
        return sum(1 for page in self.pages if page.template == template)

    def random(self, about: str) -> Random:
        """A source of choices that are the same in every crawl with this seed."""
        return Random(f"{self.seed} {about}")  # noqa: S311

    def auth_of(self, page: PageSnapshot) -> str:
        """The sign-in that a page needs, "" for none."""
        if page.role not in ("", ACCOUNT):
            return page.role
        return ACCOUNT if page.template in self.survey.protected else ""

    def case(self, family: str, key: str, page: PageSnapshot, steps: Sequence[Step] = (), **more: Any) -> CaseSpec:
        """A case that begins on a page, as whoever may see it."""
        given: dict[str, Any] = {"start": address(page.begins), "auth": self.auth_of(page), **more}
        return CaseSpec(family=family, key=key, page=page.known_as, steps=(*page.way, *steps), **given)

    def page_of(self, case: CaseSpec) -> PageSnapshot:
        """The page that a case is about. One that is not known any more is told by its address."""
        bare = PageSnapshot(url=case.start, path=case.start.split("?")[0])
        return self._by_name.get(case.page, bare)

    @cached_property
    def _by_name(self) -> Mapping[str, PageSnapshot]:
        # The survey may have met the sign-in on a page that the crawl has not visited.
        entrance = [self.survey.sign_in.page] if self.survey.sign_in else []
        return {page.known_as: page for page in (*entrance, *self.pages)}


class CaseSpec(Seen):
    """One thing to try: open `start`, do `steps`; the last step is the one whose effect is looked for.

    `page` is the name of the page that it is about, `auth` the sign-in that it starts with. `writes` lets requests
    through that change something. `fetch` is a `request` step that is asked instead, after the steps. `about` is the
    family's own memory of what it wanted to know.
    """

    family: str
    key: str
    page: str
    start: str
    steps: tuple[Step, ...] = ()
    auth: str = ""
    writes: bool = False
    fetch: Step | None = None
    about: dict[str, Any] = {}


class ResponseFacts(Seen):
    """What an address answered: status, content type without parameters, protecting headers, and its JSON's shape.

    `mismatch` says what was expected of it and did not hold.
    """

    status: int
    content_type: str
    shape: dict[str, Any] | None = None
    headers: dict[str, str] = {}
    milliseconds: int = 0
    mismatch: str = ""


class Observation(Seen):
    """A case that was carried out. Without `after` or `answer` it could not be, and `problem` says why.

    `saved` are the variables that its steps kept. `held_back`: its last step sent something that was not let through.
    """

    case: CaseSpec
    before: Look | None = None
    after: Look | None = None
    problem: str = ""
    answer: ResponseFacts | None = None
    saved: dict[str, str] = {}
    console_errors: tuple[str, ...] = ()
    failed_requests: tuple[str, ...] = ()
    held_back: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A test on its way to a proposal. Lower rank is proposed first within its family."""

    family: str
    title: str
    document: dict[str, Any]
    case: CaseSpec
    why: str
    rank: int = 0
    tone: Tone = "positive"


def nothing_deeper(_crawled: Crawled, _seen: Observation) -> Iterable[CaseSpec]:
    return ()


class TestFamily(NamedTuple):
    """One kind of test: what to try, what to try next where a case led on, and the tests that follow from it."""

    cases: Callable[[Crawled], Iterable[CaseSpec]]
    tests: Callable[[Crawled, Sequence[Observation]], Iterator[Draft]]
    deeper: Callable[[Crawled, Observation], Iterable[CaseSpec]] = nothing_deeper


def address(url: str) -> str:
    """Path and query of a URL, as a test starts there."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _fitness(page: PageSnapshot) -> tuple[Any, ...]:
    ill = bool(page.console_errors or page.failed_requests)
    return (
        page.status not in (200, None),
        bool(page.role),
        ill,
        not page.headings,
        "?" in page.url,
        len(page.url),
        page.url,
    )
