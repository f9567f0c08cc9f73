"""Which characters an item of an expression takes, as Python reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from re import _constants as op
from typing import Any

Takes = Callable[[str], bool]


def takes_all(one: str) -> bool:
    return True


def takes_line(one: str) -> bool:
    return one != "\n"


@cache
def takes_of(code: Any, said: Any, flags: int) -> Takes:
    return partial(takes_one, code, said, flags)


def takes_one(code: Any, said: Any, flags: int, one: str) -> bool:
    items = said if code is op.IN else [(op.LITERAL, said)]
    turned = bool(code is op.NOT_LITERAL or (op.NEGATE, None) in items)
    forms = {form for form in (one, one.lower(), one.upper()) if len(form) == 1} if flags & re.IGNORECASE else {one}
    return turned is not any(in_item(kind, what, flags, form) for kind, what in items for form in forms)


def in_item(kind: Any, what: Any, flags: int, one: str) -> bool:
    match kind:
        case op.LITERAL:
            return bool(ord(one) == what)
        case op.RANGE:
            return bool(what[0] <= ord(one) <= what[1])
        case op.CATEGORY:
            return in_category(what, flags, one)
    return False


CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


def in_category(category: Any, flags: int, one: str) -> bool:
    return re.match(CATEGORIES[category], one, flags & re.ASCII) is not None
