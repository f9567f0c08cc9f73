"""ETags of objects, and edits that ask for the state that the client has read."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from projects.api.problems import PreconditionFailed


def etag_of(row: Any) -> str:
    """The strong ETag of a row with a public id and `updated_at`."""
    return f'"{row.public_id}.{int(row.updated_at.timestamp() * 1_000_000):x}"'


def check_match(request: Request, row: Any) -> None:
    """Raises PreconditionFailed where If-Match names no state or another; without the header all is well."""
    wanted = request.headers.get("If-Match")
    if wanted is None or wanted.strip() == "*":
        return
    if etag_of(row) not in [tag.strip() for tag in wanted.split(",")]:
        raise PreconditionFailed
