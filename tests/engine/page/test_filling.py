import re
from random import Random

import pytest

from runs.engine.events import FormField
from runs.engine.page.filling import meaning, place_of, valid, wrong
from runs.engine.page.pattern_samples import accepts, sample
from runs.engine.page.postal_places import HOME, PLACES, place_named
from tests.engine.generate.snapshots import field


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (field("Whatever", autocomplete="shipping postal-code"), "postal-code"),
        (field("Whatever", autocomplete="new-password"), "password"),
        (field("Whatever", autocomplete="username webauthn"), "username"),
        (field("Contact", "email"), "email"),
        (field("E-Mail-Adresse"), "email"),
        (field("Courriel"), "email"),
        (field("Vorname"), "given-name"),
        (field("Apellido"), "family-name"),
        (field("", name="firstName"), "given-name"),
        (field("PLZ"), "postal-code"),
        (field("State/County"), "region"),
        (field("First line of address"), "street-address"),
        (field("Address line 2"), "address-line2"),
        (field("Téléphone"), "tel"),
        (field("お名前 メール"), "email"),
        (field("Menge"), "quantity"),
        (field("Your message", "textarea"), "message"),
        (field("Anything", "textarea"), "message"),
        (field("Colour", "select", options=("Red",)), "select"),
        (field("Date of birth", "date"), "birthday"),
        (field("Nombre de usuario", name="nombre_usuario"), "username"),
        (field("Imię i nazwisko"), "name"),
        (field("비밀번호"), "password"),
        (field("Cep telefonu"), "tel"),
        (field("Zorp"), "text"),
    ],
)
def test_a_field_says_what_it_asks_for(seen: FormField, expected: str) -> None:
    assert meaning(seen) == expected


def test_records_get_a_marker_that_is_new_in_every_replay() -> None:
    assert valid(field("Email", "email"), Random(1)) == "sentri-{{random.digits(6)}}@example.com"
    assert "{{random.digits(6)}}" in (valid(field("Message", "textarea"), Random(1)) or "")


def test_the_same_seed_gives_the_same_name() -> None:
    assert valid(field("Name"), Random(7)) == valid(field("Name"), Random(7))
    assert not re.search(r"\d", valid(field("Name"), Random(7)) or "0")


@pytest.mark.parametrize(
    ("seen", "value"),
    [
        (field("Quantity", "number", min="2", max="9"), "2"),
        (field("Quantity", "number", min="0", max="9", step="0.5"), "0.5"),
        (field("Amount", "number"), "1"),
        (field("Arrival", "date", min="2031-01-01"), "2031-01-01"),
        (field("Arrival", "date", max="2020-01-01"), "2020-01-01"),
        (field("Topic", "select", options=("Please choose", "An order")), "An order"),
        (field("Topic", "select", options=("---",)), None),
        (field("I agree", "checkbox"), "on"),
        (field("Subject", max_length=8), "Question"),
    ],
)
def test_values_stay_within_the_bounds_of_the_field(seen: FormField, value: str | None) -> None:
    assert valid(seen, Random(1)) == value


@pytest.mark.parametrize(
    ("countries", "shown", "code"),
    [
        (("United Kingdom", "France", "Germany"), "United Kingdom", "SW1A 1AA"),
        (("United Kingdom", "France", "Germany"), "France", "75001"),
        (("Choose a country", "Afghanistan", "Albania", "Österreich (+43)"), "Choose a country", "1010"),
        (("Atlantis", "Lemuria"), "Atlantis", "10115"),
    ],
)
def test_an_address_is_of_the_country_that_the_form_is_sent_with(
    countries: tuple[str, ...], shown: str, code: str
) -> None:
    country = field("Land", "select", name="country", options=countries, value=shown)
    place = place_of((field("Name"), country))
    assert valid(field("Postcode"), Random(1), place) == code
    assert place in (place_named(valid(country, Random(1)) or ""), HOME)


def test_every_place_knows_what_an_address_needs() -> None:
    assert all(set(place) == {"country", "names", "city", "region", "postal-code", "tel"} for place in PLACES.values())


def test_a_minimal_length_is_met() -> None:
    assert len(valid(field("Message", "textarea", min="120"), Random(1)) or "") >= 120


@pytest.mark.parametrize(
    "pattern", ["[0-9]{5}", r"[A-Z]{2}-\d{4}", "(red|blue)[0-9]+", r"\w+@\w+", "[a-z]{3,}", "abc?d*"]
)
def test_a_value_fits_the_pattern(pattern: str) -> None:
    value = sample(pattern, Random(3))
    assert value is not None
    assert re.fullmatch(pattern, value)


@pytest.mark.parametrize("pattern", ["(", "a" * 200, r"(?=x)y", "(?:(?:x{1000}){1000}){1000}"])
def test_a_pattern_that_is_broken_too_large_or_looks_ahead_is_not_tried(pattern: str) -> None:
    assert accepts(pattern, "a" * 30) is None
    assert sample(pattern, Random(3)) is None


def test_wrong_values_are_known_where_the_field_says_what_fits() -> None:
    assert wrong(field("Email", "email")).value == "not-an-email"  # type: ignore[union-attr]
    assert wrong(field("Quantity", "number", max="9")).value == "10"  # type: ignore[union-attr]
    assert wrong(field("Quantity", "number", min="1")).value == "0"  # type: ignore[union-attr]
    assert wrong(field("Code", pattern="[0-9]+")).value == "?!"  # type: ignore[union-attr]
    assert wrong(field("Name")) is None
    assert wrong(field("Topic", "select")) is None
