"""What a crawl teaches about an application, on plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from runs.engine.traffic import infer
from runs.insight.application import CrawledScope, KnownPart, Learnt, VisitedPage, key_of, learn, observed

ALL = CrawledScope(complete=True)


def form(name: str = "Contact", *fields: str, action: str = "/send", **more: Any) -> dict[str, Any]:
    listed = [{"tag": "input", "type": "text", "name": one.lower(), "label": one, "required": False} for one in fields]
    return {
        "name": name,
        "action": f"http://shop.test{action}" if action else "",
        "method": "post",
        "fields": listed,
    } | more


def call(path: str, answer: Any, method: str = "GET", status: int = 200, **more: Any) -> dict[str, Any]:
    nothing = {"content_type": None, "schema": None}
    answered = {"content_type": "application/json", "schema": infer(answer)}
    said = {"method": method, "url": f"http://shop.test{path}", "path": path, "template": path, "type": "fetch"}
    return {**said, "status": status, "operation": None, "operation_type": None, "request": nothing,
            "response": answered, **more}  # fmt: skip


def page(path: str, template: str = "t", on: str | None = "/", **more: Any) -> VisitedPage:
    """`forms`, `requests`, `links` and `buttons` go into the snapshot."""
    url = f"http://shop.test{path}"
    links = [{"role": "link", "name": one, "href": f"http://shop.test{one}"} for one in more.pop("links", ())]
    buttons = [{"role": "button", "name": one, "href": ""} for one in more.pop("buttons", ())]
    snapshot = {
        "url": url,
        "headings": [{"level": 1, "text": more.pop("heading", path)}],
        "forms": more.pop("forms", ()),
        "requests": more.pop("requests", ()),
        "actions": [*links, *buttons],
    }
    found_on = None if path == "/" or on is None else f"http://shop.test{on}"
    fields = {"key": url, "url": url, "status": "done", "template": template, "title": path, "depth": path.count("/")}
    return VisitedPage(**{**fields, "found_on": found_on, "snapshot": snapshot, **more})


def failed(path: str, **more: Any) -> VisitedPage:
    url = f"http://shop.test{path}"
    return VisitedPage(**{"key": url, "url": url, "status": "failed", **more})


def crawled(
    visits: Iterable[VisitedPage], known: Iterable[KnownPart] = (), run: int = 2, scope: CrawledScope = ALL
) -> Learnt:
    return learn(list(known), observed(run, scope, visits))


def after(*visits: VisitedPage, scope: CrawledScope = ALL) -> list[KnownPart]:
    """What is known after a first crawl."""
    return list(crawled(visits, run=1, scope=scope).parts.values())


def sentences(learnt: Learnt) -> list[str]:
    return [difference.sentence for difference in learnt.differences]


HOME = page("/", "home")


def test_the_first_crawl_is_compared_with_nothing() -> None:
    learnt = crawled([HOME, page("/a", "a")])
    assert learnt.differences == []
    assert learnt.changed is None
    assert {key for kind, key in learnt.parts if kind == "page"} == {"/", "/a"}
    assert learnt.parts["template", "a"].facts["pattern"] == "/a"


def test_an_unchanged_application_has_no_differences() -> None:
    visits = [HOME, page("/a", "a", forms=[form("Contact", "Mail")], requests=[call("/api/stock", [{"left": 1}])])]
    learnt = crawled(visits, after(*visits))
    assert sentences(learnt) == []
    assert learnt.changed == frozenset()
    assert {part.first_seen for part in learnt.parts.values()} == {1}
    assert {part.last_seen for part in learnt.parts.values()} == {2}


def test_a_new_page_of_a_known_kind_changes_no_kind_of_page() -> None:
    learnt = crawled([HOME, page("/a", "a"), page("/b", "a")], after(HOME, page("/a", "a")))
    assert sentences(learnt) == ["page /b is new"]
    assert learnt.changed == frozenset()


def test_a_new_kind_of_page_is_named_and_generated_for() -> None:
    learnt = crawled([HOME, page("/b", "b", heading="Basket")], after(HOME))
    assert sentences(learnt) == ["page /b is new", "kind of page Basket is new"]
    assert learnt.changed == frozenset({"b"})


def test_a_page_with_another_structure_stays_the_same_kind_of_page() -> None:
    learnt = crawled([HOME, page("/a", "a2"), page("/b", "a2")], after(HOME, page("/a", "a"), page("/b", "a")))
    assert sentences(learnt) == ["kind of page /*: its structure is another one"]
    assert learnt.changed == frozenset({"a2"})
    assert learnt.parts["template", "a"].facts["signatures"] == ["a", "a2"]


def test_one_page_that_left_its_kind_makes_a_new_one() -> None:
    learnt = crawled([HOME, page("/a", "a"), page("/b", "sale")], after(HOME, page("/a", "a"), page("/b", "a")))
    assert sentences(learnt) == ["page /b: it is of another kind now", "kind of page /b is new"]


def test_a_new_field_of_a_form_is_told_in_words() -> None:
    known = after(HOME, page("/c", "c", forms=[form("Contact", "Mail", "Old")]))
    learnt = crawled([HOME, page("/c", "c2", forms=[form("Contact", "Mail", "Phone")])], known)
    assert "form Contact: field Phone is new; field Old is gone" in sentences(learnt)
    assert learnt.changed == frozenset({"c2"})


def test_a_form_that_its_page_shows_no_more_is_gone_and_one_not_looked_at_is_not() -> None:
    known = after(HOME, page("/a", "a", forms=[form("Search")]), page("/b", "b", forms=[form("Search"), form("Buy")]))
    learnt = crawled([page("/a", "a")], known, scope=CrawledScope())
    assert sentences(learnt) == []
    assert learnt.parts["form", "POST /send Search"].templates == ("b",)
    learnt = crawled([page("/b", "b")], known, scope=CrawledScope())
    assert sentences(learnt) == ["form Buy is gone"]


def listing(book: int, *fields: str, heading: str = "rows where book_id") -> VisitedPage:
    """A list with a form of filters, which is headed by what it shows."""
    filters = form("", *(fields or ("Column", "Value")), action="", heading=f"{heading} = {'x' * book}", submit="Apply")
    return page(f"/orders?book={book}", "list", forms=[filters])


def test_forms_that_only_their_headings_tell_apart_are_one() -> None:
    learnt = crawled([HOME, listing(1), listing(2)])
    [only] = [part for part in learnt.parts.values() if part.kind == "form"]
    assert only.name == "rows where book_id = x"


def test_a_form_under_another_heading_is_not_new() -> None:
    known = after(HOME, listing(1))
    later = crawled([HOME, listing(1), listing(2)], known)
    assert "form" not in " ".join(sentences(later))
    third = crawled([HOME, listing(3)], later.parts.values(), run=3)
    assert "form" not in " ".join(sentences(third))
    [only] = [part for part in third.parts.values() if part.kind == "form"]
    assert (only.name, only.gone_since) == ("rows where book_id = x", None)


def test_a_heading_that_comes_back_is_the_form_that_is_known_now() -> None:
    """An earlier map knew both headings, and held one of them for gone."""
    headings = [f"rows where book_id = {name}" for name in ("x", "xx")]
    forms = [form("", "Column", "Value", action="", heading=heading, submit="Apply") for heading in headings]
    both = after(HOME, listing(1), page("/orders?two", "list", forms=forms))
    known = [replace(part, gone_since=2 if part.kind == "form" and part.name.endswith("xx") else None) for part in both]
    later = crawled([HOME, listing(2)], known, run=3)
    assert not [said for said in sentences(later) if "form" in said]


def test_two_lists_reached_in_one_place_have_one_form_of_filters() -> None:
    """The second is the same kind of page, so that all it shows is said of the first."""
    all_rows = page("/orders", "list", forms=[form("", "Column", "Value", action="", heading="rows", submit="Apply")])
    sent = replace(listing(2), kind="form", action="Fill and send “rows”", same_as=all_rows.key)
    learnt = crawled([HOME, all_rows, sent])
    assert [part.name for part in learnt.parts.values() if part.kind == "form"] == ["rows"]


def test_forms_with_other_fields_or_on_one_page_are_told_apart_by_their_headings() -> None:
    mail = form("", "Mail", action="", heading="Change mail", submit="Save")
    secret = form("", "Password", action="", heading="Change password", submit="Save")
    home = form("", "Street", action="", heading="Home", submit="Save")
    work = form("", "Street", action="", heading="Work", submit="Save")
    learnt = crawled([page("/me", "me", forms=[mail]), page("/me/2", "me", forms=[secret]),
                      page("/me/3", "me", forms=[home, work])])  # fmt: skip
    assert {part.name for part in learnt.parts.values() if part.kind == "form"} == {
        "Change mail", "Change password", "Home", "Work",
    }  # fmt: skip


def test_forms_that_send_to_their_own_page_belong_to_its_kind() -> None:
    save = form("Save", "Name", action="")
    learnt = crawled([HOME, page("/p/red-mug", "p", forms=[save]), page("/p/blue-mug", "p", forms=[save]),
                      page("/settings", "s", forms=[save])])  # fmt: skip
    assert {key for kind, key in learnt.parts if kind == "form"} == {"POST . Save @p", "POST . Save @s"}


def test_a_search_on_its_own_page_is_the_search_of_all_pages() -> None:
    learnt = crawled([page("/", "home", forms=[form("Find", action="/find")]),
                      page("/find", "find", forms=[form("Find", action="/find")])])  # fmt: skip
    [found] = [part for part in learnt.parts.values() if part.kind == "form"]
    assert found.templates == ("find", "home")


def test_a_search_that_another_page_sends_to_is_the_one_that_was_known_on_its_own_page() -> None:
    """Oscar's list of categories, and a category whose page searches that list."""
    home, own = page("/", "home"), page("/find", "find", forms=[form("Find", action="/find")])
    other = page("/find/1", "one", forms=[form("Find", action="/find")])
    for first, second in (([home, own], [home, own, other]), ([home, own, other], [home, own])):
        known = after(*first)
        learnt = crawled(second, known)
        assert not [said for said in sentences(learnt) if "form" in said]
        assert len([part for part in learnt.parts.values() if part.kind == "form"]) == 1


