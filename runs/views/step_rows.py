"""Steps as rows that a person edits: the sentence of a step, with what it says as fields within. Pure.

What can be changed in a row is what its sentence says: each part of a step is replaced by a mark, the step says its
sentence, and where the marks come out, there the fields stand. A row keeps its step whole beside them, so what no field
shows is never lost, and a field that was not changed changes nothing.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from runs.engine.locate import NOUNS
from runs.engine.plan import WAYS, Target
from runs.engine.steps import STEPS
from runs.engine.steps.base import Step
from runs.engine.steps.matching import COMPARISONS

Raw = dict[str, Any]
Choices = tuple[tuple[str, str], ...]

# No text of a document has null characters.
MARKED = re.compile(r"\0(\d+)\0")
ROLE = "role:"
# fmt: off
ROLES = (
    "button", "link", "heading", "textbox", "searchbox", "checkbox", "radio", "switch", "combobox", "option", "tab",
    "menuitem", "dialog", "alert", "status", "navigation", "main", "form", "list", "listitem", "table", "row", "cell",
    "img",
)
# fmt: on
KINDS_OF_ELEMENT: Choices = (
    *((f"{ROLE}{role}", role) for role in ROLES),
    *((way, noun.replace("{}", "").strip(' "')) for way, noun in NOUNS.items()),
)
WORDS_OF_COMPARISONS: Choices = tuple((way, text.split(" ")[0]) for way, text in COMPARISONS.items())


@dataclass(frozen=True)
class StepField:
    """A part of a step: `path` from the step to it, and its value as text."""

    label: str
    path: tuple[str | int, ...]
    value: str
    choices: Choices = ()
    whole: bool = False
    """Whether it is a whole number."""
    hint: str = ""

    @property
    def lines(self) -> bool:
        """Whether a field of one line would lose something of it."""
        return "\n" in self.value or "\r" in self.value

    @property
    def options(self) -> Choices:
        """What can be chosen; what is there now always can."""
        known = any(value == self.value for value, _ in self.choices)
        return self.choices if known else ((self.value, self.value.removeprefix(ROLE)), *self.choices)

    @property
    def place(self) -> str:
        return ".".join(map(str, self.path))

    def put(self, step: Raw, text: str) -> None:
        """Write another value into the step."""
        *way, last = self.path
        within: Any = step
        for key in way:
            within = within[key]
        within[last] = int(text) if self.whole and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", text) else text


class KindOfElement(StepField):
    """Role or way of naming; the name goes along."""

    def put(self, step: Raw, text: str) -> None:
        target = step["target"]
        way, name = _named(target)
        rest = {key: value for key, value in target.items() if key not in {way, "name", "memory"}}
        if text in WAYS:
            step["target"] = {text: name or "", **rest}
        else:
            role = {"role": text.removeprefix(ROLE)}
            step["target"] = {**role, **({"name": name} if name else {}), **rest}


class NameOfElement(StepField):
    """What the element is called; a role needs no name. What was seen of another element is forgotten."""

    def put(self, step: Raw, text: str) -> None:
        target = step["target"]
        target.pop("memory", None)
        key = _name_key(target)
        if key == "name" and not text:
            target.pop(key, None)
        else:
            target[key] = text


class TextComparison(StepField):
    """How a text is compared; the text goes along."""

    def put(self, step: Raw, text: str) -> None:
        step[text] = step.pop(_compared(step))


@dataclass(frozen=True)
class StepRow:
    """A step, and its sentence in parts, each a text or a field. A step that has no sentence is its JSON."""

    step: Any
    parts: tuple[str | StepField, ...]
    sentence: str

    @classmethod
    def from_step(cls, step: Any) -> StepRow:
        try:
            parts = _parts(step)
        except (AttributeError, LookupError, TypeError, ValueError):
            # What was typed as JSON may have any shape; why it is no step is said when it is saved.
            parts = (json.dumps(step, ensure_ascii=False),)
        return cls(step, parts, _sentence(step) or _as_text(parts))

    @property
    def fields(self) -> tuple[StepField, ...]:
        return tuple(part for part in self.parts if isinstance(part, StepField))

    @property
    def kept(self) -> str:
        """The step as it travels along with its row."""
        return json.dumps(self.step, ensure_ascii=False)

    def with_texts(self, texts: Sequence[str | None]) -> Any:
        """The step with the texts of its fields, in their order; None and what is as before changes nothing."""
        changed = copy.deepcopy(self.step)
        # A text is written where it was before what stands in front of it moves it elsewhere.
        for field, text in reversed([*zip(self.fields, texts, strict=True)]):
            if text is not None and _lines(text) != _lines(field.value):
                field.put(changed, _lines(text))
        return changed


def unnamed(step: Any) -> bool:
    """Whether a step acts on an element that has neither name nor role."""
    target = step.get("target") if isinstance(step, dict) else None
    return isinstance(target, dict) and any(target.get(way) == "" for way in WAYS)


def _lines(text: str) -> str:
    """Browsers send line breaks as they like."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parts(step: Raw) -> tuple[str | StepField, ...]:
    kind = STEPS[step["do"]]
    fields = list(_fields(kind, step))
    marked = copy.deepcopy(step)
    for number, field in enumerate(fields):
        if not isinstance(field, TextComparison):
            field.put(marked, f"\0{number}\0")
    pieces = MARKED.split(_unchecked(kind, marked).sentence())
    texts, found = pieces[::2], [fields[int(number)] for number in pieces[1::2]]
    return tuple(part for part in _woven(texts, found, fields) if part)


