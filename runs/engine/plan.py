"""What goes into the engine: targets, sites, options and units of work. Values only."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urljoin, urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from runs.engine.patterns import Pattern


class Value(BaseModel):
    """A frozen value that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(Value):
    """An element, named the way a person would name it. Exactly one way of naming, plus scope."""

    role: str | None = None
    name: str | None = Field(default=None, description="accessible name; only together with role")
    exact: bool | None = Field(
        default=None,
        description="names and texts match whole, whatever their case and spaces; true: in case as well; "
        "false: a part is enough, and where several have it, the one that matches whole is meant",
    )
    label: str | None = None
    placeholder: str | None = None
    alt: str | None = None
    title: str | None = None
    text: str | None = None
    test_id: str | None = None
    css: str | None = None
    xpath: str | None = None
    within: Target | None = None
    frame: tuple[Target, ...] = ()
    nth: int | None = Field(default=None, ge=-1, description="0-based; -1 is the last")
    memory: dict[str, Any] | None = Field(default=None, description="what was seen when the target was made")

    @model_validator(mode="after")
    def _one_way(self) -> Target:
        ways = [way for way in WAYS if getattr(self, way) is not None]
        if len(ways) != 1:
            raise ValueError(f"a target is named in exactly one way of {', '.join(WAYS)}; this one has {len(ways)}")
        if self.name is not None and self.role is None:
            raise ValueError("name needs role beside it")
        return self

    @property
    def fragile(self) -> bool:
        """Whether the target leans on the page's structure instead of what a person sees."""
        return bool(self.css or self.xpath or (self.within and self.within.fragile))


WAYS = ("role", "label", "placeholder", "alt", "title", "text", "test_id", "css", "xpath")


# Roles are texts everywhere, so that a test can be read and moved without ids (decision 20).
ACCOUNT = "account"
VISITOR = "visitor"


class Credentials(Value):
    """A sign-in for the site. Selectors are found on the page where they are not given.

    `kind` form fills a form; basic answers the server's challenge; headers sends `headers`, and needs no name.
    `fingerprint` changes with everything that one signs in with; sessions are not kept where it is empty.
    """

    kind: Literal["form", "basic", "headers"] = "form"
    username: str = ""
    password: SecretStr = SecretStr("")
    totp: SecretStr | None = Field(default=None, description="base32 secret of one-time codes")
    headers: dict[str, SecretStr] = {}
    login_url: str | None = Field(default=None, description="path or URL of the sign-in page")
    username_selector: str | None = None
    password_selector: str | None = None
    submit_selector: str | None = None
    fingerprint: str = ""
    origins: tuple[str, ...] = Field(default=(), description="where it may be typed, besides the site's own")


class SignedInSession(Value):
    """A sign-in that has been made: a browser's storage state, and how one sees whether it still holds.

    `page` is where signing in led. There `signs` are names of links and buttons that a visitor does not have, and
    `closed` says that a visitor is sent elsewhere or asked to sign in.
    """

    state: dict[str, Any] = Field(repr=False)
    page: str
    signs: tuple[str, ...] = ()
    closed: bool = False

    @property
    def tells(self) -> bool:
        """Whether its page looks different to a visitor, so that one can see whether it holds."""
        return self.closed or bool(self.signs)


class Site(Value):
    """Where to test and as whom: the run's snapshot of project and environment, secrets resolved."""

    base_url: str
    headers: dict[str, str] = {}
    variables: dict[str, str] = {}
    secret_headers: dict[str, SecretStr] = Field(default={}, description="sent like headers, shown nowhere")
    secrets: dict[str, SecretStr] = Field(default={}, description="variables that are shown nowhere")
    credentials: Credentials | None = Field(default=None, description='the sign-in called "account"')
    profiles: dict[str, Credentials] = Field(default={}, description="further sign-ins by name")
    sessions: dict[str, SignedInSession] = Field(default={}, description="kept of earlier sign-ins, by role")

    @property
    def origin(self) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    def credentials_of(self, role: str) -> Credentials | None:
        """What `role` signs in with: "account" or the name of a profile. None for visitors and for the unknown."""
        return self.credentials if role == ACCOUNT else self.profiles.get(role)

    def seen_as(self, role: str) -> Site:
        """The site to open contexts for `role` with: its credentials are the account's, its headers are sent."""
        return self.model_copy(update={"credentials": self.credentials_of(role)})

    @property
    def sent_headers(self) -> dict[str, str]:
        """What every request to the site's origin carries: its own headers, and those that the account is known by."""
        account = self.credentials
        secret = self.secret_headers | (account.headers if account and account.kind == "headers" else {})
        return {**self.headers, **{name: value.get_secret_value() for name, value in secret.items()}}


Keep = Literal["off", "on_failure", "on"]
Network = Literal["fast", "slow3g", "offline"]
# The names that the driver knows, so that whoever takes an order need not start one.
DEVICES = frozenset(Path(__file__).with_name("devices.txt").read_text("utf-8").splitlines())


class Geolocation(Value):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    accuracy: float = Field(default=0, ge=0)


