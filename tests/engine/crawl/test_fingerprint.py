from __future__ import annotations

from typing import Any

from runs.engine.crawl.fingerprint import fold, template

CARD: tuple[str, Any] = ("listitem", [("heading3", []), ("link", []), ("button", [])])


def catalogue(*cards: tuple[str, Any], extra: tuple[tuple[str, Any], ...] = ()) -> list[tuple[str, Any]]:
    return [
        ("navigation", [("list", [("listitem", [("link", [])])] * 4)]),
        ("main", [("heading1", []), ("list", list(cards))]),
        *extra,
    ]


def test_ten_items_and_two_hundred_are_one_template() -> None:
    assert template(catalogue(*[CARD] * 10)) == template(catalogue(*[CARD] * 200))


def test_an_opened_dialog_is_another() -> None:
    dialog: tuple[str, Any] = ("dialog", [("heading2", []), ("button", [])])
    assert template(catalogue(CARD)) != template(catalogue(CARD, extra=(dialog,)))


def test_an_empty_list_is_another() -> None:
    assert template(catalogue()) != template(catalogue(CARD))


def test_the_order_and_mixture_of_cards_do_not_matter() -> None:
    sale: tuple[str, Any] = ("listitem", [("heading3", []), ("link", []), ("button", []), ("img", [])])
    assert template(catalogue(CARD, sale, CARD)) == template(catalogue(sale, CARD, sale))


def test_fields_differ_by_name_but_not_by_number() -> None:
    def form(*names: str) -> list[tuple[str, Any]]:
        return [("form", [(f"textbox:text:{name}", []) for name in names])]

    assert template(form("item-0-qty", "item-1-qty")) == template(form("item-7-qty"))
    assert template(form("email")) != template(form("city"))


def test_heading_levels_count() -> None:
    assert template([("heading1", [])]) != template([("heading2", [])])


def test_folding_twice_changes_nothing() -> None:
    once = fold(catalogue(CARD, CARD))
    assert fold(once) == once
    assert once == {
        "main": {"heading1": {}, "list": {"listitem": {"button": {}, "heading3": {}, "link": {}}}},
        "navigation": {"list": {"listitem": {"link": {}}}},
    }
