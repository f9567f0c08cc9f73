"""The map is drawn the same each time, inside its bounds, with nothing on top of another."""

from __future__ import annotations

from itertools import combinations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runs.insight.layout import LARGEST, MOST, Node, folded, placed

STEADY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEGMENTS = st.lists(st.sampled_from("abcd"), max_size=3)


@st.composite
def sites(draw: st.DrawFn) -> tuple[list[Node], set[tuple[str, str]]]:
    patterns = draw(st.lists(SEGMENTS, min_size=1, max_size=30))
    nodes = [
        Node(f"n{index}", "Name of a page " * 3, "/" + "/".join(parts), draw(st.integers(0, 10_000)), len(parts))
        for index, parts in enumerate(patterns)
    ]
    keys = [node.key for node in nodes]
    return nodes, draw(st.sets(st.tuples(st.sampled_from(keys), st.sampled_from(keys)), max_size=60))


@STEADY
@given(sites(), st.integers(1, 5))
def test_every_node_has_a_place_of_its_own_inside_the_drawing(
    site: tuple[list[Node], set[tuple[str, str]]], columns: int
) -> None:
    nodes, ways = site
    found = placed(nodes, ways, columns=columns, cell=160)
    assert found == placed(nodes, ways, columns=columns, cell=160)
    assert [spot.node for spot in found.nodes] == nodes
    for spot in found.nodes:
        assert spot.radius <= LARGEST
        assert spot.radius <= spot.x <= found.width
        assert spot.radius <= spot.y <= found.height
    for one, other in combinations(found.nodes, 2):
        assert abs(one.x - other.x) >= 160 or abs(one.y - other.y) >= 2 * LARGEST
    assert {(way.origin, way.target) for way in found.ways} <= {(one, two) for one, two in ways if one != two}


@STEADY
@given(sites(), st.integers(1, 20))
def test_folding_keeps_every_node_once_and_shows_no_more_than_asked_for(
    site: tuple[list[Node], set[tuple[str, str]]], most: int
) -> None:
    nodes, _ = site
    found = folded(nodes, most=most)
    assert len(found) <= max(most, 1)
    inside = [key for node in found for key in (node.inside or (node.key,))]
    assert sorted(inside) == sorted(node.key for node in nodes)
    assert sum(node.pages for node in found) == sum(node.pages for node in nodes)


def test_nodes_stand_by_how_many_steps_they_are_from_the_first_page() -> None:
    nodes = [Node("home", "Home", "/", 1, 0), Node("list", "List", "/p", 2, 3), Node("one", "One", "/p/*", 48, 4)]
    found = placed(nodes, {("home", "list"), ("list", "one"), ("one", "home")}, columns=3, cell=200)
    assert [row.words for row in found.rows] == ["first page", "1 step away", "2 steps away"]
    assert [spot.y for spot in found.nodes] == sorted(spot.y for spot in found.nodes)
    assert [spot.radius for spot in found.nodes] == sorted(spot.radius for spot in found.nodes)
    assert {(way.origin, way.target) for way in found.ways if way.main} == {("home", "list"), ("list", "one")}


def test_what_every_page_links_to_is_drawn_once() -> None:
    nodes = [Node(f"n{number}", "N", f"/{number}", 1, min(number, 1)) for number in range(10)]
    ways = {(f"n{number}", "n1") for number in range(10)} | {("n0", f"n{number}") for number in range(10)}
    found = placed(nodes, ways, columns=5, cell=200)
    assert [(way.origin, way.target) for way in found.ways if way.target == "n1"] == [("n0", "n1")]


def test_three_hundred_kinds_are_folded_by_prefix_and_a_group_opens() -> None:
    nodes = [Node(f"n{number}", "N", f"/{'abc'[number % 3]}/{number}/x", 1, 2) for number in range(300)]
    found = folded(nodes)
    assert len(found) <= MOST
    assert {node.pattern for node in found if node.inside} == {"/a", "/b", "/c"}
    opened = folded(nodes, under="/a")
    assert len(opened) <= MOST
    assert sum(len(node.inside or (node.key,)) for node in opened) == 100
