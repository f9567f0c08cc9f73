"""What strangers wrote, at the border where it is read: texts that every store takes, and JSON within bounds. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MOST_BYTES = 20_000_000
DEEPEST = 200
# NUL stands in no text of PostgreSQL, half of a surrogate pair in no UTF-8.
_UNFIT = re.compile("[\0\ud800-\udfff]")
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


class UnreadableJson(ValueError):
    """No JSON that is read here; the message says why, as a part of a sentence."""


def text(said: str) -> str:
    """The same text, with a mark where something stands in it that is no character."""
    return _UNFIT.sub("\ufffd", said) if _UNFIT.search(said) else said


def loaded(body: str | bytes) -> Any:
    """A document of JSON whose texts every store takes. Of keys that are given twice the last one counts.

    Raises `UnreadableJson`: no JSON, nested more than 200 deep, larger than 20 MB, or with numbers that JSON
    has no words for (NaN, Infinity) or that nobody can keep.
    """
    if len(body) > MOST_BYTES:
        raise UnreadableJson(f"it is larger than {MOST_BYTES // 1_000_000} MB")
    written = body.decode("utf-8-sig", "replace") if isinstance(body, bytes) else body
    try:
        value = json.loads(written, parse_constant=_refused, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        raise UnreadableJson(f"it is nested more than {DEEPEST} deep") from None
    except UnreadableJson:
        raise
    except ValueError as error:
        raise UnreadableJson(f"it is not JSON: {error}") from error
    bounded(value)
    return clean(value) if _ESCAPED.search(written) or _UNFIT.search(written) else value


def clean(value: Any) -> Any:
    """The same value of JSON with `text` in place of each text, keys as well; nested no deeper than `loaded` gives."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list | tuple):
        return [clean(part) for part in value]
    if isinstance(value, dict):
        return {text(name) if isinstance(name, str) else name: clean(part) for name, part in value.items()}
    return value


def bounded(value: Any) -> None:
    """Raises `UnreadableJson` for what is nested too deep or contains itself; a part in many places counts once."""
    level = [value]
    for _ in range(DEEPEST):
        inner = [part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list)]
        level = list({id(part): part for parts in inner for part in parts if isinstance(part, dict | list)}.values())
        if not level:
            return
    raise UnreadableJson(f"it is nested more than {DEEPEST} deep")


def is_small(value: Any, most: int = 5_000) -> bool:
    """Whether a value has no more parts than these, written out: what stands for itself elsewhere counts each time."""
    open_, left = [value], most
    while open_:
        left -= 1
        part = open_.pop()
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if left < len(inner):
            return False
        open_ += inner
    return True


def _refused(name: str) -> None:
    raise UnreadableJson(f"{name} is no number in JSON")


def _whole(digits: str) -> int:
    # Python itself refuses more than 4,300 digits, with a sentence about a setting of its own.
    if len(digits) > 1_000:
        raise UnreadableJson(f"it holds a number of {len(digits):,} digits")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise UnreadableJson("it holds a number that is too large")
    return value
