"""What labels of buttons and links mean: `labels.txt` says it of some hundred, in the languages of the lexicon."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from runs.engine.lexicon import Intent, alone, intents, says_and
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
    "pay pal ",
)


@pytest.mark.parametrize("part", LONG)
def test_the_work_for_a_long_label_grows_as_its_length_does(part: str) -> None:
    intents("read the words")
    grows_with_its_input(intents, lambda length: "a" + part * (length // len(part)), 4_000)


def test_a_label_that_says_nothing_else_is_told_from_one_that_does() -> None:
    assert alone("Next 2 »", Intent.NEXT)
    assert not alone("Next month", Intent.NEXT)
    assert not alone("»", Intent.NEXT)


def test_what_is_joined_is_noticed() -> None:
    assert says_and("Continue and pay")
    assert says_and("Next & order")
    assert not says_and("Continue to payment")
