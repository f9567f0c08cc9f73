"""When a crawl has seen enough pages of one kind."""

from __future__ import annotations

from collections.abc import Sequence


def saturated(templates: Sequence[str], limit: int) -> bool:
    """Whether visited pages of one address shape show that the rest will look the same."""
    return len(templates) >= limit and len(set(templates)) == 1
