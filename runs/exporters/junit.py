"""JUnit XML, as CI servers read it: one suite per run, a case per result and per rule that decides the verdict.

A reader of JUnit counts failures and errors, so there are some exactly where the verdict is not `passed`. Gates and
budgets are cases of their own, and so is the run itself where it was aborted, failed, executed nothing or has not
ended. How much of the project a partial run executes stands in the suite's properties.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from runs import states
from runs.exporters.base import Exporter, ResultLine
from runs.report import GateOutcome, RunReport, VitalsOutcome

# XML 1.0 has no way to write these, not even as references: its readers would refuse the whole file.
CONTROLS = {
    ord(character): "\N{REPLACEMENT CHARACTER}" for character in map(chr, range(32)) if character not in "\t\n\r"
}
NOT_IN_XML = CONTROLS | dict.fromkeys([*range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "\N{REPLACEMENT CHARACTER}")
COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class JUnitCase:
    """One `testcase`: `outcome` is the name of its child element (failure, error, skipped), "" where it passed."""

    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    duration_ms: int | None = None
    output: str = ""


def write(report: RunReport, lines: Sequence[ResultLine]) -> str:
    cases = [*(_of_result(report, line) for line in lines), *_of_rules(report), *_of_run(report)]
    counts = {"tests": str(len(cases))}
    counts |= {many: str(sum(case.outcome == outcome for case in cases)) for outcome, many in COUNTED.items()}
    counts["time"] = _seconds(report.duration_ms)
    root = Xml.Element("testsuites", {"name": report.run, **counts})
    suite = Xml.SubElement(root, "testsuite", {"name": _clean(report.project_name), "id": report.run, **counts})
    suite.set("timestamp", report.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if report.coverage:
        properties = Xml.SubElement(suite, "properties")
        Xml.SubElement(properties, "property", {"name": "coverage", "value": _clean(report.coverage)})
    for case in cases:
        _add(suite, report.project, case)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True)


def _of_result(report: RunReport, line: ResultLine) -> JUnitCase:
    name = f"{line.test} {line.title}".strip()
    if line.status == states.FAILED and report.kind == "crawl":
        # A proposal that proved nothing is thrown away; it says nothing about the application.
        return JUnitCase(name, "skipped", message=f"proposal rejected: {line.error}", duration_ms=line.duration_ms)
    if line.status == states.FAILED:
        return JUnitCase(name, "failure", line.error_kind, line.error, line.duration_ms)
    # JUnit has no word for it: the case has passed, as the verdict says, with a remark.
    if line.status == states.FLAKY:
        return JUnitCase(name, duration_ms=line.duration_ms, output=f"flaky: passed at attempt {line.attempts}")
    if line.status == states.PASSED:
        return JUnitCase(name, duration_ms=line.duration_ms)
    return JUnitCase(name, "skipped", message=line.skip_reason or line.status, duration_ms=line.duration_ms)


def _of_rules(report: RunReport) -> Iterator[JUnitCase]:
    for gate in report.gates:
        yield _of_gate(gate)
    if report.vitals is not None:
        yield from _of_vitals(report.vitals)


def _of_gate(gate: GateOutcome) -> JUnitCase:
    name = f"Quality gate {gate.gate}"
    return JUnitCase(name, output=gate.sentence) if gate.passed else JUnitCase(name, "failure", "gate", gate.sentence)


def _of_vitals(outcome: VitalsOutcome) -> Iterator[JUnitCase]:
    name = "Web-vitals budgets"
    if outcome.passed:
        yield JUnitCase(name, output=f"{outcome.measured} tests measured, none over a budget")
        return
    worst = (f"{over.metric} {over.measured:g} over {over.limit:g} on {over.path}" for over in outcome.violations[:10])
    yield JUnitCase(name, "failure", "vitals", f"{outcome.over} over a budget, the worst: {'; '.join(worst)}")


def _of_run(report: RunReport) -> Iterator[JUnitCase]:
    """The run itself, where its verdict is not to be read off its tests and rules."""
    if report.error or report.status == states.FAILED:
        yield JUnitCase(report.run, "error", report.error_category, report.error or "The run failed.")
    elif report.status == states.ABORTED:
        yield JUnitCase(report.run, "error", "aborted", "The run was aborted before all tests were executed.")
    elif report.status != states.COMPLETED:
        yield JUnitCase(report.run, "error", "unfinished", f"The run has not ended: it is {report.status}.")
    elif report.verdict == states.EMPTY:
        yield JUnitCase(report.run, "error", "empty", "The run executed nothing, so there is no verdict.")


def _add(suite: Xml.Element, project: str, case: JUnitCase) -> None:
    about = {"classname": project, "name": _clean(case.name), "time": _seconds(case.duration_ms)}
    element = Xml.SubElement(suite, "testcase", about)
    if case.outcome:
        message = {"message": _clean(case.message)}
        said = Xml.SubElement(element, case.outcome, {"type": case.kind} | message if case.kind else message)
        if case.outcome == "failure":
            said.text = _clean(case.message)
    if case.output:
        Xml.SubElement(element, "system-out").text = _clean(case.output)


def _seconds(duration_ms: int | None) -> str:
    return f"{(duration_ms or 0) / 1000:.3f}"


def _clean(text: str) -> str:
    return text.translate(NOT_IN_XML)


EXPORTER = Exporter("junit", "application/xml", "xml", write)
