"""Which page is this: the hash of a page's structure with repeats folded, equal for pages of one template. Pure.

A skeleton is a nested mapping or a list of (label, children): roles of landmarks, headings, fields, controls, lists,
tables and dialogs, without text. Containers that mean nothing are left out, their children stand in their place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

Skeleton = Mapping[str, Any] | Sequence[tuple[str, Any]]
Folded = dict[str, "Folded"]

VARIABLE = re.compile(r"[0-9a-f]{8,}|\d+")


def template(skeleton: Skeleton) -> str:
    """16 hexadecimal digits; a list of 10 and one of 200 have the same, an opened dialog gives another."""
    folded = json.dumps(fold(skeleton), separators=(",", ":"), sort_keys=True)
    return sha256(folded.encode()).hexdigest()[:16]


def fold(skeleton: Skeleton) -> Folded:
    """Siblings with one label become one, with the children of all. Idempotent; does not depend on order."""
    pairs = skeleton.items() if isinstance(skeleton, Mapping) else skeleton
    merged: dict[str, list[tuple[str, Any]]] = {}
    for label, children in pairs:
        inner = children.items() if isinstance(children, Mapping) else children
        merged.setdefault(plain(label), []).extend(inner)
    return {label: fold(merged[label]) for label in sorted(merged)}


def plain(label: str) -> str:
    """A label without numbers in a field's name: `textbox:text:form-3-qty` as `textbox:text:form-#-qty`."""
    role, colon, rest = label.partition(":")
    return role + colon + VARIABLE.sub("#", rest)
