"""JUnit XML, as CI servers read it: one suite per run, one case per result."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from runs.exporters.base import Exporter, ResultLine
from runs.report import RunReport

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: RunReport, lines: Sequence[ResultLine]) -> str:
    """A run that failed as a whole has one error more, so that no reader takes it for green."""
    broken = bool(report.error)
    counts = {
        "tests": str(len(lines) + broken),
        "failures": str(report.counts.failed),
        "errors": str(int(broken)),
        "skipped": str(sum(line.status not in ("passed", "flaky", "failed") for line in lines)),
        "time": _seconds(report.duration_ms),
    }
    root = Xml.Element("testsuites", {"name": report.run, **counts})
    suite = Xml.SubElement(root, "testsuite", {"name": _clean(report.project_name), "id": report.run, **counts})
    suite.set("timestamp", report.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for line in lines:
        _case(suite, report, line)
    if broken:
        case = Xml.SubElement(suite, "testcase", {"classname": report.project, "name": report.run, "time": "0"})
        Xml.SubElement(case, "error", {"type": report.error_category, "message": _clean(report.error)})
    return Xml.tostring(root, encoding="unicode", xml_declaration=True)


def _case(suite: Xml.Element, report: RunReport, line: ResultLine) -> None:
    name = f"{line.test} {line.title}".strip()
    about = {"classname": report.project, "name": _clean(name), "time": _seconds(line.duration_ms)}
    case = Xml.SubElement(suite, "testcase", about)
    if line.status == "failed":
        failure = Xml.SubElement(case, "failure", {"type": line.error_kind, "message": _clean(line.error)})
        failure.text = _clean(line.error)
    elif line.status == "flaky":
        Xml.SubElement(case, "system-out").text = f"flaky: passed at attempt {line.attempts}"
    elif line.status != "passed":
        Xml.SubElement(case, "skipped", {"message": line.skip_reason or line.status})


def _seconds(duration_ms: int | None) -> str:
    return f"{(duration_ms or 0) / 1000:.3f}"


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


EXPORTER = Exporter("junit", "application/xml", "xml", write)
