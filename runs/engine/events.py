"""What comes out of the engine: a stream of these, and the page snapshots they carry. Values only."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from runs.engine.foreign import clean

Outcome = Literal["passed", "flaky", "failed"]
FailureKind = Literal[
    "expectation", "not_found", "timeout", "navigation", "script", "hidden", "blocked", "crash", "document"
]


class Seen(BaseModel):
    """Base of what was observed on a page; unknown keys of older rows are ignored.

    A page may say what is no text, such as half of a surrogate pair: that is marked, and loses nothing but itself.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _of_characters(cls, given: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        # pydantic refuses half of a surrogate pair by itself, so that only such values have to be gone through.
        try:
            return validate(given)
        except ValidationError as error:
            if all(detail["type"] != "string_unicode" for detail in error.errors(include_url=False)):
                raise
            return validate(clean(given))


class Failure(Seen):
    """Why an attempt failed, in one sentence a person understands."""

    kind: FailureKind
    message: str
    step: int | None = None
    expected: str | None = None
    received: str | None = None


class StepReport(Seen):
    """One executed step of an attempt."""

    index: int
    do: str
    sentence: str
    ok: bool
    duration_ms: int
    error: str | None = None


class ArtifactFile(Seen):
    """A file that an attempt left behind; path is relative to the plan's artifacts directory."""

    kind: Literal["screenshot", "before", "trace", "video"]
    path: str
    content_type: str
    size: int


class Heading(Seen):
    level: int
    text: str


class Landmark(Seen):
    role: str
    name: str = ""


class FormField(Seen):
    """One control of a form.

    Its `type` is "choice" where it is no select and opens a list of options, which are not known before. `caption` is
    what is written beside a field that no label is for.
    """

    tag: str
    type: str = ""
    name: str = ""
    id: str = ""
    label: str = ""
    caption: str = ""
    placeholder: str = ""
    autocomplete: str = ""
    required: bool = False
    pattern: str = ""
    min: str = ""
    max: str = ""
    step: str = ""
    max_length: int | None = None
    options: tuple[str, ...] = ()
    value: str = ""
    css: str = ""


class Form(Seen):
    """A form as a unit: fields, submit control and where it sends. `frame` is the CSS path of the frame it is in."""

    name: str = ""
    action: str = ""
    method: str = "get"
    role: str = ""
    fields: tuple[FormField, ...] = ()
    submit: str = ""
    submit_css: str = ""
    css: str = ""
    heading: str = ""
    frame: str = ""


class Action(Seen):
    """Something on the page that can be pressed."""

    role: str
    name: str
    href: str = ""
    landmark: str = ""
    css: str = ""
    frame: str = ""


class PageSnapshot(Seen):
    """What the crawler saw on one page.

    `requests` are the site's own fetch and XHR calls, each once: method, url, path, type, status, and where they could
    be read operation (of GraphQL), request and response as {"content_type", "schema"}: shapes, never values.
    Not `settled`: it still waited for answers when it was looked at, so what it lacks says nothing.
    A state that is no page of its own has `way`, the steps that lead to it from the address `begun_at`, and `action`,
    the last of them in words.
    """

    url: str
    path: str
    title: str = ""
    status: int | None = None
    template: str = ""
    headings: tuple[Heading, ...] = ()
    landmarks: tuple[Landmark, ...] = ()
    forms: tuple[Form, ...] = ()
    actions: tuple[Action, ...] = ()
    console_errors: tuple[str, ...] = ()
    failed_requests: tuple[str, ...] = ()
    requests: tuple[dict[str, Any], ...] = ()
    lang: str = ""
    signed_in: bool = False
    role: str = ""
    load_ms: int = 0
    settled: bool = True
    begun_at: str = ""
    way: tuple[dict[str, Any], ...] = ()
    action: str = ""

    @property
    def is_error(self) -> bool:
        """Whether the page was answered with a status that says so."""
        return self.status is not None and self.status >= 400

    @property
    def begins(self) -> str:
        """The address to open first to come here."""
        return self.begun_at or self.url

    @property
    def known_as(self) -> str:
        """What tells it from all others of a crawl: role, address and way."""
        way = json.dumps(self.way, sort_keys=True) if self.way else ""
        return f"{self.role} {self.url} {way}".strip()


class Link(Seen):
    """A link that may join the frontier. `key` is the canonical URL, `group` its shape without learnt parameters.

    An action that leads on is one as well: `path` are the steps from `url`, `action` says the last of them in words.
    `carried`: it goes on with what was written before, and is kept even where what is shown was seen before.
    `asked`: no page links there, it is a search for a word of the crawl's own.
    `first` is its priority where an earlier crawl has seen it: as if no other of its shape had been met.
    """

    url: str
    key: str
    group: str
    priority: int
    first: int | None = None
    depth: int
    text: str = ""
    kind: Literal["link", "action", "form"] = "link"
    path: tuple[dict[str, Any], ...] = ()
    action: str = ""
    carried: bool = False
    asked: bool = False


@dataclass(frozen=True, slots=True)
class TestStarted:
    __test__ = False

    result: int
    attempt: int


@dataclass(frozen=True, slots=True)
class StepEnded:
    result: int
    attempt: int
    step: StepReport


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """One execution of one test is over; stored as a row of its own.

    `vitals` has an entry per page that was opened: {"path", "lcp", "cls", "inp", "ttfb"}, milliseconds except for cls,
    None where nothing could be measured.
    """

    result: int
    attempt: int
    passed: bool
    started_at: float
    duration_ms: int
    steps: tuple[StepReport, ...]
    failure: Failure | None = None
    artifacts: tuple[ArtifactFile, ...] = ()
    console: tuple[str, ...] = ()
    requests: tuple[dict[str, Any], ...] = ()
    vitals: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class TestEnded:
    """The result is resolved; only the last attempt decided."""

    __test__ = False

    result: int
    outcome: Outcome
    attempts: int
    duration_ms: int
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Proved:
    """A proposal is proved (passed) or not (failed, with what speaks against it).

    `document` is what is left of it; `duration_ms` the median of its clean replays. `proof` holds replays, passed,
    checks (sentences), breakages [{"kind", "what", "noticed", "by"}] (effective ones), ineffective, noticed, effective,
    dropped [{"step", "because"}], added, pruned (sentences), and broken, the number of replays that were spent on it.
    """

    result: int
    outcome: Literal["passed", "failed"]
    attempts: int
    duration_ms: int
    document: dict[str, Any]
    proof: dict[str, Any]
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class PageVisited:
    """`signature` is what the state is compared by with others: an `identity.Signature` as JSON.

    `troubles` is what the site answered meanwhile that may be otherwise soon: "GET /api/stock answered 500".
    """

    page: int
    final_url: str
    final_key: str
    snapshot: PageSnapshot
    links: tuple[Link, ...]
    signature: dict[str, Any] | None = None
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageFailed:
    """`category` is one of dns, refused, tls, timeout, http_error, blocked, sign_in, not_a_page, crash, challenge,
    unstable.

    `step` is the step of its path that could not be done, where it was one. `passing`: it may be otherwise soon;
    `wait` are the seconds that the site asks to wait until then.
    """

    page: int
    category: str
    message: str
    status: int | None = None
    step: int | None = None
    passing: bool = False
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Seeds:
    """Addresses from the sitemap, to join the frontier."""

    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Wrote:
    """A request that could have changed something: sent, or held back by read-only mode. `because` says by what."""

    method: str
    url: str
    status: int | None
    held_back: bool
    because: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a page's action created was removed again; `because` is that of its requests."""

    page: int
    because: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A role was signed in, or its kept session was seen to hold. `state` is secret: for the store alone."""

    role: str
    fingerprint: str
    page: str
    signs: tuple[str, ...]
    closed: bool
    state: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class WithoutAccount:
    """A worker could not sign in, and its part of the crawl goes on as a visitor."""


@dataclass(frozen=True, slots=True)
class SignInTried:
    """A try of a sign-in is over: `problem` says why it did not work, "" where it did; `picture` is a JPEG."""

    trial: int
    problem: str
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CaseObserved:
    """A case was carried out, or could not be: then `problem` says why.

    `outcome` is what came of it; `deeper` are the cases that it led to, each with at least "family" and "key".
    `troubles` is what the site answered meanwhile that may be otherwise soon.
    """

    case: int
    outcome: dict[str, Any]
    deeper: tuple[dict[str, Any], ...] = ()
    problem: str = ""
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Log:
    level: Literal["info", "warning", "error"]
    message: str


class Proposal(Seen):
    """A test that the generator proposes, with what it stands on. `signature` is equal for equal tests.

    `tone` is positive, negative or edge; `merged` are titles of tests that said no more than this one. `writes`: what
    it sends that could change something was let through when it was tried, and is when it is proved.
    """

    title: str
    family: str
    document: dict[str, Any]
    template: str
    page_url: str
    signature: str
    why: str
    tone: str = ""
    merged: tuple[str, ...] = ()
    writes: bool = False


OfTests = TestStarted | StepEnded | AttemptEnded | TestEnded | Proved
OfCrawls = PageVisited | PageFailed | Seeds | Wrote | CaseObserved | Cleaned | WithoutAccount
Event = OfTests | OfCrawls | SignedIn | SignInTried | Log
