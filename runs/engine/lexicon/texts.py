"""What a text is about, by the words in it."""

from __future__ import annotations

from runs.engine.lexicon.intent import Intent
from runs.engine.lexicon.phrases import find, outermost, spellings, table, vocabulary
from runs.engine.lexicon.topic import Topic
from runs.engine.lexicon.units import is_spaceless, units

FIELDS = tuple(table()["fields"])
_FIELD = {f"fields.{what}": what for what in FIELDS}
_TOPIC = {f"topics.{topic}": topic for topic in Topic}


def topics(text: str) -> frozenset[Topic]:
    """All topics that one of whose words stands in the text."""
    return frozenset(_TOPIC[found.sense] for found in find(units(text)) if found.sense in _TOPIC)


def is_called(name: str, topic: Topic) -> bool:
    """Whether the whole name is one of a topic's."""
    read = units(name)
    return any(found == (0, len(read), f"topics.{topic}") for found in find(read))


def is_at_an_end(text: str, topic: Topic) -> bool:
    """Whether a text begins or ends with words of a topic."""
    read = units(text)
    said = (found for found in find(read) if found.sense == f"topics.{topic}")
    return any(found.start == 0 or found.end == len(read) for found in said)


def named(text: str, topic: Topic) -> str:
    """The first words of a topic in a text, as they stand there; "" where there are none."""
    read = units(text)
    first = next((found for found in find(read) if found.sense == f"topics.{topic}"), None)
    return text[read[first.start].start : read[first.end - 1].end] if first else ""


def asked_for(text: str) -> str:
    """What a field with these words asks for, as `autocomplete` would call it; "" where nothing says it.

    Of words within a longer phrase the phrase counts alone: "nombre de usuario" asks for no first name.
    """
    said = {found.sense for found in outermost([found for found in find(units(text)) if found.sense in _FIELD])}
    return next((what for sense, what in _FIELD.items() if sense in said), "")


def length(text: str) -> float:
    """How many words a text has; of scripts without spaces, four characters are about as long as one."""
    return sum(0.25 if is_spaceless(unit.text) else 1.0 for unit in units(text) if not unit.mark)


def words(text: str) -> tuple[str, ...]:
    """The words of a text, a name or a part of an address, folded, without what is a number."""
    return tuple(unit.text for unit in units(text) if not unit.mark and not unit.text.isdecimal())


def for_scripts(*meant: Intent | Topic) -> list[str]:
    """The words of these, to be looked for in the folded words of a text with a space before and behind each.

    What only begins words has no space behind it, and words of scripts without spaces have none at all.
    """
    return [
        "".join(phrase) if any(map(is_spaceless, phrase)) else f" {' '.join(phrase)}{'' if word.endswith('*') else ' '}"
        for sense in meant
        for word in vocabulary()[f"{'intents' if isinstance(sense, Intent) else 'topics'}.{sense}"]
        for phrase in spellings(word)
    ]
