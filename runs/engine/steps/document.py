"""A test as data: the document, how it is read, and what is wrong with it when it is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails

from runs.engine.plan import ACCOUNT, Site, Target, Value
from runs.engine.steps import STEPS, selectors
from runs.engine.steps.base import Scalar, Step
from runs.engine.steps.navigating import SitePath
from runs.engine.steps.variables import Variables, expressions, is_builtin, known

VERSION = 1
MOST_STEPS = 500
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 10_000, 100, 10_000
MOST_TAGS = MOST_DEPENDENCIES = 100
BOUNDS = {
    "steps": (1, MOST_STEPS, f"1 to {MOST_STEPS} steps"),
    "data": (0, MOST_ROWS, f"at most {MOST_ROWS:,} rows of data"),
    "tags": (0, MOST_TAGS, f"at most {MOST_TAGS} tags"),
    "depends_on": (0, MOST_DEPENDENCIES, f"at most {MOST_DEPENDENCIES} tests that it depends on"),
}

if TYPE_CHECKING:
    # A union of whatever the registry lists cannot be written down for a type checker.
    AnyStep = Step
else:
    AnyStep = Annotated[Union[tuple(STEPS.values())], Field(discriminator="do")]  # noqa: UP007

Column = Annotated[str, Field(min_length=1, max_length=80)]
Tag = Annotated[str, Field(min_length=1, max_length=80)]
Group = Annotated[str, Field(min_length=1, max_length=80)]


class InvalidDocument(Exception):
    """A document is not a test. `problems` are pairs of path and sentence; the message is the first of them."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        path, sentence = problems[0]
        super().__init__(f"{path}: {sentence}{more}" if path else f"{sentence}{more}")


