"""Public ids: PRJ-1, TC-12, ENV-3, RUN-42: a noun's prefix and its row's number."""

from __future__ import annotations

import re
from typing import Any, ClassVar, TypeVar

from django.db import models

M = TypeVar("M", bound="PublicModel")


class PublicQuerySet(models.QuerySet[M]):
    def by_public_id(self, public_id: str) -> M:
        """The row with this public id. Raises DoesNotExist, also for a text that is no such id."""
        number = number_of(self.model.PREFIX, public_id)
        if number is None:
            raise self.model.DoesNotExist(f"no {self.model.PREFIX}-… has the id {public_id!r}")
        return self.get(pk=number)


class PublicModel(models.Model):
    PREFIX: ClassVar[str]

    class Meta:
        abstract = True

    @property
    def public_id(self) -> str:
        return f"{self.PREFIX}-{self.pk}"


def number_of(prefix: str, public_id: Any) -> int | None:
    found = re.fullmatch(r"([^-]+)-([1-9][0-9]{0,17})", str(public_id), re.ASCII)
    return int(found[2]) if found and found[1] == prefix else None
