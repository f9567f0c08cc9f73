import pytest

from runs.engine.page.volatile import is_steady, leading, normalised, steady


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Thank you for your message.", "Thank you for your message."),
        ("Order 48213 was placed", "was placed"),
        ("Your total is $48.50 today", "Your total is"),
        ("Posted on 12 May 2026 by the editors", "by the editors"),
        ("Updated 2026-05-12 10:32:11", "Updated"),
        ("Your reference is HL-48211", "Your reference is"),
        ("Written to dana@example.com just now", "Written to"),
        ("3 minutes ago", ""),
        ("12:30", ""),
        ("€ 18,50", ""),
        ("Nearly {{account.password}} there", "Nearly"),
    ],
)
def test_only_what_holds_on_every_visit_is_expected(text: str, rest: str) -> None:
    assert steady(text) == rest


def test_what_was_typed_is_not_the_words_of_the_page() -> None:
    assert steady("Thanks, Robin Berger, we will write soon", ["Robin Berger"]) == "we will write soon"


def test_a_long_text_is_cut_between_words() -> None:
    cut = steady("word " * 60)
    assert len(cut) <= 120
    assert cut.endswith("word")


def test_texts_that_differ_only_in_numbers_are_the_same() -> None:
    assert normalised("12 products, page 1 of 4") == normalised("48 products, page 2 of 5")
    assert normalised("No products") != normalised("12 products")


def test_a_name_with_a_counter_is_known_by_its_beginning() -> None:
    assert leading("Cart 2 items") == "Cart"
    assert not is_steady("Cart 2 items")
    assert is_steady("Add to cart")
