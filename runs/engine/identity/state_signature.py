"""What a state is compared by: structure as weighted paths, words as hashes, colours, and the key of its content."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Any

from runs.engine.events import Seen
from runs.engine.page.volatile import normalised

FRAME = frozenset({"navigation", "banner", "contentinfo"})
ENTERED = re.compile(r"(form|dialog|alertdialog|textbox|searchbox|combobox|listbox|checkbox|radio|spinbutton|slider)\b")
PRESSED = re.compile(r"(button|tab|menuitem\w*|switch|treeitem)\b")
WORDS = 256


@dataclass(frozen=True, slots=True)
class Face:
    """What a page shows beside its structure.

    `place` is the shape of its address with the parts that vary taken out; `heading` the main one; `chosen` the names
    of selected tabs and opened menus; `dialogs` the names of open ones; `told` the texts of status lines and alerts;
    `colours` how often each was seen at a grid of points, empty where nobody looked.
    """

    place: str = ""
    heading: str = ""
    text: str = ""
    chosen: tuple[str, ...] = ()
    dialogs: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    colours: Mapping[str, int] = field(default_factory=dict)


class Signature(Seen):
    """`paths` are weights of paths in the folded tree by their hash, in hexadecimal; `controls` those of what can be
    filled or pressed; `words` the smallest hashes of the visible words; `key` tells states of one template apart."""

    template: str
    place: str = ""
    key: str = ""
    paths: dict[str, int] = {}
    controls: tuple[str, ...] = ()
    words: tuple[int, ...] = ()
    colours: dict[str, int] = {}


def signature(template: str, folded: Mapping[str, Any], face: Face) -> Signature:
    """`template` is the hash of the folded skeleton `folded`: nested mappings of labels, see `crawl.fingerprint`."""
    tree = list(_paths(folded))
    # A page that shows nothing but its frame is compared by the frame.
    own = [path for path in tree if not FRAME.intersection(path)] or tree
    weights = {_short("/".join(path)): _weight(path[-1]) for path in own}
    return Signature(
        template=template,
        place=face.place,
        key=_key(face),
        paths=weights,
        controls=tuple(sorted(_short("/".join(path)) for path in own if _weight(path[-1]) > 1)),
        words=tuple(sorted({_number(word) for word in normalised(face.text.lower()).split()})[:WORDS]),
        colours=dict(face.colours),
    )


def state_of(template: str, state: Signature) -> str:
    """The identity of what is shown, 32 hexadecimal digits; `template` is that which stands for its like."""
    return sha256(f"{template}\n{state.place}\n{state.key}".encode()).hexdigest()[:32]


def _key(face: Face) -> str:
    parts = [[normalised(face.heading.lower())], *map(_plain, (face.chosen, face.dialogs, face.told))]
    return sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _plain(texts: Iterable[str]) -> list[str]:
    return sorted({normalised(text.lower()) for text in texts})


def _paths(folded: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for label, children in folded.items():
        path = (*above, label)
        yield path
        yield from _paths(children, path)


def _weight(label: str) -> int:
    """What is filled in makes a page what it is, what is pressed less so, what is only read least."""
    return 3 if ENTERED.match(label) else 2 if PRESSED.match(label) else 1


def _short(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()


def _number(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=4).digest())