def test_forms_in_a_list_are_one() -> None:
    forms = [form("Buy", "Count", action=f"/cart/{name}") for name in ("red-mug", "blue-mug", "pot")]
    learnt = crawled([page("/", "home", forms=forms)])
    assert [key for kind, key in learnt.parts if kind == "form"] == ["POST /cart/{id} Buy"]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ([{"left": 1}], [{"left": "one"}], ["field `[].left` became string"]),
        ({"left": 1}, {"left": 1, "place": "A"}, ["field `place` is new"]),
        ({"left": 1, "a": 1}, {"left": 1}, ["field `a` is gone"]),
        ([{"a": 1}, {}], [{}], []),
        ({"left": None}, {"left": 3}, []),
        ({"left": 3}, {"left": 2.5}, []),
        ({"list": []}, {"list": ["x"]}, []),
        ({"1001": 2}, {"1002": 2}, []),
    ],
)
def test_what_an_endpoint_answers_otherwise_is_told_in_words(before: Any, now: Any, expected: list[str]) -> None:
    known = after(page("/", "home", requests=[call("/api/stock", before)]))
    learnt = crawled([page("/", "home", requests=[call("/api/stock", now)])], known)
    assert [word for one in learnt.differences for word in one.words] == expected
    assert learnt.changed == ({"home"} if expected else frozenset())
    again = crawled([page("/", "home", requests=[call("/api/stock", now)])], learnt.parts.values(), run=3)
    assert sentences(again) == []


