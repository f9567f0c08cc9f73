"""What people are told about a run, in plain sentences."""

from __future__ import annotations

from runs import states
from runs.notifiers.base import News
from runs.report import RunReport

NAMES = 10
CAUSES = 5
STATES = ("passed", "failed", "flaky", "skipped", "total")


def headline(report: RunReport) -> str:
    """Of a partial run it is said at once that it is one: its verdict speaks of those tests alone."""
    part = f", in a run of {_line(report.coverage)}" if report.coverage else ""
    return f"{_line(report.project_name)}: {_outcome(report)}{part}"


def _outcome(report: RunReport) -> str:
    unfinished = {"failed": "could not be carried through", "aborted": "was aborted"}
    if report.status != states.COMPLETED:
        return f"{report.run} {unfinished.get(report.status, f'is {report.status}')}"
    counts = report.counts
    if report.verdict == "empty":
        return f"{report.run} executed nothing"
    if counts.failed:
        return f"{counts.failed} of {counts.executed} tests failed"
    if report.verdict == "failed":
        return "tests passed, but a limit of the project was missed"
    return f"{counts.executed} of {counts.executed} tests passed"


def facts(news: News) -> list[tuple[str, str]]:
    """Name and value, in the order in which they are read."""
    report, counts = news.report, news.report.counts
    found = [
        ("Run", f"{report.run} of {report.base_url}"),
        ("Result", f"{report.status}, {report.verdict}" if report.verdict else report.status),
        ("Tests", ", ".join(f"{getattr(counts, state)} {state}" for state in STATES)),
        *([("Covers", report.coverage)] if report.coverage else []),
        ("Took", duration(report.duration_ms)),
        ("Started by", f"{report.actor} ({report.trigger})"),
    ]
    if news.commit.get("sha"):
        found.append(("Commit", " ".join(str(news.commit[part]) for part in ("repo", "sha") if news.commit.get(part))))
    if report.error:
        found.append(("Error", report.error))
    found += [("Gate missed", gate.sentence) for gate in report.gates if not gate.passed]
    if news.vitals_result and not news.vitals_result.get("passed", True):
        found.append(("Web vitals", f"{len(news.vitals_result.get('violations', ()))} measurements over their budget"))
    return [(name, _line(value)) for name, value in found]


def failing(report: RunReport) -> list[str]:
    """Names of failing tests, ten at most, and how many more there are."""
    names = [_line(f"{failure.test} {failure.title}".strip()) for failure in report.failures[:NAMES]]
    more = report.counts.failed - len(names)
    return [*names, f"and {more} more"] if more > 0 else names


def causes(news: News) -> list[str]:
    """What failing tests have in common, the largest cause first."""
    found = []
    for cause in news.causes[:CAUSES]:
        number = cause.get("size") or len(cause.get("results", ()))
        found.append(_line(f"{number} {'test' if number == 1 else 'tests'}: {cause.get('label', '')}"))
    return found


def duration(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "not started"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def _line(text: str) -> str:
    """One line without control characters, of a length that fits a message."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:400]