class BrowserOptions(Value):
    """What a browser context looks like to the application."""

    browser: Literal["chromium", "firefox", "webkit"] = "chromium"
    device: str | None = Field(default=None, max_length=80, description="a Playwright device name, e.g. iPhone 13")
    locale: str | None = Field(default=None, max_length=60, description="a language tag, e.g. de-AT")
    timezone_id: str | None = None
    geolocation: Geolocation | None = None
    parallel: int = Field(default=2, ge=1, le=10, description="browser contexts at a time per shard")

    @field_validator("browser")
    @classmethod
    def _to_be_had(cls, browser: str) -> str:
        if browser != "chromium":
            raise ValueError(f"no worker can have {browser} in this version; use chromium")
        return browser

    @field_validator("device")
    @classmethod
    def _known_device(cls, device: str | None) -> str | None:
        if device is not None and device not in DEVICES:
            alike = get_close_matches(device, sorted(DEVICES), 1, 0.5) or ["iPhone 13"]
            raise ValueError(f"'{device}' is not a known device; one that is known is '{alike[0]}'")
        return device

    @field_validator("locale")
    @classmethod
    def _language_tag(cls, locale: str | None) -> str | None:
        if locale is not None and not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", locale):
            raise ValueError(f"'{locale}' is not a language tag; write one such as en, de-AT or zh-Hant-TW")
        return locale

    @field_validator("timezone_id")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            raise ValueError(f"'{zone}' is not a known time zone; use an IANA name such as Europe/Paris")
        return zone


def _route(route: str) -> str:
    if not route.startswith("/") or any(character.isspace() for character in route):
        raise ValueError("Write a path of the application such as /cart.")
    return route


FilePattern = Annotated[str, Field(min_length=1, max_length=300)]
Route = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_route)]
# Files of the application to the paths that they show on.
RouteMap = Annotated[
    dict[FilePattern, Annotated[tuple[Route, ...], Field(min_length=1, max_length=100)]], Field(max_length=500)
]
ChangedFile = Annotated[str, Field(min_length=1, max_length=500)]


class RunOptions(BrowserOptions):
    """Options of a test run."""

    shards: int = Field(default=1, ge=1, le=64)
    retries: int = Field(default=2, ge=0, le=10)
    max_failures: int | None = Field(default=None, ge=1, le=100_000, description="failed tests after which all stop")
    budget_minutes: float | None = Field(default=None, gt=0, le=240, description="what does not fit in is skipped")
    changed_files: tuple[ChangedFile, ...] | None = Field(
        default=None, max_length=5_000, description="files of the application that changed; picks the tests they touch"
    )
    route_map: RouteMap | None = Field(default=None, description="files to paths, in place of the project's own")
    hedge: bool = Field(default=True, description="idle workers repeat a test that takes twice its time, to be done")
    network: Network = Field(default="fast", description="what pages have: all there is, a slow phone, or nothing")
    trace: Keep = "on_failure"
    screenshot: Keep = "on_failure"
    video: Keep = Field(default="off", description="needs ffmpeg where the worker runs")
    vitals: bool = Field(default=False, description="measure every page; always so where the project has budgets")
    timeout_ms: int = Field(default=5_000, ge=100, le=120_000, description="of one step")
    test_timeout_ms: int = Field(default=60_000, ge=1_000, le=1_800_000, description="of one attempt")


ShortPattern = Annotated[Pattern, Field(max_length=300)]
Patterns = Annotated[tuple[ShortPattern, ...], Field(max_length=100)]


Preset = Literal["quick", "balanced", "deep"]
PRESETS: dict[str, dict[str, int]] = {
    "quick": {"max_states": 10, "max_depth": 2, "max_actions": 4, "action_timeout_ms": 3_000},
    "balanced": {"max_states": 30, "max_depth": 3, "max_actions": 8, "action_timeout_ms": 5_000},
    "deep": {"max_states": 80, "max_depth": 6, "max_actions": 15, "action_timeout_ms": 8_000},
}
Approach = Literal["full_coverage", "positive_only", "errors_and_edges", "exploratory", "stability_check"]
Perspective = Literal["full_journey", "single_component", "multi_role", "first_time_user", "interrupted_flows"]
Quality = Literal[
    "accessibility",
    "performance",
    "security",
    "data_integrity",
    "api_integration",
    "localization",
    "reliability",
    "observability",
]
Language = Literal["en-US", "en-GB", "es", "fr", "de", "ja", "zh", "pt"]
Format = Literal["step_by_step", "checklist", "gherkin"]
RoleName = Annotated[str, Field(min_length=1, max_length=80)]


class Preferences(Value):
    """What kind of tests a person wants proposed. They act with and without a model."""

    approach: Approach = "full_coverage"
    perspectives: tuple[Perspective, ...] = Field(default=(), max_length=5)
    quality: tuple[Quality, ...] = Field(default=(), max_length=8)
    language: Language = Field(default="en-US", description="language of titles")
    format: Format = "step_by_step"
    custom_instructions: str = Field(default="", max_length=500)


