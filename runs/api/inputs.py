"""What comes in about runs and tests. Unknown options are errors; nothing is silently replaced by a default."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from projects.api.inputs import Body, Name, NewProject, ProjectEdit, not_blank
from runs import delivering
from runs.engine.plan import CrawlOptions, RouteMap, RunOptions, Value
from runs.gates import BUDGETS, GATES, Gate, VitalBudget
from runs.notifiers import CHANNELS
from runs.notifiers.github import REPO
from runs.notifiers.http import WebUrl

Id = Annotated[str, Field(min_length=1, max_length=30)]
Tag = Annotated[str, Field(min_length=1, max_length=80)]
Reason = Annotated[str, Field(max_length=1000)]
Priority = Annotated[int, Field(ge=-10, le=10, description="higher goes first")]


def _repo(text: str) -> str:
    if not re.fullmatch(REPO, text):
        raise ValueError("Write owner and repository, such as octo/shop.")
    return text


def _sha(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}", text):
        raise ValueError("Write the commit's whole id: 40 hexadecimal digits.")
    return text.lower()


class ProjectSettings(Value):
    """A project's defaults for the options of its crawls and of its test runs, and what its files stand for."""

    crawl: CrawlOptions = CrawlOptions()
    run: RunOptions = RunOptions()
    route_map: RouteMap = Field(
        default={}, description="files or folders (* ? [] match) to the paths of the application that they show on"
    )


def _within(
    known: Mapping[str, Gate] | Mapping[str, VitalBudget], noun: str
) -> Callable[[dict[str, float]], dict[str, float]]:
    """A check of limits by name, each in the range of its kind."""

    def check(limits: dict[str, float]) -> dict[str, float]:
        for name, limit in limits.items():
            kind = known.get(name)
            if kind is None:
                raise ValueError(f"There is no {noun} '{name[:60]}'; there are {', '.join(known)}.")
            if not kind.low <= limit <= kind.high:
                raise ValueError(f"{name} must be from {kind.low:,g} to {kind.high:,g}.")
        return limits

    return check


Gates = Annotated[dict[str, float], AfterValidator(_within(GATES, "gate"))]
Budgets = Annotated[dict[str, float], AfterValidator(_within(BUDGETS, "web vital"))]


class NewProjectWithSettings(NewProject):
    settings: ProjectSettings = ProjectSettings()
    quality_gates: Gates = {}
    web_vitals_budgets: Budgets = {}


class ProjectEditWithSettings(ProjectEdit):
    settings: ProjectSettings | None = None
    quality_gates: Gates | None = None
    web_vitals_budgets: Budgets | None = None


def _callback(url: str) -> str:
    """By its text alone; what its name points to is judged by `runs.api.outbound_addresses`."""
    refusal = delivering.refusal_of(url, resolve=False)
    if refusal:
        raise ValueError(refusal)
    return url


CallbackUrl = Annotated[
    str,
    Field(max_length=2048, description="gets the verdict by a signed POST when the run is over"),
    WebUrl,
    AfterValidator(_callback),
]
Repo = Annotated[str, AfterValidator(_repo)]
Sha = Annotated[str, AfterValidator(_sha)]
Branch = Annotated[str, Field(min_length=1, max_length=255)]


class CrawlOrder(CrawlOptions):
    """Options of a crawl that differ from the project's, and where it goes."""

    environment: Id | None = None
    priority: Priority = 0
    callback_url: CallbackUrl | None = None


class TestOrder(RunOptions):
    """Options of a run of one test that differ from the project's, and where it goes."""

    # pytest would take the class for tests, by its name.
    __test__ = False

    environment: Id | None = None
    priority: Priority = 0
    callback_url: CallbackUrl | None = None


class OneTestOrder(TestOrder):
    """Options of a run of one test. A trial runs one that is not approved; it counts nowhere, and nobody is told."""

    __test__ = False

    trial: bool = False


