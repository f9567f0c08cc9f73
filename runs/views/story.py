"""A run's events as lines that a person reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runs import states
from runs.models import Run, RunEvent

STAGES = {
    "execute": "run the tests",
    "crawl": "visit pages",
    "plan": "plan what to try",
    "observe": "try it and watch",
    "propose": "propose tests",
    "prove": "prove the proposals",
    "score": "score what was proved",
    "judging": "judge",
}
LINES_AT_ONCE = 300


@dataclass(frozen=True)
class LogLine:
    """One line of the log."""

    seq: int
    at: datetime
    level: str
    text: str


def _queued(data: dict[str, Any]) -> str:
    many = f"{data['total']} tests" if data.get("total") else "the first page"
    workers = data.get("shards", 1)
    skipped = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in data.get("skipped", {}).items())
    left_out = f"; skipped: {skipped}" if skipped else ""
    return f"Queued: {many} for {workers} worker{'s' if workers != 1 else ''}{left_out}"


def _page(data: dict[str, Any]) -> str:
    said = data.get("error") or data.get("title") or ""
    action = f" {data['action']}:" if data.get("action") else ""
    return f"{data['url']}{action} {data.get('http_status') or ''} {said}".strip()


def _result(data: dict[str, Any]) -> str:
    why = data.get("error") or str(data.get("skip_reason") or "").replace("_", " ")
    again = data["status"] != states.PASSED and data.get("attempts", 1) > 1
    retried = f" on attempt {data['attempts']}" if again else ""
    return f"{data['title']}: {data['status']}{retried}" + (f": {why}" if why else "")


PROOFS = {states.PASSED: "proved", states.FLAKY: "proved", states.FAILED: "not proved", states.SKIPPED: "not tried"}


def _proof(data: dict[str, Any]) -> str:
    """The end of a proposal's proof: one that does not hold is no failed test."""
    why = data.get("error") or str(data.get("skip_reason") or "").replace("_", " ")
    return f"{data['title']}: {PROOFS[data['status']]}" + (f": {why}" if why else "")


def _done(data: dict[str, Any]) -> str:
    return " ".join(
        str(part) for part in ("The run is", data.get("verdict") or data["status"], data.get("error")) if part
    )


ENDS = {
    "all_visited": "Everything that was found was visited",
    "page_budget": "The limit of pages is reached",
    "state_budget": "The limit of states is reached",
    "time_budget": "The time for visiting is over",
    "challenge": "The site shows a test for robots instead of its pages",
    "unreachable": "The site could not be visited",
    "sign_in": "Signing in to the application did not work",
    "aborted": "Visiting was aborted",
    "failed": "Visiting broke off",
}


def _crawl_ended(data: dict[str, Any]) -> str:
    seen = f"{data['pages']} page{'s' if data['pages'] != 1 else ''}"
    states = f" and {data['states']} state{'s' if data['states'] != 1 else ''}" if data["states"] else ""
    left = f"; {data['left']} more are known and were not visited" if data["left"] else ""
    retried = data.get("again", 0)
    again = f"; {retried} of them only when asked again" if retried else ""
    return f"{ENDS[data['reason']]}: {seen}{states}{again}{left}"


SENTENCES: dict[str, Callable[[dict[str, Any]], str]] = {
    "queued": _queued,
    "started": lambda data: f"Started: {STAGES.get(data.get('stage', ''), 'work')}",
    "stage": lambda data: f"Next: {STAGES.get(data['stage'], data['stage'])}",
    "log": lambda data: str(data["message"]),
    "page": _page,
    "crawl_ended": _crawl_ended,
    "result": _result,
    "shard_started": lambda data: f"Worker {data['shard'] + 1} started ({data.get('worker', '')})",
    "shard_lost": lambda data: f"Worker {data['shard'] + 1} was lost; another takes over what it held",
    "shard_resumed": lambda data: f"Worker {data['shard'] + 1} goes on ({data.get('worker', '')})",
    "judged": lambda data: f"Verdict: {data['verdict']}",
    "done": _done,
}


def lines(run: Run, after: int = 0) -> list[LogLine]:
    """The newest lines after a number, oldest first."""
    rows = RunEvent.objects.filter(run=run, seq__gt=after, type__in=SENTENCES).order_by("-seq")[:LINES_AT_ONCE]
    return [LogLine(row.seq, row.at, _level(row, run.kind), _sentence(row, run.kind)) for row in reversed(rows)]


def _sentence(row: RunEvent, kind: str) -> str:
    proof = kind == "crawl" and row.type == "result"
    return _proof(row.data) if proof else SENTENCES[row.type](row.data)


def _level(row: RunEvent, kind: str) -> str:
    # A proposal that is not proved is no failure of anything.
    if kind == "crawl" and row.type == "result":
        return "info"
    if row.type == "log":
        return str(row.data.get("level", "info"))
    if row.type == "shard_lost" or row.data.get("status") == "flaky":
        return "warning"
    return "error" if row.data.get("status") == "failed" or row.data.get("verdict") == "failed" else "info"
