"""Personal tokens, and tokens of a project for CI. A token's text is in the answer to its creation and nowhere else."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import ADMIN, CiPrincipal
from projects.api.endpoint import Endpoint, find, note
from projects.api.idempotency import idempotent
from projects.api.inputs import NewToken
from projects.api.listing import Query, page
from projects.api.parsing import body, query
from projects.api.problems import Invalid
from projects.api.schema import listed
from projects.api.serializers import NewTokenOut, TokenOut
from projects.models import ApiToken
from projects.models.public import PublicQuerySet

Tokens = PublicQuerySet[ApiToken]


def personal(request: Request) -> Tokens:
    """The person's tokens that are not revoked. Raises PermissionDenied for a project token."""
    user: Any = request.user
    if isinstance(user, CiPrincipal):
        raise PermissionDenied("A project token has no personal tokens.", "role_too_low")
    return ApiToken.objects.filter(user=user, revoked_at=None)


def issue(request: Request, **owner: Any) -> tuple[ApiToken, Response]:
    """A new token, no stronger than the one that asks for it."""
    new = body(request, NewToken)
    if isinstance(request.auth, ApiToken):
        new = _no_stronger(new, request.auth)
    row, text = ApiToken.issue(new.name, scopes=sorted(set(new.scopes)), expires_at=new.expires_at, **owner)
    return row, Response(TokenOut(row).data | {"token": text}, status=201)


def _no_stronger(new: NewToken, asking: ApiToken) -> NewToken:
    """Its own expiry where none was asked for. Raises Invalid where more was asked for than the asking token may."""
    if asking.scopes and (not new.scopes or set(new.scopes) - {*asking.scopes, "read"}):
        raise Invalid({"scopes": f"A token that may only {' and '.join(asking.scopes)} cannot make one that may more."})
    if asking.expires_at is None:
        return new
    if new.expires_at is None:
        return new.model_copy(update={"expires_at": asking.expires_at})
    if new.expires_at > asking.expires_at:
        raise Invalid({"expires_at": "A token cannot make one that outlives it."})
    return new


def revoke(tokens: Tokens, public_id: str) -> ApiToken:
    row = find(tokens, public_id)
    ApiToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now())
    return row


class PersonalTokenList(Endpoint):
    @listed(Query, TokenOut)
    def get(self, request: Request) -> Response:
        return page(request, personal(request), query(request, Query), lambda found: TokenOut(found, many=True).data)

    @extend_schema(request=NewToken, responses={201: NewTokenOut})
    @idempotent
    def post(self, request: Request) -> Response:
        personal(request)
        return issue(request, user=request.user)[1]


class PersonalTokenDetail(Endpoint):
    @extend_schema(responses={204: None})
    @idempotent
    def delete(self, request: Request, token: str) -> Response:
        revoke(personal(request), token)
        return Response(status=204)


class ProjectTokenList(Endpoint):
    @listed(Query, TokenOut)
    def get(self, request: Request, project: str) -> Response:
        project_row = self.project(request, project, ADMIN)
        rows = ApiToken.objects.filter(project=project_row, revoked_at=None)
        return page(request, rows, query(request, Query), lambda found: TokenOut(found, many=True).data)

    @extend_schema(request=NewToken, responses={201: NewTokenOut})
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        project_row = self.project(request, project, ADMIN)
        with transaction.atomic():
            row, answer = issue(request, project=project_row)
            note(request, project_row, "token created", row.public_id, row.name)
        return answer


class ProjectTokenDetail(Endpoint):
    @extend_schema(responses={204: None})
    @idempotent
    def delete(self, request: Request, project: str, token: str) -> Response:
        project_row = self.project(request, project, ADMIN)
        with transaction.atomic():
            row = revoke(ApiToken.objects.filter(project=project_row, revoked_at=None), token)
            note(request, project_row, "token revoked", row.public_id, row.name)
        return Response(status=204)
