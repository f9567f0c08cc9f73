from __future__ import annotations

import pytest

from runs.engine.crawl.address_shapes import Shapes, varies

SITE = "http://shop.test"


@pytest.mark.parametrize(
    "segment",
    [
        "7",
        "2024-05-01",
        "3f2a9c1b77",
        "9b2f0c1e-1f2a-4c3d-8e9f-001122334455",
        "the-blue-book_12",
        "12-blue-shirts",
        "INV-0042",
        "ORD2201",
        "how-to-write-good-tests",
        "@jane",
        "jane@example.com",
        "dQw4w9WgXcQ",
    ],
)
def test_names_of_one_thing_among_many_vary(segment: str) -> None:
    assert varies(segment)


@pytest.mark.parametrize(
    "segment", ["books", "sign-in", "best_sellers", "books_by_price", "about-us", "v2", "", "delete_review"]
)
def test_names_of_pages_do_not_vary(segment: str) -> None:
    assert not varies(segment)


def test_numbers_and_query_values_leave_the_shape() -> None:
    shapes = Shapes()
    assert shapes.group(f"{SITE}/shop/books/3") == shapes.group(f"{SITE}/shop/books/44") == "/shop/books/*"
    assert shapes.group(f"{SITE}/shop/books?genre=6") == "/shop/books?genre"
    assert shapes.group(f"{SITE}/a?b=1&a=2&c=3&d=4") == "/a?*"


def test_a_parameter_that_chooses_the_view_keeps_its_word() -> None:
    shapes = Shapes()
    assert shapes.group(f"{SITE}/index.php?page=about") != shapes.group(f"{SITE}/index.php?page=contact")
    assert shapes.group(f"{SITE}/list?page=1") == shapes.group(f"{SITE}/list?page=2")


def test_client_side_routes_have_shapes_too() -> None:
    shapes = Shapes()
    assert shapes.group(f"{SITE}/#/items/3") == shapes.group(f"{SITE}/#/items/4") != shapes.group(f"{SITE}/#/cart")


def test_siblings_of_one_list_are_learnt_and_their_sub_pages_follow() -> None:
    shapes = Shapes()
    tables = ["authors", "books", "customers", "genres", "orders"]
    shapes.learn((f"{SITE}/shop/{name}", "1|section>div>h2>a") for name in tables)
    assert shapes.group(f"{SITE}/shop/books") == shapes.group(f"{SITE}/shop/genres") == "/shop/*"
    assert shapes.kind(f"{SITE}/shop/books/3") == shapes.kind(f"{SITE}/shop/genres/4") == "/shop/*/*"
    assert shapes.group(f"{SITE}/shop/books?genre=6") == "/shop/*?genre"
    assert shapes.group(f"{SITE}/shop/add_review") == "/shop/add_review"


def test_pages_below_a_few_siblings_keep_their_names_those_below_many_do_not() -> None:
    shapes = Shapes()
    shapes.learn((f"{SITE}/shop/{name}", "1|ul>li>a") for name in "abcde")
    assert shapes.group(f"{SITE}/shop/a/3") == shapes.group(f"{SITE}/shop/a/4") != shapes.group(f"{SITE}/shop/b/3")
    shapes.learn((f"{SITE}/shop/{name}", "1|ul>li>a") for name in "fghijklmnopqrstuvwxyz")
    assert shapes.group(f"{SITE}/shop/a/3") == shapes.group(f"{SITE}/shop/b/3") == "/shop/*/*"


def test_two_lists_under_one_parent_stay_two_shapes() -> None:
    shapes = Shapes()
    shapes.learn((f"{SITE}/shop/table{name}", "1|div>h2>a") for name in "abcde")
    shapes.learn((f"{SITE}/shop/query{name}", "2|ul>li>a") for name in "abcde")
    assert shapes.group(f"{SITE}/shop/tablea") == shapes.group(f"{SITE}/shop/tablee")
    assert shapes.group(f"{SITE}/shop/tablea") != shapes.group(f"{SITE}/shop/querya")


def test_a_few_pages_of_the_root_are_not_siblings() -> None:
    shapes = Shapes()
    shapes.learn((f"{SITE}/{name}", "1|ul>li>a") for name in ["about", "contact", "pricing", "team", "jobs", "blog"])
    assert shapes.group(f"{SITE}/about") != shapes.group(f"{SITE}/contact")
