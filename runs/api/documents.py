"""Test documents as the API takes and shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from projects.accounts import names_of
from projects.api.problems import Invalid
from projects.models import Project, Test
from projects.models.public import number_of
from runs.engine.steps.document import InvalidDocument, parse, unknown_sign_in


def accepted(document: dict[str, Any], project: Project, itself: Test | None = None) -> dict[str, Any]:
    """The document, checked key by key and against the project. Raises InvalidDocument, Invalid."""
    problems = unknown_sign_in(parse(document).auth, names_of(project) if document.get("auth") else ())
    if problems:
        raise InvalidDocument(problems)
    _check_dependencies(document.get("depends_on", []), project, itself)
    return document


def _check_dependencies(named: list[str], project: Project, itself: Test | None) -> None:
    if not named:
        return
    known = {f"{Test.PREFIX}-{number}" for number in project.tests.alive().values_list("pk", flat=True)}
    own = {itself.public_id} if itself else set()
    missing: dict[str, str] = {
        f"document.depends_on[{index}]": f"The project has no other test {name}."
        for index, name in enumerate(named)
        if name not in known - own
    }
    if missing:
        raise Invalid(missing)
    circle = _circle(named, project, itself) if itself else []
    if circle:
        raise Invalid(
            {"document.depends_on": f"These tests would depend on each other in a circle: {', '.join(circle)}."}
        )


def _circle(named: Iterable[str], project: Project, itself: Test) -> list[str]:
    """The way by which a test that depends on `named` would come to depend on itself; empty where there is none."""
    ways = {name: [itself.public_id, name] for name in named}
    new = dict(ways)
    while new:
        numbers = [number for name in new if (number := number_of(Test.PREFIX, name)) is not None]
        # One query for each step of the way, however many tests stand there.
        rows = project.tests.alive().filter(pk__in=numbers).values_list("pk", "document__depends_on")
        found: dict[str, list[str]] = {}
        for number, others in rows:
            way = new[f"{Test.PREFIX}-{number}"]
            found |= {name: [*way, name] for name in others or ()}
        if itself.public_id in found:
            return found[itself.public_id]
        new = {name: way for name, way in found.items() if name not in ways}
        ways |= new
    return []


def sentences(document: dict[str, Any]) -> list[str]:
    """Each step as one plain sentence; nothing of a document of a later version."""
    try:
        return [step.sentence() for step in parse(document).steps]
    except InvalidDocument:
        return []