def test_an_endpoint_that_fails_now_is_told_and_its_shape_is_kept() -> None:
    known = after(page("/", "home", requests=[call("/api/stock", {"left": 1})]))
    learnt = crawled([page("/", "home", requests=[call("/api/stock", {"error": "x"}, status=500)])], known)
    assert sentences(learnt) == ["endpoint GET /api/stock: it answers 500 now, and answered 200 before"]
    assert "left" in learnt.parts["endpoint", "GET /api/stock"].facts["response"]["properties"]


def test_paths_that_differ_in_a_name_are_one_endpoint_and_stay_it() -> None:
    calls = [call(f"/api/products/{name}", {"name": name, "left": 1}) for name in ("mug", "pot", "cup")]
    known = after(page("/", "home", requests=calls))
    assert [part.key for part in known if part.kind == "endpoint"] == ["GET /api/products/{id}"]
    learnt = crawled([page("/", "home", requests=[call("/api/products/jar", {"name": "x", "left": 1})])], known)
    assert sentences(learnt) == []


def test_operations_of_graphql_are_endpoints_of_their_own() -> None:
    calls = [call("/graphql", {"data": 1}, "POST", operation=name, operation_type="query") for name in ("A", "B")]
    learnt = crawled([page("/", "home", requests=calls)])
    assert {key for kind, key in learnt.parts if kind == "endpoint"} == {"POST /graphql A", "POST /graphql B"}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (failed("/a", http_status=404), "it answered 404"),
        (failed("/a", http_status=410), "it answered 410"),
        (failed("/a", status="skipped", skip_reason="duplicate"), None),
    ],
)
def test_a_page_that_is_not_there_any_more_is_gone_even_after_a_part_of_a_crawl(
    row: VisitedPage, why: str | None
) -> None:
    learnt = crawled([HOME, row], after(HOME, page("/a", "a")), scope=CrawledScope())
    assert learnt.lost == ({"/a": why} if why else {})
    gone = [part.key for part in learnt.parts.values() if part.gone_since == 2]
    assert gone == (["/a", "a"] if why else [])


