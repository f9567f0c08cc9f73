"""Test documents as the API takes and shows them."""

from __future__ import annotations

from typing import Any

from projects.accounts import names_of
from projects.api.problems import Invalid
from projects.models import Project, Test
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
    missing = {
        f"document.depends_on[{index}]": f"The project has no other test {name}."
        for index, name in enumerate(named)
        if name not in known - own
    }
    if missing:
        raise Invalid(missing)


def sentences(document: dict[str, Any]) -> list[str]:
    """Each step as one plain sentence; nothing of a document of a later version."""
    try:
        return [step.sentence() for step in parse(document).steps]
    except InvalidDocument:
        return []
