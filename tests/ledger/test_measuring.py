"""Pages are measured where the run asks for it or the project has budgets; proofs of a crawl never are."""

from collections.abc import Callable
from typing import Any

import pytest

from projects.models import Test
from runs import ledger, reading
from runs.engine.plan import RunOptions
from runs.models import Run


@pytest.mark.parametrize(
    ("asked", "budgets", "measured"), [(False, {}, False), (True, {}, True), (False, {"lcp": 2500}, True)]
)
def test_a_plan_says_whether_pages_are_measured(
    order: Callable[..., ledger.RunRequest],
    tests: Callable[..., list[Test]],
    asked: bool,
    budgets: dict[str, Any],
    measured: bool,
) -> None:
    wanted = order()
    wanted.project.web_vitals_budgets = budgets
    wanted.project.save()
    run = ledger.open_test_run(wanted, RunOptions(vitals=asked), tests(1))
    assert reading.shard_plan(Run.objects.get(pk=run.pk)).vitals is measured


def test_the_proofs_of_a_crawl_are_not_measured(crawl: Callable[..., Run]) -> None:
    run = crawl()
    run.project.web_vitals_budgets = {"lcp": 2500}
    run.project.save()
    assert reading.proof_plan(Run.objects.get(pk=run.pk)).vitals is False
