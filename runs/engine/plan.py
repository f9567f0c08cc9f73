"""What goes into the engine: targets, sites, options and units of work. Values only."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class Value(BaseModel):
    """A frozen value that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(Value):
    """An element, named the way a person would name it. Exactly one way of naming, plus scope."""

    role: str | None = None
    name: str | None = Field(default=None, description="accessible name; only together with role")
    exact: bool = Field(default=False, description="names and texts must match whole and in case")
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


class Credentials(Value):
    """A sign-in for the site. Selectors are found on the page where they are not given."""

    username: str
    password: SecretStr
    login_url: str | None = Field(default=None, description="path or URL of the sign-in page")
    username_selector: str | None = None
    password_selector: str | None = None
    submit_selector: str | None = None


class Site(Value):
    """Where to test and as whom: the run's snapshot of project and environment, secrets resolved."""

    base_url: str
    headers: dict[str, str] = {}
    variables: dict[str, str] = {}
    secrets: dict[str, SecretStr] = {}
    credentials: Credentials | None = None

    @property
    def origin(self) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"


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
    locale: str | None = Field(default=None, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
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

    @field_validator("timezone_id")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            raise ValueError(f"'{zone}' is not a known time zone; use an IANA name such as Europe/Paris")
        return zone


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
    hedge: bool = Field(default=True, description="idle workers repeat a test that takes twice its time, to be done")
    network: Network = Field(default="fast", description="what pages have: all there is, a slow phone, or nothing")
    trace: Keep = "on_failure"
    screenshot: Keep = "on_failure"
    video: Keep = Field(default="off", description="needs ffmpeg where the worker runs")
    vitals: bool = Field(default=False, description="measure every page; always so where the project has budgets")
    timeout_ms: int = Field(default=5_000, ge=100, le=120_000, description="of one step")
    test_timeout_ms: int = Field(default=60_000, ge=1_000, le=1_800_000, description="of one attempt")


Pattern = Annotated[str, Field(min_length=1, max_length=300)]


class CrawlOptions(BrowserOptions):
    """Options of a crawl."""

    mode: Literal["links"] = "links"
    shards: int = Field(default=1, ge=1, le=64)
    max_pages: int = Field(default=50, ge=1, le=10_000)
    max_depth: int = Field(default=5, ge=0, le=50)
    same_template: int = Field(default=3, ge=1, le=1000, description="pages of one shape that are visited")
    include: tuple[Pattern, ...] = Field(default=(), description="regular expressions on path and query; empty = all")
    exclude: tuple[Pattern, ...] = ()
    respect_robots: bool = True
    read_only: bool = Field(default=False, description="block POST, PUT, PATCH and DELETE at the network")
    allow_destructive: bool = False
    test_count: int = Field(default=60, ge=0, le=1000, description="tests proposed at most")
    page_timeout_ms: int = Field(default=15_000, ge=1_000, le=120_000)

    @field_validator("include", "exclude")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        import re

        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"'{pattern}' is not a regular expression: {error}") from error
        return patterns


class TestWork(Value):
    """One result to resolve: a document for one data row, and how often it may still be tried."""

    __test__ = False  # not a pytest class

    result: int
    title: str
    document: dict[str, Any]
    row: dict[str, Any] = {}
    attempts_before: int = 0
    retries: int = 0
    replays: int = Field(default=1, ge=1, description="clean passes in a row that are needed (proofs ask for 2)")


class PageWork(Value):
    """One page of the frontier to visit."""

    page: int
    url: str
    depth: int


class ShardPlan(Value):
    """How one shard executes tests."""

    site: Site
    options: RunOptions
    artifacts: str = Field(description="directory that files of attempts are written to")
    allow_private: bool = False
    vitals: bool = Field(default=False, description="whether the pages of tests are measured")


class CrawlPlan(Value):
    """How one shard crawls."""

    site: Site
    options: CrawlOptions
    allow_private: bool = False
