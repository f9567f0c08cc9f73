from __future__ import annotations

from typing import Any

from runs.engine.crawl.searches import Searches
from runs.engine.events import Action, Form, FormField

THINGS = [
    Action(role="link", name="Blue teapot", landmark="main"),
    Action(role="link", name="Home", landmark="navigation"),
]


def search(**changed: Any) -> Form:
    field = FormField(tag="input", type="search", name="q")
    return Form(**{"action": "http://shop.test/search?x=1", "method": "get", "fields": (field,), **changed})


def test_a_search_is_tried_once_with_a_word_that_the_page_shows() -> None:
    searches = Searches()
    [link] = searches.links([search()], THINGS)
    assert link.href == "http://shop.test/search?q=teapot"
    assert searches.links([search()], THINGS) == []


def test_a_search_is_tried_with_a_second_word_in_case_the_first_page_does_not_count() -> None:
    searches = Searches()
    words = ("teapot", "kettle", "saucer")
    pages = [[Action(role="link", name=word, landmark="main")] for word in words]
    assert [len(searches.links([search()], page)) for page in pages] == [1, 1, 0]


def test_only_get_forms_that_search_are_tried() -> None:
    name = FormField(tag="input", type="text", name="name")
    assert Searches().links([search(method="post")], THINGS) == []
    assert Searches().links([search(fields=(name,))], THINGS) == []
    assert Searches().links([search(action="")], THINGS) == []
    assert len(Searches().links([search(fields=(name,), role="search")], THINGS)) == 1


def test_without_a_word_to_search_for_the_search_waits_for_another_page() -> None:
    searches = Searches()
    assert searches.links([search()], []) == []
    assert len(searches.links([search()], THINGS)) == 1


def test_what_one_role_searched_for_is_left_to_the_other_as_well() -> None:
    searches = Searches()
    found = [len(searches.links([search()], THINGS, role)) for role in ("visitor", "editor", "editor")]
    assert found == [1, 1, 0]
