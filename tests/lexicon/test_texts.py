"""What texts are about and what fields ask for: `texts.txt` says it of many, also of such as only look like it."""

from __future__ import annotations

from pathlib import Path

from runs.engine.lexicon import (
    FIELDS,
    Intent,
    Topic,
    asked_for,
    for_scripts,
    is_at_an_end,
    is_called,
    length,
    named,
    topics,
)

TEXTS = [
    tuple(line.split(" | "))
    for line in Path(__file__).with_name("texts.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def test_each_text_is_about_what_it_should_be_and_asks_for_it() -> None:
    wrong = {}
    for language, text, about, field in TEXTS:
        found = (", ".join(sorted(topics(text))) or "-", asked_for(text) or "-")
        if found != (about, field):
            wrong[f"{language}: {text}"] = f"{found}, not {(about, field)}"
    assert wrong == {}


def test_the_texts_are_of_all_languages_and_many_ask_for_nothing() -> None:
    assert len({language for language, *_ in TEXTS}) == 18
    assert {field for *_, field in TEXTS} <= {*FIELDS, "-"}
    assert len([text for _, text, about, field in TEXTS if about == field == "-"]) >= 20


def test_words_are_found_whole_and_in_any_writing_of_a_name() -> None:
    assert topics("cardNumber") == topics("card_number") == topics("card number") >= {Topic.CARD, Topic.SECRET}
    assert Topic.HOLDER not in topics("Cartography")
    assert is_called("searchTerm", Topic.QUERY)
    assert not is_called("search for a term", Topic.QUERY)
    assert named("My  Wish-List (3)", Topic.HOLDER) == "Wish-List"
    assert named("Nothing", Topic.HOLDER) == ""


def test_a_field_asks_for_what_fits_first() -> None:
    assert asked_for("E-Mail-Adresse") == "email"
    assert asked_for("first_name") == "given-name"
    assert asked_for("Postleitzahl") == "postal-code"
    assert asked_for("Shoe size") == ""


def test_words_for_scripts_carry_where_they_begin_and_end() -> None:
    assert {" sign in ", " signin ", "登录"} <= set(for_scripts(Intent.SIGN_IN))
    assert " user" in for_scripts(Topic.KNOWN_AS)


def test_how_long_a_text_is_and_what_stands_at_its_ends() -> None:
    assert length("Delete this item, please") == 4
    assert length("アカウント削除") == 1.75
    assert is_at_an_end("stain remove", Topic.DESTROYS)
    assert is_at_an_end("ta bort konto", Topic.DESTROYS)
    assert is_at_an_end("アカウント削除", Topic.DESTROYS)
    assert not is_at_an_end("please remove it", Topic.DESTROYS)
