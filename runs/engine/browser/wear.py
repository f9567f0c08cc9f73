"""How used up a driver and its browser are: both grow with every context, and go back only at their end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# A driver grows by half a megabyte with each context (docs/operations.md).
MOST_CONTEXTS = 150
MOST_MEGABYTES = 3_000
WEIGHED_EVERY = 10
# Longer than the longest attempt: what is open after that was forgotten.
RETIRED_SECONDS = 2_100.0


@dataclass(frozen=True)
class Bounds:
    """After so many contexts, or above so much memory, a fresh browser is started and the old one left to its tests."""

    contexts: int = MOST_CONTEXTS
    megabytes: int = MOST_MEGABYTES


@dataclass(eq=False)
class Wear:
    """What one driver has been through. `directory` holds its temporary files, `requests` its open request contexts;
    `found` contexts were in the browser before it was connected to."""

    directory: Path
    bounds: Bounds
    opened: int = 0
    megabytes: int = 0
    gone: bool = False
    found: int = 0
    requests: set[Any] = field(default_factory=set)

    @property
    def worn_out(self) -> bool:
        return self.opened >= self.bounds.contexts or self.megabytes > self.bounds.megabytes

    @property
    def to_be_weighed(self) -> bool:
        return self.opened % WEIGHED_EVERY == 0
