"""Crawling an unchanged application again tells of no difference, whatever chance decides while it is crawled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runs.insight.application import CrawledScope, Learnt, VisitedPage, learn, observed
from tests.insight.test_application import ALL, HOME, after, call, crawled, failed, form, page, sentences


def differences(learnt: Learnt) -> list[tuple[str, str, str]]:
    return [(one.kind, one.what, one.key) for one in learnt.differences]


def structured(path: str, structure: str, cluster: str, **more: Any) -> VisitedPage:
    """A page whose own structure is not the name of its cluster."""
    one = page(path, cluster, **more)
    return replace(one, snapshot={**(one.snapshot or {}), "template": structure})


def test_which_page_was_compared_first_makes_no_other_kind_of_page() -> None:
    first = [HOME, structured("/a", "s1", "s1"), structured("/b", "s2", "s1"), structured("/c", "s3", "s3")]
    second = [HOME, structured("/c", "s3", "s3"), structured("/b", "s2", "s3"), structured("/a", "s1", "s3")]
    learnt = crawled(second, after(*first))
    assert sentences(learnt) == []
    assert {key: learnt.parts["page", key].template for key in ("/a", "/b", "/c")} == {
        "/a": "s1",
        "/b": "s1",
        "/c": "s3",
    }


def test_a_structure_not_seen_before_is_of_the_kind_that_most_of_its_like_are_of() -> None:
    known = after(HOME, structured("/a", "s1", "s1"), structured("/b", "s2", "s2"))
    learnt = crawled([HOME, *(structured(f"/{n}", s, "s9") for n, s in zip("abd", ("s1", "s2", "s4"), strict=True)),
                      structured("/e", "s2", "s9")], known)  # fmt: skip
    assert learnt.parts["page", "/d"].template == "s2"
    assert sentences(learnt) == ["page /d is new", "page /e is new"]


def test_a_page_that_was_found_before_and_is_opened_now_is_not_new_nor_is_what_it_shows() -> None:
    known = after(HOME, page("/p/1", "p"))
    shown = page("/p/2", "q", forms=[form("Review", "Text")], requests=[call("/api/reviews", [{"text": "x"}])])
    seen = observed(2, ALL, [HOME, page("/p/1", "p"), shown])
    assert len(learn(known, seen).differences) == 4
    seen.before = {"/p/2"}
    learnt = learn(known, seen)
    assert differences(learnt) == []
    assert learnt.changed == frozenset({"q"})
    assert ("form", "POST /send Review") in learnt.parts
    seen = observed(2, ALL, [HOME, page("/p/1", "p"), shown, page("/p/2/more", "more", on="/p/2")])
    seen.before = {"/p/2"}
    assert differences(learn(known, seen)) == []


def test_a_search_of_the_crawls_own_is_neither_new_nor_missed() -> None:
    asked = page("/search?q=teapot", "found", by_search=True)
    known = after(HOME, asked)
    assert sentences(crawled([HOME], known)) == []
    other = page("/search?q=cup", "found", by_search=True)
    assert sentences(crawled([HOME, other], known)) == []
    assert sentences(crawled([HOME, failed("/search?q=teapot", http_status=404)], known)) == [
        "page /search?q=teapot: it answered 404",
        "kind of page /search?q=teapot is gone",
    ]


def test_a_record_that_sentri_made_is_known_as_its_own_and_no_change_of_the_application() -> None:
    known = after(HOME, page("/notes/1", "note"))
    made = page("/notes/2", "note", heading="Sentri 123456")
    learnt = crawled([HOME, page("/notes/1", "note"), made], known)
    assert sentences(learnt) == []
    assert learnt.parts["page", "/notes/2"].facts["own"] is True
    assert sentences(crawled([HOME, page("/notes/1", "note")], [*known, *learnt.parts.values()], run=3)) == []


def test_what_only_a_search_or_a_record_of_sentris_shows_is_not_missed() -> None:
    forms = [form("Rows where name contains Sentri", "Text")]
    known = after(HOME, page("/search?name=Sentri", "found", by_search=True, forms=forms), page("/search", "found"))
    left = crawled([HOME, page("/search", "found"), failed("/search?name=Sentri", http_status=404)], known)
    assert sentences(left) == ["page /search?name=Sentri: it answered 404"]
    elsewhere = after(HOME, page("/search", "found", forms=forms))
    assert sentences(crawled([HOME, page("/search", "found")], elsewhere)) == [
        "form Rows where name contains Sentri is gone"
    ]


def test_which_three_addresses_a_crawl_calls_makes_no_other_endpoint() -> None:
    def calls(*names: str) -> list[VisitedPage]:
        return [page("/", "home", requests=[call(f"/api/products/{name}", {"left": 1, "name": "x"}) for name in names])]

    known = after(*calls("blue-mug"))
    for run, names in enumerate((["pot"], ["cup", "blue-mug"], ["blue-mug"], ["jar", "pot", "cup"]), 2):
        learnt = crawled(calls(*names), known, run=run)
        told = [one for one in differences(learnt) if one[1] != "new"]
        assert told == []
        known = list(({(part.kind, part.key): part for part in known} | learnt.parts).values())
    living = [part.key for part in known if part.kind == "endpoint" and part.gone_since is None]
    assert living == ["GET /api/products/{id}"]
    assert sentences(crawled(calls("blue-mug"), known, run=9)) == []


def test_another_record_with_another_field_is_no_change_and_the_same_one_is() -> None:
    known = after(page("/", "home", requests=[call("/api/products/17", {"name": "x"}, template="/api/products/{id}")]))
    other = call("/api/products/18", {"name": "x", "sale": 1}, template="/api/products/{id}")
    assert sentences(crawled([page("/", "home", requests=[other])], known)) == []
    same = call("/api/products/17", {"name": "x", "sale": 1}, template="/api/products/{id}")
    assert sentences(crawled([page("/", "home", requests=[same])], known)) == [
        "endpoint GET /api/products/{id}: field `sale` is new"
    ]


def test_what_another_page_asks_of_one_address_in_a_body_is_no_change_of_the_answer() -> None:
    def asks(path: str, answer: dict[str, Any], method: str = "POST") -> VisitedPage:
        return page(path, "blocks", requests=[call("/api/schemas/filter", answer, method=method)])

    known = after(HOME, asks("/blocks/1", {"name": "x"}))
    other = asks("/blocks/2", {"name": "x", "driver": "y"})
    assert sentences(crawled([HOME, asks("/blocks/1", {"name": "x"}), other], known)) == ["page /blocks/2 is new"]
    same = asks("/blocks/1", {"name": "x", "driver": "y"})
    assert sentences(crawled([HOME, same], known)) == ["endpoint POST /api/schemas/filter: field `driver` is new"]


def test_a_form_that_one_page_of_a_kind_shows_is_not_gone_because_another_one_was_opened() -> None:
    known = after(HOME, page("/p/1", "p", forms=[form("Review", "Text")]), page("/p/2", "p"))
    left_out = failed("/p/1", status="skipped", skip_reason="near_duplicate")
    assert sentences(crawled([HOME, page("/p/2", "p"), left_out], known)) == []
    assert sentences(crawled([HOME, page("/p/1", "p"), page("/p/2", "p")], known)) == ["form Review is gone"]


def test_a_500_beside_another_answer_is_not_what_an_endpoint_answers() -> None:
    calls = [call("/api/stock", {"left": 1}), call("/api/stock", {"error": "x"}, status=500)]
    learnt = crawled([page("/", "home", requests=calls)])
    assert learnt.parts["endpoint", "GET /api/stock"].facts["statuses"] == [200]


def test_an_action_that_many_pages_offer_is_the_same_on_whichever_it_was_tried() -> None:
    def visits(on: str) -> list[VisitedPage]:
        state = page(f"{on}#accept", "d", on=on, kind="action", action="Press “Accept”")
        return [HOME, page("/a", "a"), page("/b", "b"), state]

    everything = CrawledScope(complete=True, states=True)
    seen = observed(2, everything, visits("/b"))
    seen.before = {"/b → Press “Accept”"}
    assert sentences(learn(after(*visits("/a"), scope=everything), seen)) == []


def test_a_page_that_was_still_loading_teaches_nothing_unless_most_pages_are_like_that() -> None:
    whole = page("/a", "a", forms=[form("Buy")], requests=[call("/api/stock", {"left": 1})])
    known = after(HOME, whole)
    part = page("/a", "loading", requests=[call("/api/other", {"left": 1})])
    part = replace(part, snapshot={**(part.snapshot or {}), "settled": False})
    assert sentences(crawled([HOME, part], known)) == []
    assert sentences(crawled([HOME, whole], after(HOME, part, whole))) == []
    assert sentences(crawled([HOME, part], known, scope=CrawledScope(complete=True, restless=True))) != []


def test_what_a_role_alone_is_shown_is_not_missed_when_it_could_not_sign_in() -> None:
    def seen(*roles: str, shows: dict[str, list[dict[str, Any]]]) -> list[VisitedPage]:
        return [page("/a", "a", on=None, role=role, forms=shows.get(role, [])) for role in roles]

    shows = {"editor": [form("Edit", "Text")]}
    known = after(*seen("visitor", "editor", shows=shows))
    without = crawled(seen("visitor", shows=shows), known)
    assert sentences(without) == []
    kept = {**{(part.kind, part.key): part for part in known}, **without.parts}.values()
    assert sentences(crawled(seen("visitor", "editor", shows=shows), kept, run=3)) == []
    assert sentences(crawled(seen("visitor", "editor", shows={}), kept, run=3)) == ["form Edit is gone"]
    shut = [*seen("visitor", shows={}), failed("/a", http_status=403, role="editor")]
    assert sentences(crawled(shut, kept, run=3)) == ["form Edit is gone"]


def test_what_a_role_that_crawls_for_the_first_time_is_shown_is_not_new() -> None:
    known = after(page("/", "home", role="visitor"))
    second = [page("/", "home", role=role) for role in ("visitor", "editor")]
    second[1] = page("/", "home", role="editor", forms=[form("Edit", "Text")])
    desk = page("/desk", "desk", role="editor")
    learnt = crawled([*second, desk], known)
    assert sentences(learnt) == []
    kept = {**{(part.kind, part.key): part for part in known}, **learnt.parts}.values()
    another = page("/tools", "tools", role="editor")
    assert sentences(crawled([*second, desk, another], kept, run=3)) == [
        "page /tools is new",
        "kind of page /tools is new",
    ]
