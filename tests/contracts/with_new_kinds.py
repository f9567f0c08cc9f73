"""Sentri with two kinds of steps more: run by `test_adding_a_kind.py`, in a process in which they were added first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from drf_spectacular.generators import SchemaGenerator

from runs import planning
from runs.engine.browser import Browser
from runs.engine.generate.cases import CaseSpec, Draft
from runs.engine.generate.duplicates import merged
from runs.engine.generate.selecting import asserts_something_visible
from runs.engine.steps.document import document_schema, parse
from runs.engine.steps.wording import sentences
from runs.insight.scoring import score
from runs.views.card import CardForm
from runs.views.english import as_written
from tests.contracts.new_kinds import ExpectColour, Nudge
from tests.docs.step_table import rows
from tests.engine.pages import pages
from tests.engine.prove.proofs import plan_of, proofs, proposal, proved
from tests.web.conftest import as_it_reads

TURN, IDLE = {"role": "button", "name": "Turn"}, {"role": "button", "name": "Idle"}
STATUS = {"role": "status"}
NUDGED, COLOURED = Nudge.step(target=TURN), ExpectColour.step(target=STATUS, colour="green")
DOCUMENT: dict[str, Any] = {"title": "T", "kind": "ui", "start": "/", "steps": [NUDGED, COLOURED]}
PAGE = """<!doctype html><title>Colours</title><main><h1>Colours</h1><button id=turn>Turn</button>
<button>Idle</button><p role=status></p></main>
<script>turn.onclick = () => { document.querySelector('[role=status]').textContent = 'green'; };</script>"""


def test_a_document_is_read_with_them() -> None:
    assert [type(step) for step in parse(DOCUMENT).steps] == [Nudge, ExpectColour]
    mapping = document_schema()["properties"]["steps"]["items"]["discriminator"]["mapping"]
    assert {"nudge", "expect_colour"} <= set(mapping)


def test_the_description_of_the_api_has_them() -> None:
    parts = SchemaGenerator().get_schema(request=None, public=True)["components"]["schemas"]
    assert parts["NudgeStep"]["description"] == "Press an element slowly."
    assert parts["ExpectColourStep"]["required"] == ["do", "target", "colour"]
    assert "nudge" in parts["TestDocument"]["properties"]["steps"]["items"]["discriminator"]["mapping"]


def test_the_editor_offers_them_and_shows_their_rows() -> None:
    for kind, words in (("nudge", "Nudge"), ("expect_colour", "Expect a colour")):
        form = CardForm(QueryDict(f"shown=rows&version=&title=T&add=1&kind={kind}"), None, None)  # type: ignore[arg-type]
        shown = {"form": form, "address": "/", "target": "#x", "test": None}
        page = as_it_reads(render_to_string("runs/_step_rows.html", shown))
        assert f'<option value="{kind}" selected>{words}</option>' in page
        assert form.rows
        assert form.rows[0].begun, "the field that is written first"
        assert 'aria-label="Nudge the' in page or ">Expect the<" in page
    headings = dict(CardForm.kinds())
    assert "nudge" in dict(headings["Do"])
    assert "expect_colour" in dict(headings["Expect"])


def test_a_test_with_them_reads_as_what_it_does_and_what_it_checks() -> None:
    said = sentences(DOCUMENT, "gherkin")
    assert said[-2:] == ['  When nudge the button "Turn"', "  Then expect the status to be green"]
    assert [word for word, _ in as_written(DOCUMENT, "gherkin")] == ["Given", "When", "Then"]


def test_the_score_and_the_estimate_know_them() -> None:
    proof = {"replays": 3, "passed": 3, "effective": 0, "noticed": 0}
    _, parts = score(DOCUMENT, proof, 1_000)
    assert parts["expectations"] == 15, "its strength is enough"
    assert parts["flow"] > score({**DOCUMENT, "steps": [COLOURED]}, proof, 1_000)[1]["flow"], "something is done"
    bare = planning.DEFAULT.estimate({**DOCUMENT, "steps": []})
    assert planning.DEFAULT.estimate(DOCUMENT) == bare + 4_321 + 55


def test_proposals_with_them_tell_something_and_the_stronger_of_two_stays() -> None:
    assert asserts_something_visible([COLOURED])
    assert not asserts_something_visible([NUDGED])
    case = CaseSpec(family="page", key="k", page="p", start="/")
    weak, strong = ({**DOCUMENT, "steps": steps} for steps in ([NUDGED], [NUDGED, COLOURED]))
    found = merged([Draft("page", "T", one, case, "why") for one in (weak, strong)], ())
    assert [draft.document for draft, _ in found.kept] == [strong]


def test_the_guide_is_asked_for_them() -> None:
    assert rows()[-2:] == [
        "| `nudge` | Press an element slowly. | **`target`** |",
        "| `expect_colour` | An element says which colour it has. | **`target`**, **`colour`** |",
    ]


async def test_a_proof_breaks_what_they_do_notices_by_them_and_leaves_out_what_does_nothing(
    browser_path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.engine.prove.choosing.informative", lambda left, *_: list(left))
    with pages({"/": PAGE}) as site:
        async with Browser(browser_path) as browser:
            work = proposal(Nudge.step(target=IDLE), NUDGED, COLOURED)
            end = proofs(await proved(browser, plan_of(site, tmp_path, max_breakages=100), work))[1]
    assert end.outcome == "passed"
    assert end.proof["pruned"] == ['Nudge the button "Idle"']
    assert end.document["steps"][:2] == [NUDGED, COLOURED]
    assert "Expect the status to be green" in end.proof["checks"]
    by_it = {one["kind"] for one in end.proof["breakages"] if one["by"] == "Expect the status to be green"}
    assert {"swallowed_click", "removed_element"} <= by_it
