"""What all endpoints share: how they find what a request is about, and who may do what with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects.access import VIEWER, name_of, person, require, visible_to
from projects.api.etags import etag_of
from projects.entrusting import TrustChange
from projects.models import Activity, Project
from projects.models.public import PublicModel, PublicQuerySet

M = TypeVar("M", bound=PublicModel)


class Endpoint(APIView):
    """A view of the API. Strangers get 404 because what they ask for is not in their querysets."""

    http_method_names = ["get", "post", "patch", "delete", "head"]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Answers are of the moment and of one asker: nobody on the way keeps them."""
        response.headers.setdefault("Cache-Control", "no-store")
        return super().finalize_response(request, response, *args, **kwargs)

    def project(self, request: Request, public_id: str, needed: str = VIEWER) -> Project:
        """A living project that the principal may see. Raises NotFound, and Forbidden where the role is too low."""
        found = find(visible_to(request.user).select_related("workspace"), public_id)
        require(request.user, found.workspace_id, needed)
        return found


def find(rows: PublicQuerySet[M], public_id: str) -> M:
    try:
        return rows.by_public_id(public_id)
    except rows.model.DoesNotExist as error:
        raise NotFound(f"There is no {public_id} that you may see.") from error


def shown(row: Any, data: Any, status: int = 200) -> Response:
    """One object with its ETag."""
    return Response(data, status=status, headers={"ETag": etag_of(row)})


def created(request: Request, row: Any, data: Any, path: str) -> Response:
    """A new object with its ETag and Location."""
    headers = {"ETag": etag_of(row), "Location": request.build_absolute_uri(path)}
    return Response(data, status=201, headers=headers)


def note_all(request: Request, project: Project, subject: str, changes: Iterable[TrustChange]) -> None:
    for change in changes:
        note(request, project, change.verb, subject, change.detail)


def note(request: Request, project: Project, verb: str, subject: str, detail: str = "") -> None:
    """One line in the project's log of activity."""
    Activity.objects.create(
        project=project,
        actor=person(request.user),
        actor_name=name_of(request.user)[:160],
        verb=verb,
        subject=subject,
        detail=detail[:500],
    )
