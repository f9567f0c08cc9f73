"""Lists by key-set cursors: a page costs the same however far in it is, and rows that come meanwhile shift nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Q, QuerySet
from pydantic import BaseModel, ConfigDict, Field, field_validator
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.problems import Invalid

BROKEN = "This cursor was not given out by this list."


class Query(BaseModel):
    """What every list takes. Subclasses add their filters and their orderings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: str | None = Field(default=None, max_length=2000, description="from `next` or `previous`")
    page_size: int = Field(default=50, ge=1, le=200)


class Ordered(Query):
    """A list that can be ordered by the names of ORDERINGS, a minus sign before one for the other direction."""

    ordering: str | None = Field(default=None, max_length=40)

    @field_validator("ordering")
    @classmethod
    def _known(cls, ordering: str | None) -> str | None:
        known = sorted(cls.orderings())
        if ordering is not None and ordering.removeprefix("-") not in known:
            raise ValueError(f"Order by one of {', '.join(known)}, with - before it for the other direction.")
        return ordering

    @classmethod
    def orderings(cls) -> Mapping[str, str]:
        """Name in the query → column, which must not be null."""
        return {"created_at": "created_at"}


@dataclass(frozen=True)
class Cursor:
    """Between two rows: behind (or, backwards, before) the row with this value and number."""

    value: Any
    number: int
    backwards: bool = False

    def text(self) -> str:
        said = json.dumps([self.value, self.number, int(self.backwards)], default=str)
        return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Cursor:
        try:
            value, number, backwards = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, TypeError, RecursionError) as error:
            raise Invalid({"cursor": BROKEN}) from error
        sound = type(number) is int and 0 < number < 2**63 and backwards in (0, 1) and isinstance(value, str | int)
        if not sound:
            raise Invalid({"cursor": BROKEN})
        return cls(value, number, bool(backwards))


@dataclass(frozen=True)
class SortOrder:
    """A column and a direction; ties are broken by the row's number."""

    column: str
    descending: bool

    @classmethod
    def from_query(cls, query: Query, default: str) -> SortOrder:
        names = query.orderings() if isinstance(query, Ordered) else {}
        ordering = (query.ordering if isinstance(query, Ordered) else None) or default
        name = ordering.removeprefix("-")
        return cls(names.get(name, name), ordering.startswith("-"))

    def apply(self, rows: QuerySet[Any], backwards: bool) -> QuerySet[Any]:
        sign = "-" if self.descending != backwards else ""
        return rows.order_by(*dict.fromkeys((f"{sign}{self.column}", f"{sign}pk")))

    def beyond(self, rows: QuerySet[Any], cursor: Cursor) -> QuerySet[Any]:
        way = "lt" if self.descending != cursor.backwards else "gt"
        if self.column == "pk":
            return rows.filter(**{f"pk__{way}": cursor.number})
        value = self._stored(rows, cursor.value)
        further = Q(**{f"{self.column}__{way}": value})
        return rows.filter(further | Q(**{self.column: value, f"pk__{way}": cursor.number}))

    def _stored(self, rows: QuerySet[Any], value: Any) -> Any:
        try:
            stored = rows.model._meta.get_field(self.column).to_python(value)
        except (FieldDoesNotExist, ValidationError, ValueError, TypeError, OverflowError) as error:
            raise Invalid({"cursor": BROKEN}) from error
        if (isinstance(stored, int) and abs(stored) >= 2**63) or (isinstance(stored, str) and "\0" in stored):
            raise Invalid({"cursor": BROKEN})
        return stored

    def cursor(self, row: Any, backwards: bool) -> str:
        value = row.pk if self.column == "pk" else getattr(row, self.column)
        if hasattr(value, "isoformat"):
            value = value.isoformat()
        return Cursor(value, row.pk, backwards).text()


Show = Callable[[Sequence[Any]], Any]


def page(request: Request, rows: QuerySet[Any], query: Query, show: Show, default: str = "-pk") -> Response:
    """{"results", "next", "previous"}; `show` makes answers of all rows of a page at once and asks nothing per row."""
    order = SortOrder.from_query(query, default)
    cursor = Cursor.read(query.cursor) if query.cursor else None
    backwards = cursor is not None and cursor.backwards
    wanted = order.apply(order.beyond(rows, cursor) if cursor else rows, backwards)
    found = list(wanted[: query.page_size + 1])
    more, found = len(found) > query.page_size, found[: query.page_size]
    if backwards:
        found.reverse()
    later, earlier = (cursor is not None, more) if backwards else (more, cursor is not None)
    return Response(
        {
            "results": show(found),
            "next": _link(request, order.cursor(found[-1], False)) if later and found else None,
            "previous": _link(request, order.cursor(found[0], True)) if earlier and found else None,
        }
    )


def _link(request: Request, cursor: str) -> str:
    parameters = request.query_params.copy()
    parameters["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{parameters.urlencode()}")
