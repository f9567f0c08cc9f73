"""What an API answered, and what is expected of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from runs.engine.foreign import UnreadableJson, loaded, text
from runs.engine.plan import Value
from runs.engine.steps import jsonpath
from runs.engine.steps.base import StepFailed, one_line
from runs.engine.steps.json_schema import JsonSchema, described, fits, listing


def _parses(path: str) -> str:
    jsonpath.parse(path)
    return path


JsonPath = Annotated[str, Field(min_length=1), AfterValidator(_parses)]
Status = Annotated[int, Field(ge=100, le=599)]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    milliseconds: float

    @property
    def text(self) -> str:
        return text(self.body.decode("utf-8", "replace"))

    def document(self) -> Any:
        try:
            return loaded(self.body)
        except UnreadableJson as error:
            start = one_line(self.text[:1_000], 80)
            there = f'the answer is "{start}"' if start else "the answer is empty"
            message = f"Expected JSON, but {there}" + ("" if error.__cause__ else f": {error}")
            raise StepFailed("expectation", message, expected="JSON", received=start) from None


class JsonCheck(Value):
    """One place in the JSON answer, and what is expected there. With [*] in the path all that is found is a list."""

    path: JsonPath
    equals: Any = None
    contains: Any = None
    exists: bool | None = None
    length: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if len(self.model_fields_set - {"path"}) != 1:
            raise ValueError("give exactly one of equals, contains, exists, length")
        return self

    def verify(self, document: Any) -> None:
        found = jsonpath.select(document, self.path)
        if "exists" in self.model_fields_set:
            self._require(bool(found) == self.exists, "exist" if self.exists else "not exist", found)
            return
        # With [*] an empty list is what was found, and no place that is missing.
        if not found and None not in jsonpath.parse(self.path):
            raise StepFailed("expectation", f"Expected {self.path} in the answer, but there is no such place")
        value = found if None in jsonpath.parse(self.path) else found[0]
        if "equals" in self.model_fields_set:
            self._require(value == self.equals, f"be {brief(self.equals)}", value)
        elif "contains" in self.model_fields_set:
            self._require(contains(value, self.contains), f"contain {brief(self.contains)}", value)
        else:
            sized = isinstance(value, list | str | dict)
            self._require(sized and len(value) == self.length, f"have the length {self.length}", value)

    def described(self) -> str:
        if "exists" in self.model_fields_set:
            return f"has {'' if self.exists else 'no '}{self.path}"
        if "length" in self.model_fields_set:
            return f"has {self.length} in {self.path}"
        if "contains" in self.model_fields_set:
            return f"has {brief(self.contains)} within {self.path}"
        return f"has {brief(self.equals)} at {self.path}"

    def _require(self, holds: bool, wanted: str, value: Any) -> None:
        if not holds:
            message = f"Expected {self.path} to {wanted}, but it is {brief(value)}"
            raise StepFailed("expectation", message, expected=wanted, received=brief(value))


class AnswerExpectation(Value):
    """What the answer has to be; everything given must hold."""

    status: Status | tuple[Status, ...] | None = Field(default=None, description="default: any below 400")
    headers: dict[str, str] = Field(default={}, description="header name to a part of its value")
    payload: tuple[JsonCheck, ...] = Field(default=(), alias="json", description="checks of places in the JSON answer")
    shape: JsonSchema | None = Field(default=None, alias="schema", description="JSON Schema that the answer fits")
    contains: str | None = Field(default=None, min_length=1, description="part of the body's text")
    max_ms: int | None = Field(default=None, ge=1, description="the answer takes no longer, in milliseconds")

    def verify(self, answer: Answer) -> None:
        """Raises `StepFailed` at the first thing that does not hold."""
        self._status(answer)
        for name, part in self.headers.items():
            there = answer.headers.get(name.lower())
            if there is None or part.lower() not in there.lower():
                message = f'Expected the header {name} to contain "{part}", but it is {brief(there)}'
                raise StepFailed("expectation", message, expected=part, received=there)
        if self.contains is not None and self.contains not in answer.text:
            message = f'Expected the answer to contain "{self.contains}", but it is "{one_line(answer.text, 120)}"'
            raise StepFailed("expectation", message, expected=self.contains, received=one_line(answer.text))
        if self.payload:
            document = answer.document()
            for check in self.payload:
                check.verify(document)
        if self.shape is not None:
            fits(answer.document(), self.shape)
        if self.max_ms is not None and answer.milliseconds > self.max_ms:
            message = f"Expected an answer within {self.max_ms} ms, but it took {answer.milliseconds:.0f} ms"
            raise StepFailed(
                "expectation", message, expected=f"{self.max_ms} ms", received=f"{answer.milliseconds:.0f} ms"
            )

    def described(self) -> str:
        """What is expected, in words that follow "the answer"; "" for no more than that it is none of an error."""
        said = [f"is {self._statuses()}"] if self.status is not None else []
        said += [described(self.shape)] if self.shape is not None else []
        said += [check.described() for check in self.payload]
        said += [f'contains "{one_line(self.contains, 60)}"'] if self.contains is not None else []
        said += [f"takes no more than {self.max_ms} ms"] if self.max_ms is not None else []
        return listing(said, most=5)

    def _statuses(self) -> str:
        wanted = (self.status,) if isinstance(self.status, int) else self.status
        return " or ".join(str(status) for status in wanted or ("below 400",))

    def _status(self, answer: Answer) -> None:
        wanted = (self.status,) if isinstance(self.status, int) else self.status
        if answer.status in wanted if wanted else answer.status < 400:
            return
        words = self._statuses()
        said = f' ("{one_line(answer.text, 120)}")' if answer.body else ""
        message = f"Expected status {words}, but the answer was {answer.status}{said}"
        raise StepFailed("expectation", message, expected=words, received=str(answer.status))


def contains(value: Any, part: Any) -> bool:
    """Text in text, item in list, and for dicts: every key of the part with a value that fits."""
    if isinstance(value, str):
        return str(part) in value
    if isinstance(value, list):
        return any(item == part or (isinstance(part, dict) and contains(item, part)) for item in value)
    if isinstance(value, dict) and isinstance(part, dict):
        return all(key in value and value[key] == wanted for key, wanted in part.items())
    return bool(value == part)


def brief(value: Any) -> str:
    return one_line(json.dumps(value, ensure_ascii=False, default=str), 120)
