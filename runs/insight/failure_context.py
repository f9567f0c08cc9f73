"""Where a failure happened: the step, the element or request it is about, and the page, read off what was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from runs.engine.kinds import kind_of, opening
from runs.engine.locate import describe
from runs.engine.plan import Target
from runs.insight.normalising import path_template
from runs.report import FailedRequest


@dataclass(frozen=True, slots=True)
class FailureContext:
    step: str = ""
    target: str = ""
    page: str = ""
    path: str = ""


def context_of(row: Mapping[str, Any], index: int | None, requests: Iterable[Mapping[str, Any]]) -> FailureContext:
    """`row` has the test's document and, where a crawl proposed it, the template and address of its page."""
    document = row["document"]
    steps = document.get("steps", [])
    # Step -1 is the opening of the start page, which the document does not have.
    step: Mapping[str, Any] = steps[index] if index is not None and 0 <= index < len(steps) else opening("/")
    if index is None:
        step = {"do": ""}
    there = _there(document, requests)
    return FailureContext(step["do"], _target(step), _page(row, there), urlsplit(there).path)


def _target(step: Mapping[str, Any]) -> str:
    if kind_of(step).asks_api:
        return f"{step.get('method', 'GET')} {path_template(step['path'])}"
    try:
        return describe(Target.model_validate(step["target"])) if step.get("target") else ""
    except ValidationError:
        return ""


def _there(document: Mapping[str, Any], requests: Iterable[Mapping[str, Any]]) -> str:
    """The address opened last, with ids taken out."""
    opened = [request["url"] for request in requests if request.get("type") == "document"]
    return path_template(opened[-1]) if opened else document.get("start") or _first(document)


def _page(row: Mapping[str, Any], there: str) -> str:
    """What page that is: its template's identity while the test is still on the page it was made for, else its path."""
    if row["template"] and path_template(row["page_url"] or "") == there:
        return str(row["template"])
    return urlsplit(there).path


def _first(document: Mapping[str, Any]) -> str:
    opening_steps = (step for step in document.get("steps", []) if kind_of(step).loads_page)
    return next((step["path"] for step in opening_steps if "path" in step), "")


def failed_requests(requests: Iterable[Mapping[str, Any]]) -> tuple[FailedRequest, ...]:
    """Those of an attempt's requests that went wrong."""
    return tuple(
        FailedRequest(
            request["method"], request["url"], request["status"], request["failed"] or "", request.get("type", "fetch")
        )
        for request in requests
        if request.get("failed") or (request.get("status") or 0) >= 400
    )
