"""Which of two tests is one too many, and which of them stays."""

from __future__ import annotations

from typing import Any

import pytest

from runs.engine.generate.cases import CaseSpec, Draft, Tone
from runs.engine.generate.duplicates import Gist, KnownTest, merged, near, same
from runs.engine.generate.signature import signature

HEADING = {"do": "expect_visible", "target": {"role": "heading", "name": "Cart", "exact": True}}
STATUS = {"do": "expect_text", "target": {"role": "status"}, "contains": "Added"}
URL = {"do": "expect_url", "path": "/cart"}
CSS = {"do": "expect_visible", "target": {"css": "#cart > div"}}
CLICK = {"do": "click", "target": {"role": "link", "name": "Cart", "exact": True}}
PAY = {"do": "click", "target": {"role": "button", "name": "Pay", "exact": True}}


def fill(value: str) -> dict[str, Any]:
    return {"do": "fill", "target": {"label": "Name"}, "value": value}


def document(title: str, *steps: dict[str, Any], start: str = "/", **more: Any) -> dict[str, Any]:
    return {"title": title, "kind": "ui", "start": start, "steps": list(steps), **more}


def draft(title: str, *steps: dict[str, Any], tone: Tone = "positive", **more: Any) -> Draft:
    case = CaseSpec(family="page", key=title, page="", start="/")
    return Draft("page", title, document(title, *steps, **more), case, "why", tone=tone)


def kept(*drafts: Draft, known: tuple[KnownTest, ...] = ()) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.title, titles) for one, titles in merged(drafts, known).kept]


def test_the_same_test_under_another_name_is_one() -> None:
    assert kept(draft("One", CLICK, HEADING), draft("Other", CLICK, HEADING)) == [("One", ("Other",))]


def test_the_order_of_expectations_and_what_is_entered_make_no_other_test() -> None:
    first = draft("One", fill("Ann"), CLICK, HEADING, URL)
    second = draft("Other", fill("Bea"), CLICK, URL, HEADING)
    assert kept(first, second) == [("One", ("Other",))]


def test_at_an_edge_what_is_entered_is_what_is_tested() -> None:
    long, foreign = (
        draft("Long", fill("x" * 99), CLICK, HEADING, tone="edge"),
        draft("Foreign", fill("李"), CLICK, HEADING, tone="edge"),
    )
    assert len(kept(long, foreign)) == 2


def test_a_test_that_goes_further_and_expects_more_takes_in_the_shorter_one() -> None:
    shorter, longer = draft("Shorter", CLICK, HEADING), draft("Longer", CLICK, HEADING, PAY, STATUS)
    assert kept(shorter, longer) == [("Longer", ("Shorter",))]
    assert kept(longer, shorter) == [("Longer", ("Shorter",))]


def test_what_holds_at_another_moment_is_another_expectation() -> None:
    assert len(kept(draft("Before", HEADING), draft("After", CLICK, HEADING, STATUS))) == 2


def test_tests_of_other_pages_and_accounts_are_others() -> None:
    assert (
        len(
            kept(draft("One", HEADING), draft("Other", HEADING, start="/cart"), draft("Third", HEADING, auth="account"))
        )
        == 3
    )


@pytest.mark.parametrize(
    ("title", "other", "alike"),
    [
        ("The home page shows its content", "The home page shows the content", True),
        ("The “Contact” form asks for “Name”", "The “Contact” form asks for “Email”", False),
        ("GET /api/products answers nonsense with 400", "GET /api/products answers nonsense with 404", False),
        ("Opens", "Opens.", False),
    ],
)
def test_titles_are_alike_when_all_that_they_name_is(title: str, other: str, alike: bool) -> None:
    assert near(title, other) is alike


def test_of_two_with_like_titles_the_one_that_expects_more_stays() -> None:
    weak, strong = (
        draft("The home page shows its content", URL, CSS),
        draft("The home page shows the content", HEADING, STATUS),
    )
    assert kept(weak, strong) == [(strong.title, (weak.title,))]
    assert Gist("", strong.document).strength > Gist("", weak.document).strength


def test_targets_that_lean_on_the_structure_count_less() -> None:
    assert Gist("", document("", HEADING)).strength > Gist("", document("", CSS)).strength


def test_an_approved_test_is_not_proposed_again() -> None:
    known = KnownTest("One", document("One", CLICK, HEADING), signature(document("One", CLICK, HEADING)))
    found = merged([draft("Two", CLICK, HEADING)], [known])
    assert (found.kept, found.known) == ([], 1)


def test_a_weaker_one_than_what_exists_is_not_proposed_and_a_stronger_one_names_it() -> None:
    known = KnownTest("Cart opens", document("Cart opens", CLICK, HEADING), public_id="TC-7")
    found = merged([draft("Weaker", CLICK, URL)], [KnownTest("Both", document("Both", CLICK, URL, HEADING))])
    assert (found.kept, found.known) == ([], 1)
    ((stronger, titles),) = merged([draft("Stronger", CLICK, HEADING, STATUS)], [known]).kept
    assert (stronger.why, titles) == ("why; it says more than TC-7", ())


def test_what_was_merged_into_a_draft_is_known_with_it_also_after_a_proof_has_changed_the_test() -> None:
    first, twin = draft("One", fill("Ann"), CLICK, HEADING), draft("Other", fill("Bea"), CLICK, HEADING)
    assert kept(first, twin) == [("One", ("Other",))]
    proven = KnownTest("One", document("One", fill("Ann"), CLICK, STATUS), signature(first.document))
    for drafts in ([first, twin], [twin, first]):
        found = merged(drafts, [proven])
        assert (found.kept, found.known) == ([], 2)


def test_a_draft_with_the_signature_of_what_was_merged_or_deleted_is_known() -> None:
    gone = draft("One", CLICK, HEADING)
    found = merged([gone, draft("Other", PAY, STATUS)], [], frozenset({signature(gone.document)}))
    assert ([one.title for one, _ in found.kept], found.known) == (["Other"], 1)


def test_what_is_asked_of_an_api_is_compared_as_well() -> None:
    def asks(**expect: Any) -> Gist:
        step = {"do": "request", "method": "GET", "path": "/api", "expect": expect}
        return Gist("", {"kind": "api", "steps": [step]})

    assert same(asks(status=200), asks(status=200, schema={"type": "object"}))
    assert not same(asks(status=200), asks(status=404))
