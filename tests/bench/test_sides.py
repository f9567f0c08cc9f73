import ast
import re
from typing import Any

import pytest

from bench import rounds
from bench.as_code import functions, line
from bench.journeys import SHAPES, journeys
from bench.plain_site import Site, path_of
from bench.rounds import Measured
from bench.sides import Layout, parts
from bench.suite import arguments
from runs.engine.steps.document import parse

URL = "http://127.0.0.1:8100"


def test_the_suite_is_120_different_documents_that_the_product_reads() -> None:
    documents = [parse(document) for document in journeys(120)]
    assert len({document.title for document in documents}) == 120
    assert {step.do for document in documents for step in document.steps} == {
        "goto",
        "click",
        "fill",
        "press",
        "expect_visible",
        "expect_text",
        "expect_url",
    }


def test_a_small_suite_holds_every_shape() -> None:
    titles = {document["title"].split(":")[0] for document in journeys(len(SHAPES))}
    assert titles == {title for title, _ in SHAPES}


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"do": "goto", "path": "/cart"}, "page.goto('http://127.0.0.1:8100/cart')"),
        ({"do": "click", "target": {"role": "link", "name": "Cart"}}, "page.get_by_role('link', name='Cart').click()"),
        (
            {"do": "click", "target": {"role": "link", "name": "Shop", "within": {"role": "navigation"}}},
            "page.get_by_role('navigation').get_by_role('link', name='Shop').click()",
        ),
        ({"do": "fill", "target": {"label": "Name"}, "value": "Ada"}, "page.get_by_label('Name').fill('Ada')"),
        ({"do": "press", "target": {"label": "Name"}, "key": "Enter"}, "page.get_by_label('Name').press('Enter')"),
        (
            {"do": "expect_visible", "target": {"role": "heading", "name": "Cart", "exact": True}},
            "expect(page.get_by_role('heading', name='Cart', exact=True)).to_be_visible()",
        ),
        (
            {"do": "expect_text", "target": {"role": "alert"}, "contains": "wrong"},
            "expect(page.get_by_role('alert')).to_contain_text('wrong')",
        ),
    ],
)
def test_a_step_is_the_line_that_a_person_would_write(step: dict[str, Any], code: str) -> None:
    assert line(step, URL) == code


def test_an_address_is_expected_with_any_query_and_no_other_path() -> None:
    pattern = re.search(r"re\.compile\('(.*)'\)", line({"do": "expect_url", "path": "/search"}, URL))
    assert pattern
    expected = re.compile(ast.literal_eval(f"'{pattern[1]}'"))
    assert [bool(expected.match(URL + path)) for path in ("/search", "/search?q=mug", "/search/more")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_module_of_tests_has_every_step_of_every_document(asynchronous: bool) -> None:
    documents = journeys(12)
    tree = ast.parse(functions(documents, URL, asynchronous=asynchronous))
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [len(test.body) - 1 for test in tests] == [len(document["steps"]) for document in documents]
    assert all(isinstance(test, ast.AsyncFunctionDef) == asynchronous for test in tests)
    awaited = [isinstance(node, ast.Expr) and isinstance(node.value, ast.Await) for node in tests[0].body[1:]]
    assert set(awaited) == {asynchronous}


def test_documents_are_parted_without_a_rest() -> None:
    documents = journeys(7)
    assert [len(part) for part in parts(documents, 3)] == [2, 2, 3]
    assert [document for part in parts(documents, 3) for document in part] == documents


def test_a_layout_is_a_number_of_contexts_or_browsers_by_contexts() -> None:
    assert Layout.of("4") == Layout(1, 4)
    assert str(Layout.of("2x3")) == "2x3"
    for text in ("0", "2x11", "x", "fast"):
        with pytest.raises(ValueError, match=r".*"):
            Layout.of(text)


@pytest.mark.parametrize(
    "given", [["--contexts", "4x"], ["--pytest-workers", "0"], ["--tests", "0"], ["--rounds", "x"]]
)
def test_what_cannot_be_measured_is_refused_in_one_sentence(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments(given)
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_sides_take_turns_forwards_and_backwards() -> None:
    order: list[str] = []

    def side(name: str) -> rounds.Side:
        def play() -> Measured:
            order.append(name)
            return Measured(1.0, 1.0)

        return play

    rounds.in_turn({name: side(name) for name in "abc"}, 3)
    assert "".join(order) == "abccbaabc"


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    mine, theirs = ([Measured(seconds, 0) for seconds in taken] for taken in ((2.0, 4.0, 9.0), (2.0, 2.0, 3.0)))
    assert rounds.ratio({"mine": mine, "theirs": theirs}, "mine", "theirs") == 2.0


def test_the_table_has_a_row_for_each_side(capsys: pytest.CaptureFixture[str]) -> None:
    taken = {"mine": [Measured(2.0, 3.0), Measured(4.0, 3.0)], "theirs": [Measured(4.0, 1.0), Measured(8.0, 1.0)]}
    rounds.show(rounds.table("12 pages", taken, 12, "pages", "theirs"), "A note.")
    printed = capsys.readouterr().out
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in printed.splitlines() if row.startswith("|")]
    assert rows[0] == ["", "seconds, median", "least to most", "pages per second", "processor s", "ratio"]
    assert rows[2] == ["mine", "3.00", "2.00 to 4.00", "4.00", "3.0", "0.50"]
    assert rows[3] == ["theirs", "6.00", "4.00 to 8.00", "2.00", "1.0", "1.00"]
    assert printed.endswith("A note.\n")


def test_every_page_of_the_plain_site_is_reached_by_links() -> None:
    site = Site(42)
    reached, new = {"/"}, {"/"}
    while new:
        found = {path for page in new for path in re.findall(r'href="(/(?:page-\d+)?)"', site.answers[page][0])}
        new = found - reached
        reached |= new
    assert reached == {path_of(number) for number in range(42)}