class Document(Value):
    """A test. `start` is opened first; each row of `data` is a run of its own; `auth` says as whom it starts."""

    version: Literal[1] = 1
    title: str = Field(min_length=1, max_length=300)
    kind: Literal["ui", "api"] = "ui"
    start: SitePath | None = None
    # These bounds stand in the schema alone: `_not_too_many` holds them before any entry is read.
    steps: tuple[AnyStep, ...] = Field(json_schema_extra={"minItems": 1, "maxItems": MOST_STEPS})
    data: tuple[dict[Column, Scalar | None], ...] = Field(default=(), json_schema_extra={"maxItems": MOST_ROWS})
    auth: str | None = Field(
        default=None, min_length=1, max_length=80, description="start signed in: account, or the name of a sign-in"
    )
    depends_on: tuple[Tag, ...] = Field(default=(), json_schema_extra={"maxItems": MOST_DEPENDENCIES})
    tags: tuple[Tag, ...] = Field(default=(), json_schema_extra={"maxItems": MOST_TAGS})
    priority: Literal["low", "medium", "high"] = "medium"
    serial: Group | None = Field(default=None, description="tests of one name never run at the same time in a run")
    no_hedge: bool = Field(default=False, description="never executed twice at once, as for what cannot be undone")

    @field_validator(*BOUNDS, mode="before")
    @classmethod
    def _not_too_many(cls, given: Any, info: ValidationInfo) -> Any:
        """Counted before anything is read, so that too much costs nothing."""
        least, most, rule = BOUNDS[str(info.field_name)]
        if isinstance(given, list | tuple) and not least <= len(given) <= most:
            raise ValueError(f"a test has {rule}; this one has {len(given):,}")
        return given

    @field_validator("data")
    @classmethod
    def _not_too_wide(cls, rows: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        for index, row in enumerate(rows):
            if len(row) > MOST_COLUMNS:
                raise ValueError(f"a row has at most {MOST_COLUMNS} values; row {index + 1} has {len(row):,}")
            long = next((name for name, cell in row.items() if len(str(cell)) > LONGEST_CELL), None)
            if long is not None:
                raise ValueError(
                    f"a value has at most {LONGEST_CELL:,} characters; “{long}” of row {index + 1} has more"
                )
        return rows

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "api":
            if self.start is not None:
                raise ValueError("an api test opens no page; leave start out")
            for index, step in enumerate(self.steps):
                if step.needs_page():
                    raise ValueError(f"steps[{index}]: {step.do} needs a page, and an api test has none")
        return self

    @property
    def opening(self) -> str | None:
        """The path that is opened before the first step."""
        if self.kind == "api" or self.start is not None or self.steps[0].begins_test:
            return self.start
        return "/"

    @property
    def watches_requests(self) -> bool:
        return any(step.watches_requests for step in self.steps)

    def unknown_sign_in(self, site: Site) -> list[tuple[str, str]]:
        """Path and sentence where the test starts signed in as somebody who is not known there."""
        return unknown_sign_in(self.auth, site.profiles)

    def unknown_variables(self, site: Site, row: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Path and sentence for each variable that would have no value when its step runs."""
        names = known(site) | set(row)
        problems = [("start", _unknown(name)) for name in _missing(self.start, names)]
        for index, step in enumerate(self.steps):
            problems += [(f"steps[{index}]", _unknown(name)) for name in _missing(step.model_dump(), names)]
            names |= set(step.saves())
        return problems


def parse(document: Mapping[str, Any]) -> Document:
    """Read a document of this or an older version. Raises `InvalidDocument`."""
    version = document.get("version", VERSION)
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise InvalidDocument([("version", f"{version!r} is not a version that can be read; the newest is {VERSION}")])
    try:
        found = Document.model_validate(dict(document))
    except ValidationError as error:
        raise InvalidDocument(
            [(_path(detail), _sentence(detail)) for detail in error.errors(include_url=False)]
        ) from None
    problems = [problem for index, step in enumerate(found.steps) for problem in step.wrong(f"steps[{index}]")]
    if problems:
        raise InvalidDocument(problems)
    return found


def unknown_sign_in(auth: str | None, names: Iterable[str]) -> list[tuple[str, str]]:
    """What is wrong with `auth` where these are the names of the sign-ins beside the project's own."""
    known = [ACCOUNT, *sorted(names)]
    if auth is None or auth in known:
        return []
    return [("auth", f"there is no sign-in called “{auth}”; there are {', '.join(known)}")]


def resolved(step: Step, variables: Variables) -> Step:
    """The step with its variables replaced. Raises `UnknownVariable` and `InvalidDocument`."""
    # Parts that were not given stay so: an expectation of null is known from none by that.
    raw = step.model_dump(by_alias=True, exclude_unset=True)
    if not any(expressions(raw)):
        return step
    try:
        found = type(step).model_validate(variables.resolve(raw))
    except ValidationError as error:
        raise InvalidDocument(
            [(_path(detail), _sentence(detail)) for detail in error.errors(include_url=False)]
        ) from None
    # Roles, selectors and keys that variables stood for are seen here for the first time.
    problems = list(found.wrong(""))
    if problems:
        raise InvalidDocument([(path.removeprefix("."), sentence) for path, sentence in problems])
    return found


def document_schema() -> dict[str, Any]:
    """JSON Schema of a document."""
    return Document.model_json_schema(by_alias=True)


def _missing(value: Any, names: frozenset[str] | set[str]) -> Iterator[str]:
    return (name for name in expressions(value) if name not in names and not is_builtin(name))


def _unknown(name: str) -> str:
    return f"{{{{{name}}}}} is not a variable of the data row, the steps before, the environment or the account"


def _path(detail: ErrorDetails) -> str:
    """The place as a reader writes it: steps[2].target.name. The kind of step is no part of it."""
    place = list(detail["loc"])
    if place[:1] == ["steps"] and len(place) > 2 and place[2] in STEPS:
        del place[2]
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return f"{text}.do" if detail["type"].startswith("union_tag") else text


def _meant(detail: ErrorDetails) -> str:
    """What a key or a step that is not known was probably meant to be."""
    place = detail["loc"]
    if detail["type"] == "union_tag_invalid":
        return selectors.meant(str(detail["ctx"]["tag"]), frozenset(STEPS))
    if detail["type"] != "extra_forbidden":
        return ""
    fields = frozenset(Document.model_fields)
    if {"target", "within", "frame"} & set(place[:-1]):
        fields = frozenset(Target.model_fields)
    elif len(place) > 3 and place[2] in STEPS:
        fields = frozenset(STEPS[str(place[2])].model_fields)
    return selectors.meant(str(place[-1]), fields)


_SENTENCES = {
    "extra_forbidden": "this key is not known here",
    "missing": "this is missing",
    "string_too_short": "this must have {min_length} or more characters",
    "string_too_long": "this must have {max_length} or fewer characters",
    "string_type": "this must be text",
    "int_type": "this must be a whole number",
    "int_parsing": "this must be a whole number",
    "int_from_float": "this must be a whole number",
    "bool_type": "this must be true or false",
    "greater_than": "this must be more than {gt}",
    "greater_than_equal": "this must be {ge} or more",
    "less_than_equal": "this must be {le} or less",
    "literal_error": "this must be {expected}",
    "union_tag_invalid": "{tag!r} is not a step; steps are {steps}",
    "union_tag_not_found": "this is missing; steps are {steps}",
}


def _sentence(detail: ErrorDetails) -> str:
    context = {"steps": ", ".join(STEPS)} | detail.get("ctx", {})
    if detail["type"] == "string_too_short" and context["min_length"] == 1:
        return "this is empty"
    known = _SENTENCES.get(detail["type"])
    if known:
        return known.format_map(context) + _meant(detail)
    message = detail["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
