from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import CiPrincipal, name_of, workspaces_of
from projects.api.endpoint import Endpoint
from projects.api.schema import single
from projects.api.serializers import MeOut


class Me(Endpoint):
    @single(MeOut)
    def get(self, request: Request) -> Response:
        return Response(_said_of(request.user))


def _said_of(user: Any) -> dict[str, Any]:
    if isinstance(user, CiPrincipal):
        project = f"PRJ-{user.token.project_id}"
        return {"kind": "project_token", "name": name_of(user), "project": project, "workspaces": []}
    workspaces = list(workspaces_of(user).values("slug", "name", "role"))
    return {"kind": "person", "name": name_of(user), "project": None, "workspaces": workspaces}
