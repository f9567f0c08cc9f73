"""References within a document, followed without end in sight: what contains itself ends as anything. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from runs.engine.foreign import is_small
from runs.engine.traffic import is_secret

MOST_PARTS = 4_000
# Each answer may have its full share, but 300 operations with 60 answers each would make 72 million parts.
MOST_IN_ALL = 400_000
DEEPEST = 24
# Patterns are left out, for RE2 may have no words for them; formats are hints.
_LEFT_OUT = frozenset(
    {"pattern", "format", "example", "examples", "description", "title", "xml", "externalDocs", "default"}
)


def target_of(root: Any, reference: str) -> Any:
    """What a local reference points at; None for what is not there or stands elsewhere."""
    if not reference.startswith("#/"):
        return None
    found = root
    for part in reference[2:].split("/"):
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


def followed(root: Any, part: Any) -> dict[str, Any]:
    """A part of the document that may be a reference, or a chain of them; {} for none."""
    for _ in range(DEEPEST):
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            part = target_of(root, part["$ref"])
        else:
            return part if isinstance(part, dict) else {}
    return {}


class Schemas:
    """Schemas of one document as JSON Schemas that stand for themselves."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._left = MOST_PARTS
        self._in_all = MOST_IN_ALL

    def schema(self, part: Any) -> dict[str, Any]:
        """The schema with its references followed. It grows to a bounded size; what is beyond may be anything.

        So may all, once the document's schemas have grown too large together.
        """
        self._left = min(MOST_PARTS, self._in_all)
        self._in_all -= self._left
        found = self._plain(part, ())
        self._in_all += max(0, self._left)
        return found if isinstance(found, dict) else {}

    def _plain(self, part: Any, within: tuple[str, ...]) -> Any:
        self._left -= 1
        if self._left < 0 or len(within) > DEEPEST:
            return {}
        if isinstance(part, list):
            return [self._plain(entry, within) for entry in part]
        if not isinstance(part, dict):
            return part
        reference = part.get("$ref")
        if isinstance(reference, str):
            if reference in within:
                return {}
            return self._plain(target_of(self.root, reference) or {}, (*within, reference))
        return _strict(self._parts(part, (*within, "")))

    def _parts(self, part: dict[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        plain = {}
        for name, entry in part.items():
            if name == "properties" and isinstance(entry, dict):
                plain[name] = {
                    key: {} if is_secret(key) else self._plain(value, within) for key, value in entry.items()
                }
            elif name in ("enum", "const", "required", "type"):
                plain |= {name: entry} if is_small(entry) else {}
            elif name not in _LEFT_OUT and not str(name).startswith("x-"):
                plain[name] = self._plain(entry, within)
        return plain


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Older dialects in the words of JSON Schema 2020: nullable, and bounds that are exclusive by a flag."""
    found = {name: value for name, value in schema.items() if name not in ("nullable", "discriminator")}
    if schema.get("nullable") is True:
        return {"anyOf": [found, {"type": "null"}]} if found else {}
    for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(found.get(flag), bool):
            exclusive = found.pop(flag)
            if exclusive and bound in found:
                found[flag] = found.pop(bound)
    return found