class RunOrder(TestOrder):
    """Which approved tests run (all where neither is given), and how."""

    tests: tuple[Id, ...] | None = Field(default=None, min_length=1, max_length=10_000)
    tags: tuple[Tag, ...] | None = Field(default=None, min_length=1, max_length=100)
    repo: Repo | None = Field(default=None, description="what CI tests, such as octo/shop; for GitHub checks")
    sha: Sha | None = None
    base_sha: Sha | None = Field(default=None, description="what the commit is compared with")
    branch: Branch | None = None
    pull_request: Annotated[int, Field(ge=1, le=2**31)] | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> RunOrder:
        if self.tests is not None and self.tags is not None:
            raise ValueError("Give tests or tags, not both.")
        return self

    def commit(self) -> dict[str, Any]:
        """What CI tests, as far as it was said."""
        return self.model_dump(include={"repo", "sha", "base_sha", "branch", "pull_request"}, exclude_none=True)


class Rerun(Body):
    only: Literal["failed", "all"] = "all"
    values: Literal["then", "now"] = Field(
        default="then",
        description="the address, headers, variables and versions of tests of the run that is repeated, or of today",
    )


class NewTest(Body):
    document: dict[str, Any] = Field(description="a test document")


class TestEdit(Body):
    """A new version of the test: a whole document, a new title, or both."""

    __test__ = False

    document: dict[str, Any] | None = None
    title: Annotated[str, Field(min_length=1, max_length=300)] | None = None

    @model_validator(mode="after")
    def _something(self) -> TestEdit:
        if self.document is None and self.title is None:
            raise ValueError("Give a document or a title.")
        return self


def _known_kind(kind: str) -> str:
    if kind not in CHANNELS:
        raise ValueError(f"There is no kind '{kind[:20]}'; there are {', '.join(CHANNELS)}.")
    return kind


class NewChannel(Body):
    """Where news go. Which `settings` there are depends on the kind; docs/api.md lists them."""

    kind: Annotated[str, AfterValidator(_known_kind)]
    name: Name
    enabled: bool = True
    when: Literal["always", "problems", "changes"] = "problems"
    settings: dict[str, Any]


class ChannelEdit(Body):
    """What is not given stays, secrets in `settings` too; the other settings are replaced whole."""

    name: Name | None = None
    enabled: bool | None = None
    when: Literal["always", "problems", "changes"] | None = None
    settings: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> ChannelEdit:
        nulls = sorted(name for name, value in self.given().items() if value is None)
        if nulls:
            raise ValueError(f"{', '.join(nulls)} may not be null; leave out what should stay.")
        return self


class Undeletion(Body):
    name: Name | None = Field(default=None, description="another name, where that of the project is taken meanwhile")


class Nothing(Body):
    """No fields at all."""


class Rejection(Body):
    reason: Reason = ""


class NewComment(Body):
    text: Annotated[str, Field(min_length=1, max_length=4_000), AfterValidator(not_blank)]


Score = Annotated[int, Field(ge=0, le=100)]
ReviewStatus = Literal["draft", "approved", "rejected"]


class TestChoice(Body):
    """Living tests of a project, chosen by their fields."""

    __test__ = False

    review_status: ReviewStatus | None = None
    origin: Literal["crawl", "person"] | None = None
    family: str | None = Field(default=None, max_length=40)
    template: str | None = Field(default=None, max_length=80)
    crawl_run: Id | None = None
    min_score: Score | None = None
    max_score: Score | None = None
    approved_by_score: bool | None = None
    stale: bool | None = None
    search: str | None = Field(default=None, max_length=200)


class BulkReview(Body):
    """One action on several tests, named by ids or chosen by a filter."""

    action: Literal["approve", "reject", "restore"]
    ids: tuple[Id, ...] | None = Field(default=None, min_length=1, max_length=1000)
    filter: TestChoice | None = None
    reason: Reason = ""

    @model_validator(mode="after")
    def _one_choice(self) -> BulkReview:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("Give ids or filter, one of the two.")
        if self.reason and self.action != "reject":
            raise ValueError("A reason belongs to the action reject.")
        return self


def given(order: BaseModel, options: type[BaseModel]) -> dict[str, Any]:
    """Those options that the client sent."""
    # What was not sent is a default of the model, and would hide the project's own.
    return order.model_dump(mode="json", include=set(options.model_fields), exclude_unset=True)