def test_a_page_that_leads_elsewhere_is_gone() -> None:
    row = VisitedPage("http://shop.test/a", "http://shop.test/b", "skipped", skip_reason="duplicate")
    learnt = crawled([HOME, page("/b", "b"), row], after(HOME, page("/a", "a"), page("/b", "b")), scope=CrawledScope())
    assert sentences(learnt) == ["page /a: it leads to /b now", "kind of page /a is gone"]


def test_only_a_complete_crawl_misses_what_it_did_not_find() -> None:
    known = after(HOME, page("/a", "a"), page("/a/b", "b", on="/a"))
    assert crawled([HOME], known, scope=CrawledScope()).lost == {}
    assert set(crawled([HOME], known).lost) == {"/a", "/a/b"}


@pytest.mark.parametrize(
    ("visits", "scope"),
    [
        ([HOME, failed("/a", status="skipped", skip_reason="near_duplicate")], ALL),
        ([HOME, failed("/a", http_status=500)], ALL),
        ([HOME], CrawledScope(complete=True, max_depth=0)),
        ([page("/", "home", role="admin")], ALL),
    ],
)
def test_what_a_crawl_left_out_or_could_not_reach_is_kept(visits: list[VisitedPage], scope: CrawledScope) -> None:
    assert crawled(visits, after(HOME, page("/a", "a")), scope=scope).lost == {}


def test_what_only_a_page_showed_that_was_not_visited_again_is_kept() -> None:
    known = after(HOME, page("/p/1", "p"), page("/p/1/reviews", "r", on="/p/1"))
    visits = [HOME, page("/p/2", "p"), failed("/p/1", status="skipped", skip_reason="near_duplicate")]
    assert crawled(visits, known).lost == {}


def test_states_are_not_missed_by_a_crawl_that_presses_nothing() -> None:
    state = page("/#dialog", "d", kind="action", action="press “More”")
    known = after(HOME, state, scope=CrawledScope(complete=True, states=True))
    assert crawled([HOME], known).lost == {}
    assert set(crawled([HOME], known, scope=CrawledScope(complete=True, states=True)).lost) == {"/ → press “More”"}


def test_a_state_is_the_same_one_whatever_was_typed_on_the_way() -> None:
    def visits(typed: str) -> list[VisitedPage]:
        sent = page(f"/#then-{typed}", "sent", kind="form", action="Send “Contact”")
        return [
            HOME,
            sent,
            page(f"/#then-{typed}2", "more", on=f"/#then-{typed}", kind="action", action="Press “More”"),
        ]

    known = after(*visits("aaa"))
    assert {part.key for part in known if part.kind == "page"} == {
        "/",
        "/ → Send “Contact”",
        "/ → Send “Contact” → Press “More”",
    }
    learnt = crawled(visits("bbb"), known, scope=CrawledScope(complete=True, states=True))
    assert sentences(learnt) == []
    assert learnt.parts["template", "more"].facts["pattern"] == "/"


