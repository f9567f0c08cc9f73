"""Comments on tests: read by all members, written by those who may decide, deleted by authors and administrators."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import ADMIN, QA_LEAD, name_of, person, require
from projects.api.idempotency import idempotent
from projects.api.listing import Query, page
from projects.api.parsing import body, query
from projects.api.schema import listed
from projects.models import Comment
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import NewComment
from runs.api.outputs import CommentOut


class CommentList(RunsEndpoint):
    """Comments of a test, the oldest first."""

    @listed(Query, CommentOut)
    def get(self, request: Request, test: str) -> Response:
        params = query(request, Query)
        rows = Comment.objects.filter(test=self.test(request, test))
        return page(request, rows, params, lambda found: CommentOut(found, many=True).data, default="pk")

    @extend_schema(request=NewComment, responses={201: CommentOut})
    @idempotent
    def post(self, request: Request, test: str) -> Response:
        new = body(request, NewComment)
        row = self.test(request, test, QA_LEAD)
        author_name = name_of(request.user)[:160]
        made = Comment.objects.create(test=row, author=person(request.user), author_name=author_name, text=new.text)
        location = request.build_absolute_uri(f"/api/v1/tests/{row.public_id}/comments/{made.pk}")
        return Response(CommentOut(made).data, status=201, headers={"Location": location})


class CommentDetail(RunsEndpoint):
    @extend_schema(responses={204: None})
    @idempotent
    def delete(self, request: Request, test: str, comment: int) -> Response:
        row = self.test(request, test, QA_LEAD)
        found = row.comments.filter(pk=comment).first()
        if found is None:
            raise NotFound(f"There is no such comment on {row.public_id}.")
        if not found.written_by(person(request.user)):
            require(request.user, row.project.workspace_id, ADMIN)
        found.delete()
        return Response(status=204)
