"""Fixtures that tests of proofs share."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from runs.engine.prove.replays import BrokenReplay, CleanReplay


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many replays were begun: clean ones, and broken ones by the kind of their mutation."""
    found: Counter[str] = Counter()
    clean, broken = CleanReplay.__init__, BrokenReplay.__init__

    def noted_clean(replay: CleanReplay, *given: Any, **named: Any) -> None:
        clean(replay, *given, **named)
        found["clean"] += 1

    def noted_broken(replay: BrokenReplay, *given: Any, **named: Any) -> None:
        broken(replay, *given, **named)
        found[replay.mutation.kind] += 1

    monkeypatch.setattr(CleanReplay, "__init__", noted_clean)
    monkeypatch.setattr(BrokenReplay, "__init__", noted_broken)
    return found