def test_a_page_that_is_back_is_told_as_new() -> None:
    gone = list(crawled([HOME], after(HOME, page("/a", "a"))).parts.values())
    learnt = crawled([HOME, page("/a", "a")], gone, run=3)
    assert sentences(learnt) == ["page /a is new", "kind of page /a is new"]
    assert learnt.parts["page", "/a"].first_seen == 1


def test_roles_are_added_and_one_that_is_shut_out_is_taken_away() -> None:
    admin = page("/admin", "adm", role="admin")
    known = after(HOME, admin)
    learnt = crawled([HOME, page("/admin", "adm", role="editor")], known, scope=CrawledScope())
    assert learnt.parts["page", "/admin"].roles == ("admin", "editor")
    shut = crawled(
        [HOME, failed("/admin", http_status=403, role="editor")], learnt.parts.values(), scope=CrawledScope()
    )
    assert shut.parts["page", "/admin"].roles == ("admin",)
    nobody = crawled([HOME, failed("/admin", http_status=403, role="admin")], known, scope=CrawledScope())
    assert nobody.lost == {"/admin": "nobody may see it any more"}


def test_what_another_role_sees_of_a_page_is_the_same_kind_of_page() -> None:
    visits = [page("/a", "plain", on=None), page("/a", "with-menu", on=None, role="admin")]
    learnt = crawled(visits)
    assert learnt.parts["template", "plain"].facts["signatures"] == ["plain", "with-menu"]
    assert ("template", "with-menu") not in learnt.parts


def test_ways_lead_from_kind_to_kind() -> None:
    state = page("/#more", "more", kind="action", action="press “More”")
    learnt = crawled([page("/", "home", links=["/a", "/b", "/nowhere"]), page("/a", "a"), page("/b", "a"), state])
    ways = {part.key: part.facts["sentences"] for part in learnt.parts.values() if part.kind == "edge"}
    assert ways == {"home → a": ["link “/a”", "link “/b”"], "home → more": ["press “More”"]}


def test_a_state_that_is_known_teaches_its_calls_and_a_way() -> None:
    again = page("/#same", "x", kind="form", action="send “Add”", same_as="http://shop.test/a",
                 requests=[call("/api/cart", {"count": 1}, "POST")])  # fmt: skip
    learnt = crawled([HOME, page("/a", "a"), again])
    assert learnt.parts["endpoint", "POST /api/cart"].templates == ("a",)
    assert ("edge", "home → a") in learnt.parts
    assert ("page", "/ → send “Add”") not in learnt.parts


def test_pages_are_named_without_their_host() -> None:
    assert key_of("https://shop.test/a?b=1#/c") == "/a?b=1#/c"
    assert key_of("http://shop.test") == "/"
    assert key_of("http://shop.test/reset?token=abc") == "/reset?token=***"


def test_an_environment_on_another_host_is_the_same_application() -> None:
    moved = VisitedPage("http://new.test/", "http://new.test/", "done", "home", "/", snapshot=HOME.snapshot)
    assert sentences(crawled([moved], after(HOME))) == []


def test_a_form_is_not_said_to_be_on_a_kind_of_page_that_is_gone() -> None:
    known = after(
        HOME, page("/a", "a", forms=[form("Mail", "To")]), page("/b", "b", forms=[form("Mail", "To", "Copy")])
    )
    visits = [HOME, page("/a", "a", forms=[form("Mail", "To")])]
    assert dict.fromkeys(part.templates for part in known if part.kind == "form") == {("a", "b"): None}
    first = crawled([*visits, failed("/b", http_status=404)], known)
    assert "page /b: it answered 404" in sentences(first)[0]
    [mail] = [part for part in first.parts.values() if part.kind == "form"]
    assert (mail.templates, mail.gone_since) == (("a",), None)
    later = {(part.kind, part.key): part for part in known} | first.parts
    assert sentences(crawled(visits, later.values(), run=3)) == ["form Mail: field Copy is gone"]
