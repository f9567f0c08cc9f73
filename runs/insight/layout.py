"""A map of an application: kinds of pages in rows, by how many steps they are from the first page.

Deterministic and linear in nodes and ways but for sorting: rows are breadth-first layers, in each a node stands near
the one that it was reached from (the barycentre order of Sugiyama's layered layouts, in one sweep).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from unicodedata import east_asian_width

MOST = 60
SMALLEST, LARGEST = 7.0, 20.0
LAST_LAYER = 6
UBIQUITOUS = 0.6
MANY = 6
ROW = 64
HEAD = 28
# Pixels of a letter in the two lines of a label, rather too many than too few.
LETTER, SMALL_LETTER = 8.0, 6.6
MARK = len("△ changed · ")


@dataclass(frozen=True, slots=True)
class Node:
    """A kind of page, or with `inside` several of them under one prefix. `depth` is for those that no way leads to."""

    key: str
    name: str
    pattern: str
    pages: int
    depth: int
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    node: Node
    x: float
    y: float
    radius: float
    label: str
    sub: str
    count: str
    room: float

    @property
    def corner(self) -> tuple[float, float, float]:
        """Left, top and side of the square that a group is drawn as."""
        return round(self.x - self.radius, 1), round(self.y - self.radius, 1), 2 * self.radius

    @property
    def area(self) -> tuple[float, float]:
        """Left and top of what can be pressed, a row high."""
        return round(self.x - LARGEST - 4, 1), self.y - ROW / 2 + 4

    @property
    def text(self) -> tuple[float, float, float]:
        """Where its words begin: x, and y of both lines."""
        return round(self.x + LARGEST + 8, 1), self.y - 2, self.y + 13

    @property
    def plate(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of what lies behind its words, so that no way runs through them."""
        x, first, _ = self.text
        small = max(_wide(self.sub), len(self.count) + MARK)
        longest = max(_wide(self.label) * LETTER, small * SMALL_LETTER)
        return round(x - 4, 1), first - 13, round(min(longest + 8, self.room), 1), 32


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve from one node to another; `main` ones are how a node is reached first."""

    origin: str
    target: str
    path: str
    main: bool


@dataclass(frozen=True, slots=True)
class NodeRow:
    """The words over a row of nodes; `top` and `width` are of what lies behind them."""

    words: str
    y: float

    @property
    def top(self) -> float:
        return self.y - 12

    @property
    def width(self) -> float:
        return round(len(self.words) * SMALL_LETTER + 8, 1)


@dataclass(frozen=True, slots=True)
class Map:
    """Units are CSS pixels of a drawing `width` wide; each node has `cell` pixels of a row."""

    width: int
    height: int
    cell: int
    nodes: tuple[Placed, ...]
    ways: tuple[Curve, ...]
    rows: tuple[NodeRow, ...]


Pairs = Collection[tuple[str, str]]


def folded(nodes: Sequence[Node], under: str = "", most: int = MOST) -> list[Node]:
    """Nodes below a path prefix, `most` at most: those that share the next segments are one, the largest groups first.

    What is still too much is one node named "more".
    """
    wanted = [node for node in nodes if _is_under(node.pattern, under)]
    groups: dict[str, list[Node]] = defaultdict(list)
    for node in wanted:
        groups[_prefix(node.pattern, under)].append(node)
    shown = {node.key: node for node in wanted}
    for prefix, inside in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(shown) <= most or len(inside) < 2 or prefix == under:
            break
        for node in inside:
            del shown[node.key]
        shown[prefix] = _joined(prefix, prefix, inside)
    listed = list(shown.values())
    if len(listed) > most:
        listed.sort(key=lambda node: (node.depth, -node.pages, node.key))
        listed = [*listed[: most - 1], _joined("more", "more", listed[most - 1 :])]
    return listed


def _joined(key: str, name: str, inside: Sequence[Node]) -> Node:
    keys = tuple(key for node in inside for key in (node.inside or (node.key,)))
    return Node(key, name, key, sum(node.pages for node in inside), min(node.depth for node in inside), keys)


def _is_under(pattern: str, under: str) -> bool:
    return not under or pattern == under or pattern.startswith(f"{under}/")


def _prefix(pattern: str, under: str) -> str:
    return f"{under}/{pattern[len(under) :].strip('/').partition('/')[0]}".rstrip("/")


def placed(nodes: Sequence[Node], ways: Pairs, *, columns: int, cell: int) -> Map:
    """The map with `columns` nodes in a row, each in a cell of `cell` pixels."""
    by_key = {node.key: node for node in nodes}
    owner = {inner: node.key for node in nodes for inner in (node.inside or (node.key,))}
    joined = {(owner[source], owner[target]) for source, target in ways if source in owner and target in owner}
    pairs = sorted(pair for pair in joined if pair[0] != pair[1])
    layer, parent = _layers(nodes, pairs)
    spots: dict[str, Placed] = {}
    rows: list[NodeRow] = []
    y = 0.0
    for number in sorted(set(layer.values())):
        members = _ordered([key for key in by_key if layer[key] == number], by_key, parent, spots)
        rows.append(NodeRow(_steps(number), y + 18))
        for index, key in enumerate(members):
            x = (index % columns) * cell + LARGEST + 6
            spots[key] = _spot(by_key[key], x, y + HEAD + (index // columns) * ROW + ROW / 2, cell)
        y += HEAD + -(-len(members) // columns) * ROW
    drawn = tuple(
        _way(spots[source], spots[target], main=parent.get(target) == source)
        for source, target in _drawn(pairs, parent, len(nodes))
    )
    return Map(columns * cell, max(1, int(y)), cell, tuple(spots[node.key] for node in nodes), drawn, tuple(rows))


def _layers(nodes: Sequence[Node], pairs: Sequence[tuple[str, str]]) -> tuple[dict[str, int], dict[str, str]]:
    """Steps from the first page, and whence each node is reached first; unreached ones stand at their depth."""
    following: dict[str, list[str]] = defaultdict(list)
    for source, target in pairs:
        following[source].append(target)
    first = min(node.depth for node in nodes) if nodes else 0
    layer = {node.key: 0 for node in nodes if node.depth == first}
    parent: dict[str, str] = {}
    queue = list(layer)
    for key in queue:
        for target in following[key]:
            if target not in layer:
                layer[target] = min(layer[key] + 1, LAST_LAYER)
                parent[target] = key
                queue.append(target)
    return {node.key: layer.get(node.key, min(max(node.depth, 1), LAST_LAYER)) for node in nodes}, parent


def _ordered(
    keys: Sequence[str], nodes: Mapping[str, Node], parent: Mapping[str, str], spots: Mapping[str, Placed]
) -> list[str]:
    def place(key: str) -> tuple[float, int, str]:
        origin = spots.get(parent.get(key, ""))
        return (origin.x if origin else 0.0, -nodes[key].pages, key)

    return sorted(keys, key=place)


def _steps(number: int) -> str:
    if number == 0:
        return "first page"
    more = " and more" if number == LAST_LAYER else ""
    return f"{number} step{'s' if number > 1 or more else ''}{more} away"


def _spot(node: Node, x: float, y: float, cell: int) -> Placed:
    radius = min(LARGEST, SMALLEST + 2.2 * sqrt(max(0, node.pages - 1)))
    room = int((cell - 2 * LARGEST - 20) / LETTER)
    pixels = cell - 2 * LARGEST - 10
    pages = f"{node.pages} page{'' if node.pages == 1 else 's'}"
    sub = f"{len(node.inside)} kinds, {pages}" if node.inside else f"{node.pattern} · {pages}"
    return Placed(
        node, round(x, 1), round(y, 1), round(radius, 1), _cut(node.name, room), _cut(sub, room + 3), pages, pixels
    )


def _wide(text: str) -> int:
    """How many letters' room a text takes: signs of East Asia and pictures take that of two."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def _cut(text: str, room: int) -> str:
    if _wide(text) <= room:
        return text
    kept = text[: room - 1]
    while _wide(kept) > room - 1:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def _drawn(pairs: Sequence[tuple[str, str]], parent: Mapping[str, str], nodes: int) -> list[tuple[str, str]]:
    """Ways that say something: what nearly every page links to (a menu) is drawn from where it is reached first."""
    arriving = Counter(target for _, target in pairs)
    menu = {key for key, count in arriving.items() if nodes >= MANY and count >= UBIQUITOUS * (nodes - 1)}
    return [(source, target) for source, target in pairs if target not in menu or parent.get(target) == source]


def _way(start: Placed, end: Placed, *, main: bool) -> Curve:
    bend = (end.y - start.y) / 2
    if start.y == end.y:
        lift = start.y - ROW / 2
        path = f"M{start.x} {start.y}C{start.x} {lift} {end.x} {lift} {end.x} {end.y}"
    elif start.x == end.x and abs(end.y - start.y) > ROW + HEAD:
        # Straight down it would run through the nodes between them.
        aside = start.x - 1.4 * LARGEST
        path = f"M{start.x} {start.y}C{aside} {start.y + bend / 2} {aside} {end.y - bend / 2} {end.x} {end.y}"
    else:
        path = f"M{start.x} {start.y}C{start.x} {start.y + bend} {end.x} {end.y - bend} {end.x} {end.y}"
    return Curve(start.node.key, end.node.key, path, main)
