"""What a proof says of a proposal, as it is stored beside the draft and shown to a reviewer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from runs.engine.execute.attempt import OPENING
from runs.engine.prove.choosing import Tried
from runs.engine.prove.replays import expects
from runs.engine.prove.revision import Revision
from runs.engine.steps.request import Request


@dataclass
class Notes:
    """What was changed in a test while it was proved: sentences of steps, with the reason where one was dropped."""

    dropped: list[dict[str, str]] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    pruned: list[str] = field(default_factory=list)


def report(
    revision: Revision, tried: Sequence[Tried], notes: Notes, *, replays: int, passed: int, broken: int
) -> dict[str, Any]:
    """The proof in JSON. `replays` clean ones were needed and `passed` did; `broken` replays had a mutation."""
    effective = [outcome for outcome in tried if outcome.effective]
    return {
        "replays": replays,
        "passed": min(passed, replays),
        "checks": [step.sentence() for step in revision.steps.values() if expects(step) or isinstance(step, Request)],
        "breakages": [
            {"kind": outcome.kind, "what": outcome.what, "noticed": bool(outcome.noticed), "by": _by(revision, outcome)}
            for outcome in effective
        ],
        "ineffective": len(tried) - len(effective),
        "noticed": sum(1 for outcome in effective if outcome.noticed),
        "effective": len(effective),
        "dropped": notes.dropped,
        "added": notes.added,
        "pruned": notes.pruned,
        "broken": broken,
    }


def _by(revision: Revision, outcome: Tried) -> str:
    if not outcome.noticed:
        return ""
    step = min(outcome.noticed)
    return f"Open {revision.document.opening}" if step == OPENING else revision.steps[step].sentence()
