"""A run that repeats another: against the same snapshot, with the same options and for the same caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from projects.api.error_sentences import by_field
from projects.models import Environment, Test
from runs import states
from runs.engine.plan import CrawlOptions, RunOptions
from runs.ledger.opening import RunRequest, open_crawl, open_proofs, open_test_run, today
from runs.ledger.refusals import Refused
from runs.models import Run

NAMES = {"base_url": "the address", "headers": "the headers", "variables": "the variables", "access": "how to sign in"}
NAMED_IN_A_SENTENCE = 5


@dataclass(frozen=True)
class Otherwise:
    """What is not today as it was in a run: an address with both values; of the rest only that, as it may be secret."""

    what: str
    then: str = ""
    now: str = ""


def otherwise(earlier: Run) -> list[Otherwise]:
    """What the project, or the run's environment, has been given since the run was queued."""
    kept, now = earlier.site, today(earlier.project, earlier.environment)
    changed = [name for name in NAMES if kept.get(name) != now[name]]
    return [
        Otherwise(NAMES[name], kept["base_url"], now["base_url"]) if name == "base_url" else Otherwise(NAMES[name])
        for name in changed
    ]


def repeat(earlier: Run, by: RunRequest, *, only_failed: bool = False, as_now: bool = False) -> Run:
    """A queued run of what `earlier` was, ordered by `by`; `as_now` takes today's address, headers and variables.

    Raises Refused(run_not_over, environment_gone, secrets_gone, options_invalid), and what opening a run raises.
    """
    request = _request(earlier, by, as_now=as_now)
    if earlier.kind == "crawl":
        return open_crawl(request, _options(CrawlOptions, earlier))
    chosen, sentences = _tests_of(earlier, only_failed)
    scope = {**earlier.scope, "by": "failed"} if only_failed else earlier.scope
    return open_test_run(replace(request, scope=scope, sentences=sentences), _options(RunOptions, earlier), chosen)


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


def _tests_of(earlier: Run, only_failed: bool) -> tuple[list[Test], list[str]]:
    """The run's tests that are still approved, as they are today, and sentences about those that are otherwise."""
    results = earlier.results.exclude(test=None)
    if only_failed:
        results = results.filter(status=states.FAILED)
    versions: Mapping[int, int] = dict(results.order_by().values_list("test", "version").distinct())
    tests = list(earlier.project.tests.approved().filter(pk__in=results.order_by().values("test")))
    if not tests:
        raise Refused("no_tests", _nothing(earlier, only_failed, bool(versions)))
    left = sorted(versions.keys() - {test.pk for test in tests})
    edited = [test for test in tests if test.version != versions[test.pk]]
    sentences = []
    if left:
        names = [f"{Test.PREFIX}-{number}" for number in left]
        sentences.append(
            f"Of {earlier.public_id} these are left out, for they are not approved any more: {_listed(names)}."
        )
    if edited:
        sentences.append(
            f"Since {earlier.public_id} these were edited, and run as they are now: "
            f"{_listed([test.public_id for test in edited])}."
        )
    return tests, sentences


def _nothing(earlier: Run, only_failed: bool, any_results: bool) -> str:
    if only_failed and not any_results:
        return f"No test of {earlier.public_id} failed; there is nothing to repeat."
    which = "that failed here" if only_failed else f"of {earlier.public_id}"
    return f"No test {which} is still approved."


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED_IN_A_SENTENCE
    return ", ".join(names[:NAMED_IN_A_SENTENCE]) + (f" and {more} more" if more > 0 else "")
