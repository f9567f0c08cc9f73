"""Search pages are reached by asking: addresses of searches that a page's forms offer. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from runs.engine.crawl.found_links import FoundLink
from runs.engine.events import Action, Form, FormField
from runs.engine.lexicon import Topic, is_called

WORD = re.compile(r"[^\W\d_]{4,}")
TYPED = ("text", "search")
WORDS_EACH = 2


class Searches:
    """Remembers which searches were tried: each form's address with two words that pages show, for each role.

    `earlier` are searches of earlier crawls, paths with queries: a form that they were asked of is asked them again,
    and no other words, so that crawls of one site can be compared.
    """

    def __init__(self, earlier: Iterable[str] = ()) -> None:
        self._tried: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._earlier: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for address in earlier:
            parts = urlsplit(address)
            for name, word in parse_qsl(parts.query):
                self._earlier[parts.path, name][address] = word

    def links(self, forms: Iterable[Form], actions: Iterable[Action], role: str = "") -> list[FoundLink]:
        """One link per search form that was not met twice; none while the page shows no word to search for."""
        word, found = _word(actions), []
        for form in forms:
            field = _question(form) if form.method == "get" else None
            if field is None:
                continue
            before = self._earlier.get((urlsplit(form.action).path, field.name), {})
            for said, address in _questions(form, field, before, word):
                if before or self._worth((role, form.action), said):
                    self._tried[role, form.action].add(said)
                    found.append(FoundLink(address, said, "search", by_search=True))
        return found

    def _worth(self, form_key: tuple[str, str], word: str) -> bool:
        return len(self._tried[form_key]) < WORDS_EACH and word not in self._tried[form_key]


def _question(form: Form) -> FormField | None:
    """The field to type into when the form is a search: one text field, and a name or role that says so."""
    typed = [field for field in form.fields if field.type in TYPED]
    if len(typed) != 1 or not typed[0].name or not form.action:
        return None
    says_so = form.role == "search" or typed[0].type == "search" or is_called(typed[0].name, Topic.QUERY)
    return typed[0] if says_so else None


def _questions(form: Form, field: FormField, before: Mapping[str, str], word: str) -> list[tuple[str, str]]:
    """What to search for, and the address of it: what was asked before, else the word, where there is one."""
    if before:
        return [(said, urljoin(form.action, address)) for address, said in before.items()]
    return [(word, _address(form, field, word))] if word else []


def _word(actions: Iterable[Action]) -> str:
    """The longest word of the last links in the page's content, where lists of things are rather than menus."""
    links = [action for action in actions if action.role == "link" and action.landmark in ("main", "", "region")]
    words = [word for action in links[-12:] for word in WORD.findall(action.name)]
    return max(words, key=len, default="").lower()


def _address(form: Form, field: FormField, word: str) -> str:
    parts = urlsplit(form.action)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode({field.name: word}), ""))
