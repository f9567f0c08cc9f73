"""What labels of buttons and links mean: `labels.txt` says it of some hundred, in the languages of the lexicon."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from runs.engine.lexicon import (
    Intent,
    Topic,
    alone,
    asked_for,
    for_scripts,
    intents,
    is_called,
    named,
    says_and,
    topics,
)
from runs.engine.lexicon.phrases import table, vocabulary
from runs.engine.lexicon.units import units
from tests.hostile.bounded import grows_with_its_input

LABELS = [
    tuple(line.split(" | "))
    for line in Path(__file__).with_name("labels.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def test_each_label_says_what_it_means() -> None:
    wrong = {}
    for language, label, meant in LABELS:
        found = ", ".join(sorted(intents(label))) or "-"
        if found != ", ".join(sorted(meant.split(", "))):
            wrong[f"{language}: {label}"] = f"{found}, not {meant}"
    assert wrong == {}


def test_the_labels_are_many_and_of_many_languages() -> None:
    assert len(LABELS) >= 300
    assert len({language for language, _, _ in LABELS}) >= 12
    said = {one for _, _, meant in LABELS for one in meant.split(", ")}
    assert said == {str(intent) for intent in Intent} | {"-"}


def test_every_sense_of_the_file_is_known_and_every_word_can_be_found() -> None:
    assert table()["intents"].keys() == {str(intent) for intent in Intent} - {"clear_view"}  # which rules alone give
    assert table()["topics"].keys() == {str(topic) for topic in Topic}
    said = [word for words in vocabulary().values() for word in words]
    assert [word for word in said if not [unit for unit in units(word) if not unit.mark]] == []


def test_the_words_of_each_sense_stand_by_language() -> None:
    languages = [*table()["intents"]["delete"]]
    assert len(languages) == 18
    listed = {f"{part}.{name}": [*by] for part, senses in table().items() for name, by in senses.items()}
    unordered = {sense for sense, given in listed.items() if given != [each for each in languages if each in given]}
    assert unordered == set()
    twice = {
        (name, language)
        for senses in table().values()
        for name, by in senses.items()
        for language, words in by.items()
        if len(set(words)) < len(words)
    }
    assert twice == set()


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_no_form_of_unicode_changes_what_is_said(form: Literal["NFC", "NFD", "NFKC", "NFKD"]) -> None:
    assert [label for _, label, _ in LABELS if intents(unicodedata.normalize(form, label)) != intents(label)] == []


def test_no_case_changes_what_is_said() -> None:
    plain = [label for _, label, _ in LABELS if label == label.capitalize()]
    assert len(plain) > 300
    assert [label for label in plain if not intents(label.upper()) == intents(label.lower()) == intents(label)] == []


LONG = (
    "log ",
    "delete filter ",
    "delete the ",
    "clear all the ",
    "purchase the ",
    "kündigenden ",
    "削除",
    "の",
    "aB",
    "\u0301\u0323",
    "\u1100",
    ".&",
)


@pytest.mark.parametrize("part", LONG)
def test_the_work_for_a_long_label_grows_as_its_length_does(part: str) -> None:
    intents("read the words")
    grows_with_its_input(intents, lambda length: "a" + part * (length // len(part)), 4_000)


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


def test_a_label_that_says_nothing_else_is_told_from_one_that_does() -> None:
    assert alone("Next 2 »", Intent.NEXT)
    assert not alone("Next month", Intent.NEXT)
    assert not alone("»", Intent.NEXT)


def test_what_is_joined_is_noticed() -> None:
    assert says_and("Continue and pay")
    assert says_and("Next & order")
    assert not says_and("Continue to payment")


def test_words_for_scripts_carry_where_they_begin_and_end() -> None:
    assert {" sign in ", " signin ", "登录"} <= set(for_scripts(Intent.SIGN_IN))
    assert " user" in for_scripts(Topic.KNOWN_AS)
