"""Search pages are reached by asking: addresses of searches that a page's forms offer. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit, urlunsplit

from runs.engine.crawl.frontier import FoundLink
from runs.engine.events import Action, Form, FormField

ASKS = re.compile(r"q|s|query|search(_?(term|query|word|text))?|terms?|keywords?|find|suche|_search", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]{4,}")
TYPED = ("text", "search")
WORDS_EACH = 2


class Searches:
    """Remembers which searches were tried: each form's address with two words that pages show, for each role."""

    def __init__(self) -> None:
        self._tried: dict[tuple[str, str], set[str]] = defaultdict(set)

    def links(self, forms: Iterable[Form], actions: Iterable[Action], role: str = "") -> list[FoundLink]:
        """One link per search form that was not met twice; none while the page shows no word to search for."""
        word = _word(actions)
        fresh = [form for form in forms if word and form.method == "get" and self._worth((role, form.action), word)]
        asked = [(form, _question(form)) for form in fresh]
        found = [FoundLink(_address(form, field, word), word, "search") for form, field in asked if field]
        for form, field in asked:
            if field:
                self._tried[role, form.action].add(word)
        return found

    def _worth(self, asked: tuple[str, str], word: str) -> bool:
        return len(self._tried[asked]) < WORDS_EACH and word not in self._tried[asked]


def _question(form: Form) -> FormField | None:
    """The field to type into when the form is a search: one text field, and a name or role that says so."""
    typed = [field for field in form.fields if field.type in TYPED]
    if len(typed) != 1 or not typed[0].name or not form.action:
        return None
    says_so = form.role == "search" or typed[0].type == "search" or ASKS.fullmatch(typed[0].name)
    return typed[0] if says_so else None


def _word(actions: Iterable[Action]) -> str:
    """The longest word of the last links in the page's content, where lists of things are rather than menus."""
    links = [action for action in actions if action.role == "link" and action.landmark in ("main", "", "region")]
    words = [word for action in links[-12:] for word in WORD.findall(action.name)]
    return max(words, key=len, default="").lower()


def _address(form: Form, asked: FormField, word: str) -> str:
    parts = urlsplit(form.action)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode({asked.name: word}), ""))
