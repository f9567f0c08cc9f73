from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import VIEWER, require, visible_to
from projects.api.endpoint import Endpoint, find
from projects.api.etags import check_match
from projects.api.problems import Conflict, Invalid
from projects.models import Test
from projects.models.test import TestQuerySet
from runs.engine.steps.document import InvalidDocument
from runs.ledger import Refused
from runs.models import Run


class RunsEndpoint(Endpoint):
    """An endpoint about runs or tests: what the ledger refuses is 409, what is no test document is 422."""

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(_named(exc))

    def run(self, request: Request, public_id: str, needed: str = VIEWER) -> Run:
        """A run that the principal may see. Raises NotFound, and Forbidden where the role is too low."""
        rows = Run.objects.visible_to(request.user).select_related("project", "environment")
        found = find(rows, public_id)
        require(request.user, found.project.workspace_id, needed)
        return found

    def test(self, request: Request, public_id: str, needed: str = VIEWER) -> Test:
        """A living test that the principal may see. Raises NotFound, and Forbidden where the role is too low."""
        found = find(tests_visible_to(request.user), public_id)
        require(request.user, found.project.workspace_id, needed)
        return found

    def locked_test(self, request: Request, public_id: str, needed: str) -> Test:
        """The same under its row lock, for edits. Raises PreconditionFailed where If-Match names another state."""
        # Rights first: who may not edit the test does not get to hold its lock.
        known = self.test(request, public_id, needed)
        locked = Test.objects.alive().select_for_update(of=("self",)).select_related("project")
        row = find(locked, known.public_id)
        check_match(request, row)
        return row


def _named(exc: Exception) -> Exception:
    match exc:
        case Refused():
            return Conflict(exc.code, str(exc))
        case InvalidDocument():
            return Invalid(_by_place(exc))
    return exc


def _by_place(exc: InvalidDocument) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for where, sentence in exc.problems:
        field = f"document.{where}" if where else "document"
        found.setdefault(field, []).append(f"{sentence[:1].upper()}{sentence[1:]}.")
    return found


def tests_visible_to(user: Any) -> TestQuerySet:
    return Test.objects.alive().filter(project__in=visible_to(user)).select_related("project", "reviewed_by")
