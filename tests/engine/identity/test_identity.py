from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from runs.engine import identity
from runs.engine.crawl.fingerprint import fold, template
from runs.engine.identity import Face, Signature, signature

CARD: dict[str, Any] = {"listitem": {"heading3": {}, "link": {}, "button": {}}}
CATALOGUE: dict[str, Any] = {
    "navigation": {"list": {"listitem": {"link": {}}}},
    "main": {"heading1": {}, "list": CARD, "form": {"combobox:select:sort": {}, "button": {}}},
}
BANNER: dict[str, Any] = {"region": {"heading2": {}}}
DIALOG: dict[str, Any] = {"dialog": {"heading2": {}, "form": {"textbox:email:email": {}, "button": {}}}}
SHOWN = Face(
    place="/products", heading="All products", text="Blue Mug $12.00 Red Cup $9.00", colours={"63": 150, "1": 10}
)


def seen(tree: dict[str, Any], face: Face = SHOWN) -> Signature:
    folded = fold(tree)
    return signature(template(folded), folded, face)


def test_a_page_has_no_distance_from_itself_whatever_it_says() -> None:
    other = replace(SHOWN, heading="Kitchen", text="Nothing of the kind", place="/kitchen")
    assert identity.distance(seen(CATALOGUE), seen(CATALOGUE, other)) == 0


def test_an_optional_banner_is_nearer_than_another_kind_of_page() -> None:
    form: dict[str, Any] = {
        "main": {"heading1": {}, "form": {"textbox:email:email": {}, "textbox:password:password": {}, "button": {}}}
    }
    signing_in = seen(form, Face(place="/sign-in", heading="Sign in", text="Email Password"))
    banner = identity.distance(seen(CATALOGUE), seen({**CATALOGUE, **BANNER}))
    assert 0 < banner < 0.2
    assert identity.distance(seen(CATALOGUE), signing_in) > 0.8
    assert identity.same(banner, [0.8, 0.9])


def test_what_frames_every_page_does_not_make_two_pages_alike() -> None:
    frame: dict[str, Any] = {
        "banner": {"button": {}},
        "navigation": {"list": {"link": {}}},
        "contentinfo": {"link": {}},
    }
    table: dict[str, Any] = {"main": {"table": {"row": {"cell": {}}}}}
    search: dict[str, Any] = {"main": {"form": {"textbox:text:q": {}}}}
    bare = identity.distance(seen(table), seen(search))
    assert identity.distance(seen({**frame, **table}), seen({**frame, **search})) == bare > 0


def test_a_distance_is_the_same_both_ways_and_between_0_and_1() -> None:
    one, other = seen(CATALOGUE), seen({**CATALOGUE, **DIALOG}, Face(place="/other", text="words"))
    assert identity.distance(one, other) == identity.distance(other, one)
    assert 0 <= identity.distance(one, other) <= 1


@pytest.mark.parametrize("missing", [{"colours": {}}, {"text": ""}, {"colours": {}, "text": ""}])
def test_a_signal_that_is_not_there_breaks_nothing(missing: dict[str, Any]) -> None:
    poorer = seen({**CATALOGUE, **BANNER}, replace(SHOWN, **missing))
    assert 0 < identity.distance(seen(CATALOGUE), poorer) < 0.2


def test_colours_are_a_second_opinion() -> None:
    dimmed = replace(SHOWN, colours={"0": 160})
    near = identity.distance(seen(CATALOGUE), seen({**CATALOGUE, **BANNER}))
    assert identity.distance(seen(CATALOGUE), seen({**CATALOGUE, **BANNER}, dimmed)) > near


def test_volatile_text_does_not_part_states() -> None:
    now = replace(SHOWN, heading="Cart (2)", told=("Added 2 items for $24.00",))
    then = replace(SHOWN, heading="Cart (3)", told=("Added 3 items for $36.00",))
    assert seen(CATALOGUE, now).key == seen(CATALOGUE, then).key


@pytest.mark.parametrize(
    "other",
    [{"heading": "Kitchen"}, {"chosen": ("Returns",)}, {"dialogs": ("Sign in",)}, {"told": ("Added to your cart",)}],
)
def test_heading_chosen_tab_dialog_and_message_part_states_of_one_template(other: dict[str, Any]) -> None:
    one, two = seen(CATALOGUE), seen(CATALOGUE, replace(SHOWN, **other))
    assert identity.state_of(one.template, one) != identity.state_of(two.template, two)


def test_a_state_with_a_banner_offers_the_same_and_one_with_a_form_does_not() -> None:
    plain = seen(CATALOGUE)
    assert identity.same_controls(plain, seen({**CATALOGUE, **BANNER}))
    assert not identity.same_controls(plain, seen({**CATALOGUE, **DIALOG}))


def test_where_the_same_ends_is_the_sites_own() -> None:
    tidy = [0.02, 0.04, 0.7, 0.8, 0.9]
    loose = [0.3, 0.35, 0.4, 0.85, 0.9, 0.95]
    assert not identity.same(0.5, tidy)
    assert identity.same(0.5, loose)


def test_before_anything_is_known_of_a_site_near_is_the_same_and_far_is_not() -> None:
    assert identity.same(0.1, [])
    assert not identity.same(0.7, [])


def test_alike_states_share_bands_and_others_do_not() -> None:
    one, near = seen(CATALOGUE), seen({**CATALOGUE, **BANNER})
    far = seen({"main": {"table": {"row": {"cell": {}}}}}, Face(place="/orders"))
    assert identity.bands(one)[0] == identity.bands(near)[0] != identity.bands(far)[0]
    assert set(identity.bands(one)[1]) & set(identity.bands(near)[1])
    assert not set(identity.bands(one)[1]) & set(identity.bands(far)[1])
    assert all(0 <= band < 2**63 for band in (identity.exact(one), identity.bands(one)[0], *identity.bands(one)[1]))


def test_only_one_structure_shares_the_exact_band() -> None:
    assert identity.exact(seen(CATALOGUE)) == identity.exact(seen(CATALOGUE, Face()))
    assert identity.exact(seen(CATALOGUE)) != identity.exact(seen({**CATALOGUE, **BANNER}))


def test_a_signature_goes_to_json_and_back() -> None:
    one = seen({**CATALOGUE, **DIALOG})
    assert Signature.model_validate(json.loads(json.dumps(one.model_dump(mode="json")))) == one
