"""What speaks for a test, as a reviewer reads it. Whatever is absent is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from projects import reviewing
from projects.models import Test
from runs import storage
from runs.engine.steps.base import Step
from runs.engine.steps.document import Document, InvalidDocument, parse
from runs.models import Artifact
from runs.views.english import FORMATS, as_written

MISSES_NAMED = 2
MOST_COVERED = 4
PICTURES = {"before": "before", "screenshot": "after"}


@dataclass(frozen=True)
class Breakage:
    """A way in which the application was broken for the test, and the step that noticed it."""

    what: str
    noticed: bool
    by: str


@dataclass(frozen=True)
class ProofEvidence:
    """`Test.evidence` read. Numbers that were not measured are None, lists that were not made are empty."""

    stored: Mapping[str, Any]

    @property
    def replays(self) -> int:
        return self.stored.get("replays") or 0

    @property
    def passed(self) -> int:
        return self.stored.get("passed") or 0

    @property
    def clean(self) -> bool:
        return 0 < self.replays <= self.passed

    @property
    def proved(self) -> bool:
        return reviewing.proved(self.stored)

    @property
    def breakages(self) -> list[Breakage]:
        """The missed ones first: they are what a reviewer has to weigh."""
        rows = (row for row in self._list("breakages") if isinstance(row, dict) and row.get("what"))
        found = [Breakage(str(row["what"]), bool(row.get("noticed")), str(row.get("by") or "")) for row in rows]
        return sorted(found, key=lambda breakage: breakage.noticed)

    @property
    def misses(self) -> str:
        """What it did not notice, the first ones by name."""
        missed = [breakage.what for breakage in self.breakages if not breakage.noticed]
        more = [f"{len(missed) - MISSES_NAMED} more"] if len(missed) > MISSES_NAMED else []
        return ", ".join(missed[:MISSES_NAMED] + more)

    @property
    def dropped(self) -> list[tuple[str, str]]:
        """Expectations that were taken out, each with the reason."""
        rows = (row for row in self._list("dropped") if isinstance(row, dict) and row.get("step"))
        return [(str(row["step"]), str(row.get("because") or "")) for row in rows]

    @property
    def texts(self) -> dict[str, list[str]]:
        names = ("checks", "added", "pruned", "merged")
        return {name: [str(text) for text in self._list(name) if text] for name in names}

    @property
    def parts(self) -> list[tuple[str, Any]]:
        """What the score is made of."""
        found = self.stored.get("score_parts")
        return [(name.replace("_", " "), points) for name, points in found.items()] if isinstance(found, dict) else []

    def _list(self, name: str) -> Sequence[Any]:
        found = self.stored.get(name)
        return found if isinstance(found, list) else ()


@dataclass
class ProposalCard:
    """A test with everything that a person needs to decide about it."""

    test: Test
    format: str
    pictures: Mapping[str, str]
    comments: int

    @cached_property
    def evidence(self) -> ProofEvidence:
        return ProofEvidence(self.test.evidence)

    @cached_property
    def document(self) -> Document | None:
        try:
            return parse(self.test.document)
        except InvalidDocument:
            return None

    @property
    def steps(self) -> list[tuple[str, str]]:
        return as_written(self.test.document, self.format)

    @property
    def list_style(self) -> str:
        return FORMATS[self.format]

    @property
    def checks(self) -> list[str]:
        """What it expects: as the proof says it, else as its own steps do."""
        texts = self.evidence.texts["checks"]
        if texts or self.document is None:
            return texts
        return [step.sentence() for step in self.document.steps if step.role == "expect"]

    @property
    def fields(self) -> str:
        """The fields of forms that it fills, by name."""
        aims = (step.aim() for step in self._steps() if step.gesture == "entering")
        names = (aim.label or aim.name or aim.placeholder or aim.title or "" for aim in aims if aim)
        return _first(dict.fromkeys(name for name in names if name))

    @property
    def endpoints(self) -> str:
        """The requests that it sends by itself."""
        calls = (step for step in self._steps() if step.asks_api)
        return _first(dict.fromkeys(f"{getattr(step, 'method', '')} {getattr(step, 'path', '')}" for step in calls))

    @property
    def edited(self) -> bool:
        """Whether the proof is of another version than the present one."""
        return self.evidence.replays > 0 and self.test.version > 1

    def _steps(self) -> Iterator[Step]:
        return iter(self.document.steps if self.document else ())


def _first(names: Mapping[str, None]) -> str:
    shown = list(names)[:MOST_COVERED]
    return ", ".join(shown) + (" …" if len(names) > MOST_COVERED else "")


def pictures_of(tests: Sequence[Test]) -> dict[int, dict[str, str]]:
    """Links to the newest screenshots of the proof of each test: what it began with and what it led to."""
    proofs = {test.evidence["result"]: test.pk for test in tests if test.evidence.get("result")}
    files = Artifact.objects.filter(attempt__result__in=proofs, kind__in=PICTURES).select_related("attempt")
    found: dict[int, dict[str, str]] = {}
    # Later pictures replace earlier ones: the last replay is of the test as it is in the end.
    for file in files.order_by("pk"):
        found.setdefault(proofs[file.attempt.result_id], {})[PICTURES[file.kind]] = storage.signed_url(file)
    return found
