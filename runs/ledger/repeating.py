"""A run that repeats another: against the same snapshot, with the same options and for the same caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from projects import reviewing
from projects.api.error_sentences import by_field
from projects.models import Environment, Test, TestVersion
from runs import states
from runs.engine.plan import CrawlOptions, RunOptions
from runs.ledger.companions import in_company
from runs.ledger.opening import RunRequest, open_crawl, open_proofs, open_test_run, today
from runs.ledger.refusals import Refused
from runs.models import Run
from runs.models.run import TRIAL

NAMES = {"base_url": "the address", "headers": "the headers", "variables": "the variables", "access": "how to sign in"}
NAMED_IN_A_SENTENCE = 5


@dataclass(frozen=True)
class Otherwise:
    """What is not today as it was in a run: an address with both values; of the rest only that, as it may be secret.

    For tests `then` says which version was executed, and `now` which one is the newest or why it cannot be executed.
    """

    what: str
    then: str = ""
    now: str = ""


def otherwise(earlier: Run, *, only_failed: bool = False) -> list[Otherwise]:
    """What the project, or the run's environment, has been given since the run was queued, and which tests changed."""
    kept, now = earlier.site, today(earlier.project, earlier.environment)
    changed = [name for name in NAMES if kept.get(name) != now[name]]
    values = [
        Otherwise(NAMES[name], kept["base_url"], now["base_url"]) if name == "base_url" else Otherwise(NAMES[name])
        for name in changed
    ]
    return values + (_Executed.by(earlier, only_failed).otherwise() if earlier.kind == "test" else [])


def repeat(earlier: Run, by: RunRequest, *, only_failed: bool = False, as_now: bool = False) -> Run:
    """A queued run of what `earlier` was, ordered by `by`: its address, headers, variables and versions of tests.

    `as_now` takes those of today. Raises Refused(run_not_over, environment_gone, secrets_gone, options_invalid), and
    what opening a run raises.
    """
    request = _request(earlier, by, as_now=as_now)
    if earlier.kind == "crawl":
        return open_crawl(request, _options(CrawlOptions, earlier))
    executed = _Executed.by(earlier, only_failed)
    tests = executed.now() if as_now else executed.then()
    if not tests:
        raise Refused("no_tests", executed.nothing())
    scope = {**earlier.scope, "by": "failed"} if only_failed else earlier.scope
    request = replace(
        request,
        scope=scope,
        sentences=executed.sentences(as_now=as_now),
        versions={} if as_now else executed.versions,
        trigger=TRIAL if earlier.is_trial else request.trigger,
        named=earlier.is_trial,
    )
    return open_test_run(request, _options(RunOptions, earlier), tests)


def prove_rest(earlier: Run, by: RunRequest) -> Run:
    """A queued crawl that proves what `earlier` has left unproved, against the same. Raises Refused."""
    return open_proofs(_request(earlier, by, as_now=False), earlier)


def _request(earlier: Run, by: RunRequest, *, as_now: bool) -> RunRequest:
    repeatable(earlier)
    if not as_now:
        _check_secrets(earlier)
    return replace(
        by,
        environment=earlier.environment,
        rerun_of=earlier,
        priority=earlier.priority,
        callback_url=earlier.callback_url,
        commit=earlier.commit,
        site=None if as_now else earlier.site,
    )


def _options(kind: Any, earlier: Run) -> Any:
    try:
        return kind.model_validate(earlier.options)
    except ValidationError as error:
        place, sentences = next(iter(by_field(error).items()))
        problem = f"The option {place} of {earlier.public_id} is not taken any more: {sentences[0]}"
        raise Refused("options_invalid", f"{problem} Start a new run instead.") from None


def repeatable(earlier: Run) -> None:
    """Raises Refused where a run cannot be repeated, with whatever values."""
    if not earlier.is_over:
        raise Refused("run_not_over", f"{earlier.public_id} is {earlier.status}; wait for its end, or abort it.")
    kept = earlier.site
    was_there = kept.get("environment") or str(kept.get("secrets_of") or "").startswith(f"{Environment.PREFIX}-")
    elsewhere = kept["base_url"] != earlier.project.url
    if earlier.environment is None and (was_there or ("environment" not in kept and elsewhere)):
        raise Refused(
            "environment_gone",
            f"{earlier.public_id} tested {kept['base_url']}, an environment which the project does not know any more; "
            "start a new run.",
        )


def _check_secrets(earlier: Run) -> None:
    holder = earlier.site["secrets_of"]
    source = earlier.environment or earlier.project
    if holder and (source.public_id != holder or not source.sealed):
        raise Refused(
            "secrets_gone",
            f"The credentials of {holder} that {earlier.public_id} was run with are gone; start a new run, "
            "or repeat it with the values of today.",
        )