def _woven(texts: Sequence[str], found: Sequence[StepField], fields: Sequence[StepField]) -> Iterator[str | StepField]:
    """Texts and fields by turns. The verb before a text that is compared becomes a field as well."""
    comparison = next((field for field in fields if isinstance(field, TextComparison)), None)
    for text, before, after in zip(texts, [None, *found], [*found, None], strict=True):
        plain = text.removeprefix('"' if before else "").removesuffix('"' if after else "").strip()
        if comparison and after and after.path == comparison.path:
            yield from (plain.removesuffix(dict(WORDS_OF_COMPARISONS)[comparison.value]).strip(), comparison)
        else:
            yield plain
        if after:
            yield after


def _sentence(step: Any) -> str:
    """What a step that is right says; nothing for another."""
    try:
        return STEPS[step["do"]].model_validate(step).sentence()
    except (LookupError, TypeError, ValueError):
        return ""


def _as_text(parts: Iterable[str | StepField]) -> str:
    """The sentence as a reader hears it."""
    said = (part if isinstance(part, str) else dict(part.options).get(part.value, part.value) for part in parts)
    return " ".join(text for text in said if text)


def _unchecked(kind: type[Step], step: Raw) -> Step:
    """The step as a value, right or wrong: a row has to be shown while it is being written."""
    values = {name: step[name] for name in kind.model_fields if name in step}
    if isinstance(values.get("target"), dict):
        values["target"] = _unchecked_target(values["target"])
    return kind.model_construct(**values)


def _unchecked_target(target: Raw) -> Target:
    values = {name: target[name] for name in Target.model_fields if name in target}
    if values.get("within") is not None:
        values["within"] = Target.model_validate(values["within"])
    values["frame"] = tuple(Target.model_validate(frame) for frame in values.get("frame", ()))
    return Target.model_construct(**values)


def _fields(kind: type[Step], step: Raw) -> Iterator[StepField]:
    compares = COMPARISONS.keys() <= kind.model_fields.keys()
    if compares:
        yield TextComparison("comparison", (_compared(step),), _compared(step), WORDS_OF_COMPARISONS)
    for name, info in kind.model_fields.items():
        if name in Step.model_fields:
            continue
        value = step.get(name, None if info.is_required() else info.default)
        if name == "target" and value is not None:
            yield from _fields_of_target(value)
        else:
            yield from _leaves(info, (name,), value)


def _fields_of_target(target: Raw) -> Iterator[StepField]:
    way, name = _named(target)
    noun = f"{ROLE}{target[way]}" if way == "role" else way
    yield KindOfElement("kind of element", ("target", way), noun, KINDS_OF_ELEMENT)
    hint = "any name" if way == "role" else ""
    yield NameOfElement("name of the element", ("target", _name_key(target)), name or "", hint=hint)


def _leaves(info: FieldInfo, path: tuple[str | int, ...], value: Any) -> Iterator[StepField]:
    if isinstance(value, dict | list | tuple):
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _leaves(info, (*path, key), inner)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        label = " ".join(str(part + 1) if isinstance(part, int) else part.replace("_", " ") for part in path)
        label = "expected text" if label in COMPARISONS else label
        yield StepField(label, path, str(value), _choices(info), _is_whole(info))


def _options(info: FieldInfo) -> list[Any]:
    """The types that a value may have."""
    given = info.annotation
    return [given] if given is None or isinstance(given, type) or get_origin(given) is Literal else [*get_args(given)]


def _choices(info: FieldInfo) -> Choices:
    values = [value for option in _options(info) if get_origin(option) is Literal for value in get_args(option)]
    return tuple((str(value), str(value)) for value in values)


def _is_whole(info: FieldInfo) -> bool:
    return int in _options(info)


def _named(target: Raw) -> tuple[str, str | None]:
    """The one way in which the target is named, and the name. Raises ValueError where there is not one way."""
    (way,) = [way for way in WAYS if target.get(way) is not None]
    name = target.get(_name_key(target))
    if not isinstance(target[way], str) or not isinstance(name, str | None):
        raise TypeError("a name is a text")
    return way, name


def _name_key(target: Raw) -> str:
    return next(("name" if way == "role" else way for way in WAYS if target.get(way) is not None), "name")


def _compared(step: Raw) -> str:
    (way,) = [way for way in COMPARISONS if step.get(way) is not None]
    return way
