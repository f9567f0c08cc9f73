from __future__ import annotations

from runs.engine.crawl.found_links import FoundLink, Frontier, is_late
from runs.engine.crawl.scope import Scope
from runs.engine.crawl.score import History
from runs.engine.events import Link

BASE = "http://shop.test/"


def links(*found: FoundLink, page: str = BASE, depth: int = 1, frontier: Frontier | None = None) -> list[Link]:
    return list((frontier or Frontier(Scope(BASE), History())).links(page, found, depth))


def order(*hrefs: str) -> list[str]:
    return [link.key.removeprefix("http://shop.test") for link in links(*map(FoundLink, hrefs))]


def test_unseen_shapes_come_before_the_second_of_a_known_one() -> None:
    assert order("/item/1", "/item/2", "/item/3", "/about") == ["/item/1", "/about", "/item/2", "/item/3"]


def test_pages_of_lists_come_late_but_before_the_fourth_of_a_shape() -> None:
    assert order("/list?page=2", "/item/1", "/item/2", "/item/3", "/list") == [
        "/item/1",
        "/list",
        "/item/2",
        "/list?page=2",
        "/item/3",
    ]


def test_ways_of_sorting_and_filtering_do_not_crowd_out_pages() -> None:
    ways = [f"/list?sort={way}&f{way}=1" for way in "abcdefgh"]
    assert order(*ways, "/item/1", "/item/2")[:2] == ["/item/1", "/item/2"]
    assert [link.priority for link in links(*map(FoundLink, ways))] == sorted(
        {link.priority for link in links(*map(FoundLink, ways))}
    )


def test_navigation_comes_before_content_and_the_footer_last() -> None:
    found = [
        FoundLink("/a", landmark="contentinfo"),
        FoundLink("/b", landmark="main"),
        FoundLink("/c", landmark="navigation"),
    ]
    assert [link.key[-1] for link in links(*found)] == ["c", "b", "a"]


def test_shallow_comes_before_deep() -> None:
    frontier = Frontier(Scope(BASE), History())
    [deep] = links(FoundLink("/a"), depth=4, frontier=frontier)
    [shallow] = links(FoundLink("/b"), depth=1, frontier=frontier)
    assert shallow.priority < deep.priority


def test_a_link_seen_on_every_page_keeps_its_rank() -> None:
    frontier = Frontier(Scope(BASE), History())
    [first] = links(FoundLink("/item/1"), frontier=frontier)
    links(*[FoundLink(f"/item/{number}") for number in range(2, 9)], frontier=frontier)
    [again] = links(FoundLink("/item/1"), page=BASE + "b", frontier=frontier)
    assert again.priority == first.priority


def test_what_an_earlier_crawl_has_seen_can_be_the_first_of_its_shape_in_this_one() -> None:
    several = links(*[FoundLink(f"/item/{number}") for number in range(4)])
    assert {link.first for link in several} == {several[0].priority}
    assert several[-1].priority > several[0].priority


def test_paging_waits_behind_new_shapes_also_where_an_earlier_crawl_has_seen_it() -> None:
    [item] = links(FoundLink("/item/1"))
    pages = links(FoundLink("/list?page=2"), FoundLink("/list?page=3"))
    assert all(link.first is not None and link.first > item.priority for link in pages)


def test_each_address_is_there_once_and_the_page_itself_is_not() -> None:
    found = links(
        FoundLink("/a"), FoundLink("/a#top"), FoundLink("/a?utm_source=x"), FoundLink("/"), FoundLink("#main")
    )
    assert [link.key for link in found] == ["http://shop.test/a"]


def test_links_out_of_scope_are_left_out() -> None:
    found = links(
        FoundLink("http://other.test/"), FoundLink("/a.pdf"), FoundLink("/logout"), FoundLink("mailto:x@y.test")
    )
    assert found == []


def test_the_depth_of_links_is_given() -> None:
    assert links(FoundLink("/a"), depth=3)[0].depth == 3


def test_paging_sorting_facets_and_calendars_are_late() -> None:
    for late in (
        "/a?page=2",
        "/a?_sort=x",
        "/a?_facet=y",
        "/a?x=1&y=2",
        "/2024/05/",
        "/blog/page/2/",
        "/a?month=2024-05",
    ):
        assert is_late(BASE.rstrip("/") + late), late
    for early in ("/a", "/a?id=3", "/index.php?page=about", "/search?q=x"):
        assert not is_late(BASE.rstrip("/") + early), early
