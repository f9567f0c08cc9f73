"""Deliveries of a run with the log of their tries, and sending one again by hand."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from projects.access import QA_LEAD, require, visible_to
from projects.api.endpoint import note
from projects.api.idempotency import idempotent
from projects.api.listing import Query, page
from projects.api.parsing import body, query
from projects.api.schema import listed
from runs import ledger
from runs.api.channel_outputs import DeliveryOut
from runs.api.endpoint import RunsEndpoint
from runs.api.inputs import Nothing
from runs.models import Delivery


class DeliveryList(RunsEndpoint):
    """In the order in which they were owed."""

    @listed(Query, DeliveryOut)
    def get(self, request: Request, run: str) -> Response:
        rows = Delivery.objects.filter(run=self.run(request, run)).prefetch_related("log").select_related("channel")
        show = lambda found: DeliveryOut(found, many=True).data  # noqa: E731
        return page(request, rows, query(request, Query), show, default="pk")


class Redeliver(RunsEndpoint):
    @extend_schema(request=Nothing, responses={202: DeliveryOut})
    @idempotent
    def post(self, request: Request, delivery: int) -> Response:
        body(request, Nothing)
        rows = Delivery.objects.filter(run__project__in=visible_to(request.user))
        row = rows.select_related("run__project", "channel").filter(pk=min(delivery, 2**63 - 1)).first()
        if row is None:
            raise NotFound(f"There is no delivery {delivery} that you may see.")
        require(request.user, row.run.project.workspace_id, QA_LEAD)
        ledger.redeliver(row.pk)
        note(request, row.run.project, "delivery sent again", row.run.public_id, row.key)
        row.refresh_from_db()
        return Response(DeliveryOut(row).data, status=202)
