"""What keeps somebody waiting until a test lets go, so that the order of things tells who waited and who did not."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

# Far longer than anything that a test does meanwhile, on any machine.
PATIENCE = 120.0


@dataclass
class Held:
    """An answer that is held back. Whoever went on without it did so while it `is_held`."""

    asked: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    given_up: bool = False

    def wait(self) -> None:
        self.asked.set()
        self.given_up = not self.released.wait(PATIENCE)

    @property
    def is_held(self) -> bool:
        return self.asked.is_set() and not (self.released.is_set() or self.given_up)

    def release(self) -> None:
        self.released.set()
