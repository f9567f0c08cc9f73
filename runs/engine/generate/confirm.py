"""A draft is replayed once before it is proposed: what does not hold a second time is not expected."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from runs.engine.generate.cases import Draft
from runs.engine.generate.observe import FAILURES
from runs.engine.generate.selecting import telling
from runs.engine.generate.visit import Visits
from runs.engine.steps.document import parse
from runs.engine.steps.variables import expressions

REPLAY_SECONDS = 15
PATIENCE_MS = 1_000
_OURS = {"random.digits(6)"}
_ACCOUNT = {"account.username", "account.password"}


async def confirmed(visits: Visits, draft: Draft) -> Draft | None:
    """The draft with those expectations that hold again, with fresh data; None when nothing telling is left."""
    if not _only_ours(draft):
        return None
    try:
        parse(draft.document)
        async with asyncio.timeout(REPLAY_SECONDS):
            steps = await _replayed(visits, draft)
    except FAILURES:
        return None
    if not telling(steps):
        return None
    return replace(draft, document={**draft.document, "steps": steps})


async def _replayed(visits: Visits, draft: Draft) -> list[dict[str, object]]:
    case = draft.case
    async with visits.open(signed_in=case.signed_in, writes=case.writes) as visit:
        if draft.document["kind"] == "ui":
            await visit.start(draft.document["start"])
        return await visit.play(draft.document["steps"], PATIENCE_MS)


def _only_ours(draft: Draft) -> bool:
    """A page cannot smuggle a variable into a test: its texts are not ours to resolve."""
    allowed = _OURS | (_ACCOUNT if draft.family == "signin" else set())
    return set(expressions(draft.document)) <= allowed
