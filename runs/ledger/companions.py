"""What chosen tests depend on comes with them, however few were chosen; what cannot come is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from projects.models import Project, Test
from projects.models.public import number_of
from projects.reviewing import APPROVED, DRAFT
from runs.ledger.versions import as_of

TOLD = 10


@dataclass(frozen=True)
class TestsWithDependencies:
    """The chosen tests with all that they depend on.

    `added` says, by the name of a test that was not chosen, for which it came. `lacking` says, by the name of a test,
    in one sentence why what it depends on cannot be executed. `older` are numbers of tests that come in another version
    than their newest.
    """

    tests: Sequence[Test]
    added: Mapping[str, tuple[str, ...]]
    lacking: Mapping[str, str]
    older: Set[int]

    @property
    def sentences(self) -> list[str]:
        """What was added and what cannot be executed, for the story."""
        skipped = [f"{sentence} It is skipped." for sentence in list(self.lacking.values())[:TOLD]]
        return [*([self._additions()] if self.added else ()), *skipped]

    def _additions(self) -> str:
        count = len(self.added)
        shown = [f"{name} for {', '.join(wanted[:3])}" for name, wanted in list(self.added.items())[:TOLD]]
        more = f" and {count - len(shown)} more" if count > len(shown) else ""
        what = (
            "1 test was added because others depend on it"
            if count == 1
            else f"{count} tests were added because others depend on them"
        )
        return f"{what}: {'; '.join(shown)}{more}."


def in_company(project: Project, chosen: Sequence[Test], versions: Mapping[int, int]) -> TestsWithDependencies:
    """The chosen tests, and after them what they depend on, over any number of steps.

    `versions` says by number of a test which version is meant, where that is not the newest.
    """
    tests = {test.public_id: test for test in as_of(chosen, versions)}
    older = {test.pk for test in chosen if _is_older(test, versions)}
    added: dict[str, tuple[str, ...]] = {}
    lacking: dict[str, str] = {}
    new: Iterable[Test] = list(tests.values())
    while wanted := _wanted(new, tests):
        today = {test.public_id: test for test in _by_name(project, wanted)}
        found = {test.public_id: test for test in as_of(today.values(), versions)}
        new = []
        for name, dependents in wanted.items():
            test = found.get(name)
            why = _why_not(name, today.get(name), versions)
            if test is None or why:
                lacking |= {dependent: f"{dependent} depends on {name}, which {why}." for dependent in dependents}
            else:
                tests[name] = test
                added[name] = tuple(dependents)
                new.append(test)
                older |= {test.pk for test in (today[name],) if _is_older(test, versions)}
    return TestsWithDependencies(list(tests.values()), added, lacking, older)


def _is_older(test: Test, versions: Mapping[int, int]) -> bool:
    return versions.get(test.pk, test.version) != test.version


def _wanted(tests: Iterable[Test], known: Mapping[str, Test]) -> dict[str, list[str]]:
    """Names that are not known yet, with those that depend on them."""
    wanted: dict[str, list[str]] = {}
    for test in tests:
        for name in dict.fromkeys(test.document.get("depends_on", ())):
            if name not in known:
                wanted.setdefault(name, []).append(test.public_id)
    return wanted


def _by_name(project: Project, names: Iterable[str]) -> list[Test]:
    numbers = [number for name in names if (number := number_of(Test.PREFIX, name)) is not None]
    return list(project.tests.filter(pk__in=numbers))


def _why_not(name: str, test: Test | None, versions: Mapping[int, int]) -> str:
    """Why a test cannot be executed, "" where it can: also one whose newer version waits for review, in the older."""
    if test is None:
        return "the project does not have; edit the test"
    if test.deleted_at is not None:
        return f"was deleted; restore {name}, or edit the test"
    if test.review_status != APPROVED and not (test.review_status == DRAFT and _is_older(test, versions)):
        state = "waits for review" if test.review_status == "draft" else "is rejected"
        return f"{state}; approve {name}, or edit the test"
    return ""
