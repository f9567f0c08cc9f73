"""Channels of a project: where its news go. Secrets in their settings go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from drf_spectacular.utils import extend_schema
from pydantic import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import ADMIN
from projects.api.endpoint import created, find, note, shown
from projects.api.error_sentences import by_field
from projects.api.etags import check_match
from projects.api.idempotency import idempotent
from projects.api.listing import Ordered, page
from projects.api.parsing import body, query
from projects.api.problems import Conflict, Invalid
from projects.api.schema import listed, single
from projects.models import Channel, Project
from projects.models.public import PublicQuerySet
from projects.secrets import SecretUnreadable
from runs import delivering
from runs.api.channel_outputs import ChannelOut, SecretOut, TriedOut
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import ChannelEdit, NewChannel, Nothing
from runs.api.outbound_addresses import judged
from runs.notifiers.base import NotNow, Undeliverable


class ChannelQuery(Ordered):
    @classmethod
    def orderings(cls) -> dict[str, str]:
        return {"created_at": "created_at", "name": "name"}


class ChannelList(RunsEndpoint):
    @listed(ChannelQuery, ChannelOut)
    def get(self, request: Request, project: str) -> Response:
        rows = channels_of(self.project(request, project))
        show = lambda found: ChannelOut(found, many=True).data  # noqa: E731
        return page(request, rows, query(request, ChannelQuery), show, default="pk")

    @extend_schema(request=NewChannel, responses={201: ChannelOut})
    @judged
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        new = body(request, NewChannel)
        project_row = self.project(request, project, ADMIN)
        row = Channel(project=project_row, kind=new.kind, name=new.name, enabled=new.enabled, when=new.when)
        put_settings(row, new.settings)
        saved(row)
        note(request, project_row, "channel created", row.public_id, row.name)
        return created(
            request, row, ChannelOut(row).data, f"/api/v1/projects/{project_row.public_id}/channels/{row.public_id}"
        )


class ChannelDetail(RunsEndpoint):
    @single(ChannelOut)
    def get(self, request: Request, project: str, channel: str) -> Response:
        row = find(channels_of(self.project(request, project)), channel)
        return shown(row, ChannelOut(row).data)

    @extend_schema(request=ChannelEdit, responses=ChannelOut)
    @judged
    @idempotent
    def patch(self, request: Request, project: str, channel: str) -> Response:
        edit = body(request, ChannelEdit)
        project_row = self.project(request, project, ADMIN)
        with transaction.atomic():
            # `of`, because the join would lock the project as well, and with it every other edit there.
            row = find(channels_of(project_row).select_for_update(of=("self",)), channel)
            check_match(request, row)
            for name in edit.model_fields_set - {"settings"}:
                setattr(row, name, getattr(edit, name))
            if edit.settings is not None:
                put_settings(row, edit.settings)
            saved(row)
            note(request, project_row, "channel changed", row.public_id, row.name)
        return shown(row, ChannelOut(row).data)

    @extend_schema(responses={204: None})
    @idempotent
    def delete(self, request: Request, project: str, channel: str) -> Response:
        project_row = self.project(request, project, ADMIN)
        with transaction.atomic():
            row = find(channels_of(project_row).select_for_update(of=("self",)), channel)
            check_match(request, row)
            # Before it is deleted, for the row has no id then.
            note(request, project_row, "channel deleted", row.public_id, row.name)
            row.delete()
        return Response(status=204)


class ChannelTest(RunsEndpoint):
    """Sends a test message through the channel while the client waits, at most some ten seconds."""

    @extend_schema(request=Nothing, responses={200: TriedOut})
    def post(self, request: Request, project: str, channel: str) -> Response:
        body(request, Nothing)
        row = find(channels_of(self.project(request, project, ADMIN)), channel)
        try:
            # Nothing here is `idempotent`, whose transaction would wait for the receiver.
            detail = delivering.try_out(row)
        except (Undeliverable, NotNow, SecretUnreadable) as error:
            raise Conflict("not_delivered", str(error)) from error
        return Response({"detail": detail})


class CallbackSecret(RunsEndpoint):
    """A new secret that callbacks and webhooks are signed with from now on; shown this once."""

    @extend_schema(request=Nothing, responses={201: SecretOut})
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        body(request, Nothing)
        project_row = self.project(request, project, ADMIN)
        with transaction.atomic():
            secret = project_row.renew_signing_secret()
            note(request, project_row, "callback secret renewed", project_row.public_id)
        return Response({"secret": secret}, status=201)


def channels_of(project: Project) -> PublicQuerySet[Channel]:
    return Channel.objects.filter(project=project).select_related("project")


def put_settings(row: Channel, given: Mapping[str, Any]) -> None:
    """Puts settings into the row. Raises Invalid, each field named below `settings`."""
    try:
        delivering.put_settings(row, given)
    except ValidationError as error:
        found = {
            "settings" if field == "body" else f"settings.{field}": said for field, said in by_field(error).items()
        }
        raise Invalid(found) from error


def saved(row: Channel) -> None:
    """Saves the row. Raises Invalid where its name is taken."""
    try:
        # A savepoint: after an error PostgreSQL takes no more statements of the transaction around it.
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Invalid({"name": "This name is taken."}) from error
