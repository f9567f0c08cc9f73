"""Which names stand for secrets, and which say something about a person."""

from __future__ import annotations

import re
from functools import lru_cache

from runs.engine.lexicon import Topic, topics

_NUMBER = re.compile(r"\d+")


def is_secret(name: str) -> bool:
    """Whether what is called so must not be looked at: passwords, tokens, cards."""
    return Topic.SECRET in _about(name)


def is_personal(name: str) -> bool:
    """Whether values of this name may tell who somebody is."""
    return Topic.PERSONAL in _about(name)


@lru_cache(maxsize=4096)
def _about(name: str) -> frozenset[Topic]:
    """`cardNumber`, `card_number2` and `card-number` are about the same."""
    return topics(_NUMBER.sub(" ", name))
