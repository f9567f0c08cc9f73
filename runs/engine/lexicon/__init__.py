"""What words of natural languages mean: the one place that reads the labels, names and addresses of sites by them."""

from runs.engine.lexicon.intent import Intent
from runs.engine.lexicon.labels import alone, intents, says_and
from runs.engine.lexicon.texts import (
    FIELDS,
    asked_for,
    for_scripts,
    is_at_an_end,
    is_called,
    length,
    named,
    topics,
    words,
)
from runs.engine.lexicon.topic import Topic

__all__ = [
    "FIELDS",
    "Intent",
    "Topic",
    "alone",
    "asked_for",
    "for_scripts",
    "intents",
    "is_at_an_end",
    "is_called",
    "length",
    "named",
    "says_and",
    "topics",
    "words",
]