class CrawlOptions(BrowserOptions):
    """Options of a crawl."""

    mode: Literal["links", "states"] = Field(
        default="links", description="follow links, or press and fill what pages offer as well"
    )
    preset: Preset | None = Field(default=None, description="how far to explore; what is given beside it wins")
    shards: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="workers that share the crawl; empty = all that are free, one where requests_per_second is given",
    )
    max_pages: int = Field(default=50, ge=1, le=10_000)
    max_states: int = Field(default=30, ge=1, le=1_000, description="states beyond pages' first ones; mode states")
    max_depth: int = Field(default=5, ge=0, le=50)
    max_actions: int = Field(default=8, ge=1, le=100, description="actions tried in one state; mode states")
    action_timeout_ms: int = Field(default=5_000, ge=500, le=60_000)
    max_minutes: float | None = Field(
        default=None, gt=0, le=1_440, description="of the whole crawl; a third is for visiting, a third for proving"
    )
    same_template: int = Field(default=3, ge=1, le=1000, description="pages of one shape that are visited")
    include: Patterns = Field(default=(), description="regular expressions on path and query; empty = all")
    exclude: Patterns = ()
    respect_robots: bool = True
    requests_per_second: float | None = Field(
        default=None,
        gt=0,
        le=100,
        description="pages opened, actions and cases tried, tests replayed per second and worker at most",
    )
    read_only: bool = Field(default=False, description="block POST, PUT, PATCH and DELETE at the network")
    allow_destructive: bool = False
    allow_actions: Patterns = Field(
        default=(),
        description="regular expressions on what a button or link says; may be pressed although it looks dangerous",
    )
    deny_actions: Patterns = Field(
        default=(), description="regular expressions on what a button or link says; never pressed"
    )
    clean_up: bool = Field(default=True, description="remove again what was created, where the application offers it")
    roles: tuple[RoleName, ...] = Field(
        default=(),
        max_length=10,
        description="sign-ins to crawl as: account, visitor, or names; empty = account, where there is one",
    )
    test_count: int = Field(default=60, ge=0, le=1000, description="tests proposed at most")
    generate_for: Literal["changed", "all"] = Field(
        default="changed", description="propose for what changed since the last crawl, or for everything"
    )
    openapi: str = Field(default="", max_length=2_000, description="address of an OpenAPI or Swagger document")
    dials: Preferences = Preferences()
    replays: int = Field(default=3, ge=1, le=10, description="clean replays that a proposal needs")
    max_breakages: int = Field(
        default=12, ge=0, le=100, description="ways in which the application is broken per proposal; 0 = none"
    )
    page_timeout_ms: int = Field(default=15_000, ge=1_000, le=120_000)

    def openapi_elsewhere(self, base_url: str) -> str:
        """Why the description of the API is not read where this is the site; "" where it is."""
        if urlsplit(urljoin(base_url, self.openapi.strip()))[:2] == urlsplit(base_url)[:2]:
            return ""
        return f"A description of the API is read from {base_url} only; write its path there, such as /openapi.json."

    @model_validator(mode="after")
    def _preset(self) -> Self:
        # Before the fields it would see JSON as Python, where a list is no tuple.
        preset = PRESETS[self.preset] if self.preset else {}
        vars(self).update({name: value for name, value in preset.items() if name not in self.model_fields_set})
        return self


class TestWork(Value):
    """One result to resolve: a document for one data row, and how often it may still be tried."""

    __test__ = False  # not a pytest class

    result: int
    title: str
    document: dict[str, Any]
    row: dict[str, Any] = {}
    attempts_before: int = 0
    retries: int = 0
    replays: int = Field(default=1, ge=1, description="clean passes that a proof needs; an execution asks for one")
    writes: bool = Field(default=True, description="whether its pages may send what could change something")


class PageWork(Value):
    """One entry of the frontier: an address to open, and the steps from there where it is a state and no page."""

    page: int
    url: str
    depth: int
    role: str = Field(default="", description="name of the sign-in to visit as; empty = the crawl's own")
    path: tuple[dict[str, Any], ...] = Field(default=(), description="steps of the test language, replayed from url")
    action: str = Field(default="", description="what leads here, in words")


class CaseWork(Value):
    """One thing to try on the application; `work` is a case as the generator wrote it down."""

    case: int
    work: dict[str, Any]


class ShardPlan(Value):
    """How one shard executes tests."""

    site: Site
    options: RunOptions
    artifacts: str = Field(description="directory that files of attempts are written to")
    vitals: bool = Field(default=False, description="whether the pages of tests are measured")
    read_only: bool = Field(default=False, description="pages send nothing that could change something")


class ProofPlan(ShardPlan):
    """How one shard proves proposals; how many clean replays each needs says its work."""

    max_breakages: int = Field(default=12, ge=0, description="ways in which the application is broken per proposal")
    requests_per_second: float | None = Field(default=None, description="replays begun per second at most")


class CrawlPlan(Value):
    """How one shard crawls. `earlier_searches` are those of earlier crawls, to be asked again."""

    site: Site
    options: CrawlOptions
    earlier_searches: tuple[str, ...] = ()
