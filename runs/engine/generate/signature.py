"""Two tests that do the same have the same signature, whatever they are called."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

# How a step is explained, what its element looked like in some crawl, and how long it may take make no other test.
_LEFT_OUT = frozenset({"note", "memory", "timeout"})
_RANDOM = re.compile(r"\{\{\s*(?:random|now|uuid)[^{}]*\}\}")


def signature(document: dict[str, Any]) -> str:
    """sha256 of what a document does: kind, start, sign-in and steps, generated values alike."""
    does = {key: document.get(key) for key in ("kind", "start", "auth", "steps", "data")}
    text = json.dumps(bare(does), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _says(key: str, part: Any) -> bool:
    """A part of a name was once what a target meant that said nothing of it; it is the same test."""
    return key not in _LEFT_OUT and part is not None and not (key == "exact" and part is False)


def bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: bare(part) for key, part in value.items() if _says(key, part)}
    if isinstance(value, list | tuple):
        return [bare(part) for part in value]
    if isinstance(value, str):
        return _RANDOM.sub("{{random}}", value)
    return value