@dataclass(frozen=True)
class _Executed:
    """Tests of an ended run, by number: which are `wanted` again, the version of each that the run executed, those that
    were not deleted since as they are today, and which of them had been `given_up` when they were edited.
    `gone` counts results of tests that are not there any more at all.
    """

    earlier: Run
    only_failed: bool
    wanted: Set[int]
    executed: Mapping[int, int]
    known: Mapping[int, Test]
    given_up: Set[int]
    gone: int

    @classmethod
    def by(cls, earlier: Run, only_failed: bool) -> _Executed:
        every = earlier.results.order_by()
        results = every.exclude(test=None)
        executed = dict(results.values_list("test", "version").distinct())
        failed = results.filter(status=states.FAILED).values_list("test", flat=True)
        wanted = set(failed) if only_failed else executed.keys()
        tests = earlier.project.tests.alive().filter(pk__in=results.values("test"))
        known = {test.pk: test for test in tests}
        edited = [(pk, executed[pk]) for pk, test in known.items() if test.version != executed[pk]]
        given_up = {pk for pk, _ in TestVersion.objects.given_up(edited)}
        gone = every.filter(test=None, **({"status": states.FAILED} if only_failed else {})).count()
        return cls(earlier, only_failed, wanted, executed, known, given_up, gone)

    @cached_property
    def versions(self) -> Mapping[int, int]:
        """The versions that may be executed once more."""
        return {pk: version for pk, version in self.executed.items() if pk not in self.given_up}

    def then(self) -> list[Test]:
        """Those that can be executed as they were: still approved, or edited since. A trial was of whatever it was."""
        wanted = [test for test in self._wanted() if test.pk not in self.given_up]
        return [test for test in wanted if self.earlier.is_trial or _approved(test) or self._waits_edited(test)]

    def now(self) -> list[Test]:
        """Those that can be executed as they are."""
        return [test for test in self._wanted() if self.earlier.is_trial or _approved(test)]

    def edited(self, tests: Sequence[Test], versions: Mapping[int, int]) -> list[Test]:
        """Those of these, and of what they depend on, whose newest version is not the one that the run executed."""
        every = in_company(self.earlier.project, tests, versions).tests
        known = [self.known[test.pk] for test in every if test.pk in self.known]
        return [test for test in known if test.version != self.executed[test.pk]]

    def left(self, tests: Iterable[Test]) -> list[int]:
        """Numbers of what is wanted and not among these tests."""
        return sorted(self.wanted - {test.pk for test in tests})

    def otherwise(self) -> list[Otherwise]:
        then = self.then()
        # Where nothing can be repeated in either way, the refusal says so, and there is nothing to choose.
        if not then and not self.now():
            return []
        edited = [
            Otherwise(
                f"{test.public_id} {test.title}",
                f"version {self.executed[test.pk]}",
                f"version {test.version}" + ("" if _approved(test) else ", which waits for review"),
            )
            for test in self.edited(then, self.versions)
        ]
        left = [Otherwise(_name(number), "approved", self._why_left(number)) for number in self.left(then)]
        lacking = in_company(self.earlier.project, then, self.versions).lacking.values()
        gone = [Otherwise(self._gone())] if self.gone else []
        return edited + left + [Otherwise(f"{sentence} It is skipped.") for sentence in lacking] + gone

    def sentences(self, *, as_now: bool) -> list[str]:
        """For the story: what is left out, and what is not executed in the version that a reader would expect."""
        tests = self.now() if as_now else self.then()
        left = [_name(number) for number in self.left(tests)]
        edited = [test.public_id for test in self.edited(tests, {} if as_now else self.versions)]
        name = self.earlier.public_id
        were = (
            f"Since {name} these were edited, and run as they are now"
            if as_now
            else f"Since {name} these were edited, and run in the version that it executed"
        )
        out = f"Of {name} these are left out, for they are not approved any more: {_listed(left)}."
        lost = [f"{self._gone()}."] if self.gone else []
        return ([out] if left else []) + ([f"{were}: {_listed(edited)}."] if edited else []) + lost

    def _gone(self) -> str:
        """In words; without them, "No test failed" would be said where the test that failed was deleted for good."""
        count = self.gone
        results = "1 result is" if count == 1 else f"{count} results are"
        return f"{results} of tests that were deleted for good, and left out"

    def nothing(self) -> str:
        if self.gone and not self.wanted:
            return f"Of {self.earlier.public_id} {self._gone()}."
        if self.only_failed and not self.wanted:
            return f"No test of {self.earlier.public_id} failed; there is nothing to repeat."
        which = "that failed here" if self.only_failed else f"of {self.earlier.public_id}"
        if self.now():
            return f"No test {which} can be repeated as it was; repeat it with what is there today."
        return f"No test {which} is still approved."

    def _wanted(self) -> list[Test]:
        return [test for number, test in self.known.items() if number in self.wanted]

    def _waits_edited(self, test: Test) -> bool:
        return test.review_status == reviewing.DRAFT and test.version != self.executed[test.pk]

    def _why_left(self, number: int) -> str:
        test = self.known.get(number)
        if test is not None and number in self.given_up:
            return f"version {test.version}; version {self.executed[number]} was given up before, and is left out"
        state = "deleted" if test is None else reviewing.STATES[test.review_status].lower()
        return f"{'waiting for review' if state == reviewing.DRAFT else state} and is left out"


def _approved(test: Test) -> bool:
    return test.review_status == reviewing.APPROVED


def _name(number: int) -> str:
    return f"{Test.PREFIX}-{number}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED_IN_A_SENTENCE
    return ", ".join(names[:NAMED_IN_A_SENTENCE]) + (f" and {more} more" if more > 0 else "")
