"""A small part of JSONPath: $.name, ['any name'], [0], [-1], and [*] or .* for all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

# PART may take time by the square of a text, which is therefore short (see `tests/test_expressions.py`).
LONGEST = 1_000
PART = re.compile(
    r"""\.(?P<name>[^.\[\]*'"\s]+) | \[(?P<index>-?\d+)\] | (?P<all>\.\*|\[\*\])
    | \['(?P<single>.*?)'\] | \["(?P<double>.*?)"\]""",
    re.DOTALL | re.VERBOSE,
)


class BadPath(ValueError):
    """The path is not one of ours."""


def parse(path: str) -> list[str | int | None]:
    """Names, indexes, and None for "all of them". Raises `BadPath`."""
    if not path.startswith("$"):
        raise BadPath(f"'{path}' is not a JSON path; it starts with $")
    if len(path) > LONGEST:
        raise BadPath(f"a JSON path has at most {LONGEST:,} characters")
    parts: list[str | int | None] = []
    at = 1
    while at < len(path):
        found = PART.match(path, at)
        if not found:
            raise BadPath(f"'{path}' is not a JSON path that is understood: see '{path[at:]}'")
        name = next((found[way] for way in ("name", "single", "double") if found[way] is not None), None)
        parts.append(None if found["all"] else name if name is not None else int(found["index"]))
        at = found.end()
    return parts


def spelled(parts: Sequence[str | int | None]) -> str:
    """The path that `parse` reads as these parts: `$.items[0].price`."""
    return "$" + "".join(map(_spelled, parts))


def _spelled(part: str | int | None) -> str:
    if part is None or isinstance(part, int):
        return f"[{'*' if part is None else part}]"
    plain = PART.fullmatch(f".{part}")
    quote = '"' if "'" in part else "'"
    return f".{part}" if plain and plain["name"] else f"[{quote}{part}{quote}]"


def select(document: Any, path: str) -> list[Any]:
    """All values at the path; none where it leads nowhere."""
    found = [document]
    for part in parse(path):
        found = [value for each in found for value in _step(each, part)]
    return found


def _step(value: Any, part: str | int | None) -> list[Any]:
    if part is None:
        return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
    if isinstance(value, dict) and isinstance(part, str):
        return [value[part]] if part in value else []
    if isinstance(value, list) and isinstance(part, int) and -len(value) <= part < len(value):
        return [value[part]]
    return []
