"""What a step is and what it acts on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, get_args

from playwright.async_api import APIRequestContext, Locator, Page
from pydantic import Field

from runs.engine.events import FailureKind
from runs.engine.locate import strategies
from runs.engine.netguard import Guard, joined, same_origin
from runs.engine.plan import Site, Target, Value
from runs.engine.steps.locator import find
from runs.engine.steps.selectors import wrong

LOOK_SECONDS = 0.1
Role = Literal["act", "expect", "wait", "save"]
Gesture = Literal["", "pressing", "entering", "keying"]
Subject = Literal["", "element", "value", "number", "absence", "address", "title", "console", "requests"]
Blank = Mapping[str, Any]
FIELD: Blank = {"target": {"label": ""}}
SAID: Blank = {"target": {"text": ""}}


class StepFailed(Exception):
    """A step did not do what it says; `message` is one sentence."""

    def __init__(
        self, kind: FailureKind, message: str, *, expected: str | None = None, received: str | None = None
    ) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message
        self.expected = expected
        self.received = received


class Watching(Protocol):
    """What a step may know of the page's past."""

    console_errors: list[str]
    failed_requests: list[str]
    requests: list[dict[str, Any]]

    def busy(self) -> bool: ...


@dataclass
class Stage:
    """Where the steps of one attempt play: page, requests, what was saved. `timeout_ms` is that of the present step."""

    site: Site
    http: APIRequestContext
    timeout_ms: float
    opened: Page | None = None
    guard: Guard | None = None
    watching: Watching | None = None
    saved: dict[str, Any] = field(default_factory=dict)
    heard: Callable[[Step, Any], None] | None = None
    """Is told what a request step was answered, before it is checked."""
    sent: Callable[[str, str, int | None, Any], None] | None = None
    """Is told method, address, status (None: no answer) and data of each request that a step sent without a page."""
    explains: bool = True
    """Whether somebody will read why a step failed: then what the page shows instead is looked for."""

    @property
    def page(self) -> Page:
        if self.opened is None:
            raise StepFailed("document", "This step needs a page, and an api test has none.")
        return self.opened

    @property
    def watch(self) -> Watching:
        if self.watching is None:
            raise StepFailed("document", "This step needs a page, and an api test has none.")
        return self.watching

    def locate(self, target: Target) -> Locator:
        return find(self.page, strategies(target)[0])

    def address(self, path: str) -> str:
        """The URL of a path of the site. Raises `StepFailed` where browsers read another site's address from it."""
        url = joined(f"{self.site.origin}/", path)
        if not same_origin(url, self.site.origin):
            raise StepFailed("blocked", f"{path!r} leaves the site: it is {url}")
        return url

    @property
    def patience(self) -> str:
        return f"{self.timeout_ms / 1000:.1f} s"

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> bool:
        """Ask again and again until the step's time is over; whether it came to hold."""
        deadline = time.monotonic() + self.timeout_ms / 1000
        while not await holds():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        return True


class Step(Value):
    """One entry of a test's steps. Kinds differ by `do`; these options are common to all.

    What else Sentri has to know of a kind are its traits, the class variables. Who asks them needs no names.
    """

    do: str
    timeout: int | None = Field(default=None, ge=100, le=120_000, description="milliseconds; default: the run's")
    optional: bool = Field(default=False, description="when it fails the test goes on, and does not fail for it")
    soft: bool = Field(default=False, description="when it fails the test goes on, and fails at its end")
    note: str | None = Field(default=None, max_length=500)

    kind: ClassVar[str] = ""
    """The kind's name in documents, read from its `do`."""
    label: ClassVar[str] = ""
    """What the kind is called in the editor; its name where nothing else is said."""
    role: ClassVar[Role] = "act"
    """Whether it does something, expects something, only waits, or only keeps something under a name."""
    about: ClassVar[Subject] = ""
    """What an expectation is about. It decides which mutations it ought to notice."""
    strength: ClassVar[float] = 0.0
    """What an expectation counts in the score of a test: 3 for what is said, less for what is seen, 1 for the rest."""
    gesture: ClassVar[Gesture] = ""
    """How it uses its element: by pressing it, by entering something into it, or by a key in it."""
    free_value: ClassVar[bool] = False
    """Whether `value` is any text: with another one it does the same."""
    prunable: ClassVar[bool] = False
    """Whether a proof leaves it out where it changes nothing. What is entered is what a test is about, and stays."""
    begins_test: ClassVar[bool] = False
    """Whether nothing is opened before a test that begins with it."""
    asks_api: ClassVar[bool] = False
    """Whether it asks the site itself, by `method` and `path`, and checks the answer with `expect`."""
    estimate_ms: ClassVar[float] = 200.0
    """How long it takes, as long as nothing was measured."""
    blank: ClassVar[Blank] = {}
    """Parts with which a person begins who adds one, where the first of several choices or an empty text is not it."""
    watches_requests: ClassVar[bool] = False
    """Whether the step wants to know which requests are under way."""
    loads_page: ClassVar[bool] = False
    """Loading a page may take three times as long as another step."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.kind = next(iter(get_args(cls.model_fields["do"].annotation)), "")

    @classmethod
    def step(cls, **parts: Any) -> dict[str, Any]:
        """A step of this kind as it stands in a document, its parts by the names they have there. It is not checked."""
        return {"do": cls.kind, **parts}

    async def run(self, stage: Stage) -> None:
        """Do it, or raise `StepFailed` or an error of Playwright."""
        raise NotImplementedError

    def sentence(self) -> str:
        raise NotImplementedError

    def checks(self) -> bool:
        """Whether it says that something must hold."""
        return self.role == "expect"

    def needs_page(self) -> bool:
        return True

    def saves(self) -> Iterable[str]:
        """Names of the variables that exist after this step."""
        return ()

    def aim(self) -> Target | None:
        """The element the step is about, if it is about one."""
        return getattr(self, "target", None)

    def wrong(self, path: str) -> Iterator[tuple[str, str]]:
        """What no browser could do, each with its place; `path` is that of the step. Variables are passed over."""
        target = self.aim()
        if target is not None:
            yield from wrong(target, f"{path}.target")


def listed(values: Sequence[str], most: int = 5) -> str:
    """ "A", "B" and 3 more"""
    shown = ", ".join(f'"{value}"' for value in values[:most])
    return f"{shown} and {len(values) - most} more" if len(values) > most else shown


def one_line(text: str, longest: int = 200) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


Scalar = str | int | float | bool
