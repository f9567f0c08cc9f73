"""Reports for other programs: what each reader takes for green is what the verdict calls passed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs import gates, states
from runs.exporters import EXPORTERS, ResultLine
from runs.notifiers.github import CONCLUSIONS
from runs.report import RunReport
from tests.gates.reports import report, vitals


def line(status: str, **fields: Any) -> ResultLine:
    said = {"test": "TC-1", "title": "Cart", "skip_reason": "", "error": "", "error_kind": "", "attempts": 1}
    return ResultLine(**{**said, "duration_ms": 1500, "status": status, **fields})


def lines_of(found: RunReport) -> list[ResultLine]:
    counts = found.counts
    numbers = {"passed": counts.passed, "flaky": counts.flaky, "failed": counts.failed, "skipped": counts.skipped}
    return [line(status) for status, number in numbers.items() for _ in range(number)]


def suite_of(found: RunReport, lines: list[ResultLine] | None = None) -> Xml.Element:
    text = EXPORTERS["junit"].write(found, lines_of(found) if lines is None else lines)
    suite = Xml.fromstring(text.encode()).find("testsuite")
    assert suite is not None
    return suite


def counts_of(suite: Xml.Element) -> dict[str, int]:
    """What the attributes say, which is what the cases show."""
    said = {name: int(suite.get(name, "-1")) for name in ("tests", "failures", "errors", "skipped")}
    shown = {
        "tests": len(suite.findall("testcase")),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
        "skipped": len(suite.findall("testcase/skipped")),
    }
    assert said == shown
    return said


def ended(status: str = "completed", **fields: Any) -> RunReport:
    """A run as it was judged; one that was not carried through has no verdict."""
    found = report(status=status, **fields)
    if status != states.COMPLETED:
        return found
    judged = gates.judge(found)
    return replace(found, verdict=judged.verdict, gates=judged.gates, vitals=judged.vitals)


NUMBERS = st.integers(min_value=0, max_value=3)
LIMITS = st.dictionaries(st.sampled_from(sorted(gates.GATES)), st.integers(min_value=0, max_value=100))
ENDED = st.builds(
    lambda kind, status, passed, flaky, failed, skipped, limits, slow: ended(
        status,
        kind=kind,
        passed=passed,
        flaky=flaky,
        failed=failed,
        skips={"over_budget": skipped} if skipped else {},
        gate_limits=limits,
        vitals_budgets={"lcp": 2500},
        measured=(vitals(1, lcp=slow),) if slow else (),
        error="The browser cannot start." if status == states.FAILED else "",
    ),
    kind=st.sampled_from(("test", "crawl")),
    status=st.sampled_from(states.RUN_STATES),
    passed=NUMBERS,
    flaky=NUMBERS,
    failed=NUMBERS,
    skipped=NUMBERS,
    limits=LIMITS,
    slow=st.sampled_from((0, 100, 9000)),
)


@given(ENDED)
def test_junit_is_green_exactly_where_the_verdict_is_passed(found: RunReport) -> None:
    counts = counts_of(suite_of(found))
    assert (counts["failures"] + counts["errors"] == 0) == (found.verdict == states.PASSED)


@given(ENDED)
def test_the_json_report_says_the_verdict_and_what_decided_it(found: RunReport) -> None:
    said = json.loads(EXPORTERS["json"].write(found, lines_of(found)))
    assert (said["verdict"], said["status"]) == (found.verdict, found.status)
    assert [gate["passed"] for gate in said["gates"]] == [gate.passed for gate in found.gates]


def test_a_check_on_github_succeeds_for_the_verdict_passed_alone() -> None:
    assert {name for name, conclusion in CONCLUSIONS.items() if conclusion == "success"} == {"passed"}
    assert CONCLUSIONS["aborted"] == "cancelled", "a neutral check would let a required one through"


@pytest.mark.parametrize(
    ("found", "name", "kind", "words"),
    [
        (
            ended(passed=9, failed=1, gate_limits={"max_failures": 0}),
            "Quality gate max_failures",
            "gate",
            "failed tests at most 0: 1",
        ),
        (
            ended(passed=1, vitals_budgets={"lcp": 2500}, measured=(vitals(1, lcp=(9000, "/cart")),)),
            "Web-vitals budgets",
            "vitals",
            "1 over a budget, the worst: lcp 9000 over 2500 on /cart",
        ),
        (ended("aborted", passed=1), "RUN-1", "aborted", "The run was aborted before all tests were executed."),
        (ended(), "RUN-1", "empty", "The run executed nothing, so there is no verdict."),
        (ended("running", passed=1), "RUN-1", "unfinished", "The run has not ended: it is running."),
        (
            ended("failed", error="No page could be reached.", error_category="dns"),
            "RUN-1",
            "dns",
            "No page could be reached.",
        ),
    ],
)
def test_junit_names_what_the_verdict_hangs_on(found: RunReport, name: str, kind: str, words: str) -> None:
    case = suite_of(found).findall("testcase")[-1]
    assert case.get("name") == name
    assert [(child.get("type"), child.get("message")) for child in case] == [(kind, words)]


def test_a_gate_that_holds_is_a_case_that_passed_with_its_numbers() -> None:
    case = suite_of(ended(passed=2, gate_limits={"max_failures": 0})).findall("testcase")[-1]
    assert [(child.tag, child.text) for child in case] == [("system-out", "failed tests at most 0: 0")]


def test_a_proposal_that_a_crawl_threw_away_is_no_failure_of_the_application() -> None:
    lines = [line("passed"), line("failed", error="it notices nothing")]
    suite = suite_of(ended(passed=1, failed=1, kind="crawl"), lines)
    assert counts_of(suite) == {"tests": 2, "failures": 0, "errors": 0, "skipped": 1}
    skipped = suite.find("testcase/skipped")
    assert skipped is not None
    assert skipped.get("message") == "proposal rejected: it notices nothing"


def test_junit_is_sound_xml_whatever_the_text() -> None:
    odd = 'no "cart" \x1b[31m <script>]]> \ud800 \ufffe \x00'
    found = ended("failed", project_name="Shop \x07 & <b>", error="The browser \x00 cannot start.", failed=1)
    lines = [
        line("passed"),
        line("flaky", attempts=2),
        line("failed", error=odd, error_kind="expectation"),
        line("skipped", skip_reason="aborted"),
        line("pending", duration_ms=None),
    ]
    suite = suite_of(found, lines)
    assert counts_of(suite) == {"tests": 6, "failures": 1, "errors": 1, "skipped": 2}
    cases = suite.findall("testcase")
    children: list[list[str]] = [[child.tag for child in case] for case in cases]
    assert children == [[], ["system-out"], ["failure"], ["skipped"], ["skipped"], ["error"]]
    assert cases[0].get("time") == "1.500"


def test_the_json_report_has_times_that_end_in_z() -> None:
    said: Mapping[str, Any] = json.loads(EXPORTERS["json"].write(report(), [line("passed")]))
    assert said["created_at"] == "2026-01-02T00:00:00.000Z"
    assert said["results"][0]["title"] == "Cart"


def test_a_report_says_how_much_of_the_project_a_partial_run_executed() -> None:
    part = ended(passed=3, coverage="3 of 120 tests, by tag <smoke>")
    assert json.loads(EXPORTERS["json"].write(part, []))["coverage"] == "3 of 120 tests, by tag <smoke>"
    suite = suite_of(part)
    said = [(one.get("name"), one.get("value")) for one in suite.findall("properties/property")]
    assert said == [("coverage", "3 of 120 tests, by tag <smoke>")]
    assert suite[0].tag == "properties", "readers expect properties before the cases"
    assert suite_of(ended(passed=3)).find("properties") is None
