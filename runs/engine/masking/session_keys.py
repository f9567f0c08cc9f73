"""What opens a session to whoever reads it: cookies and stored tokens. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from runs.engine.foreign import UnreadableJson, loaded

SHORTEST_KEY, LONGEST_KEY = 16, 4_096
_WRITTEN = re.compile(r"[A-Za-z0-9._~+/=%:|$!,@-]+")
_PLACE = re.compile(r"/|\.{1,2}/|[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_RUN = re.compile(r"[A-Za-z0-9]+")
_SURE_RUN, _MIXED_RUN, _NUMBER_RUN = 20, 6, 8
_SHORTEST_HIDDEN = 8
_PARTS = re.compile(r"[\s;,=]+")


def keys_of(state: Mapping[str, Any]) -> list[str]:
    """The keys in a storage state. What is a word, a sentence or an address is none: pages say such things as well."""
    origins = state.get("origins", ())
    cookies = state.get("cookies", ())
    values = [cookie["value"] for cookie in cookies]
    values += [item["value"] for origin in origins for item in origin.get("localStorage", ())]
    databases = [database for origin in origins for database in origin.get("indexedDB", ())]
    values += [
        record for database in databases for store in database.get("stores", ()) for record in store.get("records", ())
    ]
    found = [cookie["value"] for cookie in cookies if cookie.get("httpOnly") and _is_short_key(cookie["value"])]
    found += [key for value in values for text in _texts(value) for key in keys_in(text)]
    return list(dict.fromkeys(found))


def keys_in(text: str) -> Iterator[str]:
    """The text where it is a key, and the keys inside of it where it is JSON; also as it is without percent signs."""
    for said in dict.fromkeys((text, unquote(text))):
        if is_key(said):
            yield said
        elif said[:1] in ("{", "["):
            try:
                texts = _texts(loaded(said))
            except UnreadableJson:  # it may be nested so deep on purpose
                texts = iter(said.split('"'))
            yield from filter(is_key, texts)


def is_key(text: str) -> bool:
    """Whether a text looks drawn by chance: long, without spaces, no address, and with a run that is no word."""
    if not SHORTEST_KEY <= len(text) <= LONGEST_KEY or not _WRITTEN.fullmatch(text) or _PLACE.match(text):
        return False
    runs = _RUN.findall(text)
    return any(len(run) >= _SURE_RUN or _drawn(run) for run in runs)


def _is_short_key(text: str) -> bool:
    """Of cookies that pages cannot read: they are there to know somebody by."""
    return len(text) >= _SHORTEST_HIDDEN and bool(re.search(r"\d", text)) and " " not in text


def parts_of(header: str) -> Iterable[str]:
    """A header's value, and what of it is a secret by itself: Bearer's token, a cookie's value."""
    parts = [part for part in _PARTS.split(header) if len(part) >= SHORTEST_KEY // 2 and part != header]
    return [header, *parts]


def _drawn(run: str) -> bool:
    """Letters and digits in turns, unlike a word with a number behind it, or a long number."""
    if run.isdigit():
        return len(run) >= _NUMBER_RUN
    return len(run) >= _MIXED_RUN and len(re.findall(r"\d+|[A-Za-z]+", run)) > 2


def _texts(value: Any) -> Iterator[str]:
    """The texts anywhere inside a value; Playwright writes an object that JSON cannot hold as pairs of `k` and `v`."""
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            left += [part["v"]] if part.keys() == {"k", "v"} else part.values()
        elif isinstance(part, list):
            left += part
