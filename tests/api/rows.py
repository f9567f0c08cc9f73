"""One row of each thing that the API shows, with as much in it as there can be."""

from __future__ import annotations

from typing import Any

from projects.models import ApiToken, Invitation, Test
from runs import gates, ledger, reading
from runs.engine.plan import RunOptions
from runs.models import Attempt, Result
from tests.api.applications import learnt
from tests.api.conftest import DOCUMENT, World
from tests.api.test_access import channel, delivery, profile
from tests.ledger.conftest import Hand

WORST = {"lcp": {"value": 4200.0, "path": "/"}, "cls": None}


def ids_of_rows(world: World) -> dict[str, str]:
    """Ids by the names of the parameters of addresses; `crawl` is another run."""
    crawl = learnt(world, "/", "/cart")
    test = reviewed(world, "rejected")
    result = judged(world)
    sent = delivery(world)
    comment = test.comments.create(author_name="Ada", text="Why?")
    return {
        "project": world.project.public_id,
        "environment": world.environment().public_id,
        "profile": profile(world),
        "token": ApiToken.issue("CI", project=world.project)[0].public_id,
        "channel": channel(world),
        "kind": "pages",
        "test": test.public_id,
        "comment": str(comment.pk),
        "run": result.run.public_id,
        "crawl": crawl.public_id,
        "workspace": world.project.workspace.slug,
        "member": world.people["viewer"].username,
        "invitation": Invitation.issue(world.project.workspace, "viewer", world.people["admin"])[0].public_id,
        "result": str(result.pk),
        "delivery": str(sent),
    }


def reviewed(world: World, status: str) -> Test:
    test = Test.write(world.project, world.people["qa_lead"], "Cart", {**DOCUMENT, "title": "Cart"})
    test.decide({"rejected": "reject", "approved": "approve"}[status], world.people["qa_lead"], "it says nothing")
    return test


def judged(world: World) -> Result:
    """A failed result of a run that missed a gate and a budget."""
    world.project.quality_gates, world.project.web_vitals_budgets = {"max_failures": 0}, {"lcp": 2500}
    world.project.save()
    order = ledger.RunRequest(project=world.project, actor=None, actor_name="Ada")
    run = ledger.open_test_run(order, RunOptions(), [reviewed(world, "approved")])
    Hand(run).work_off("failed")
    Result.objects.filter(run=run).update(vitals=WORST)
    Attempt.objects.filter(result__run=run).update(requests=[request()], console=["error: x is not defined"])
    ledger.close(run.pk, gates.judge(reading.report(run)))
    return run.results.get()


def request() -> dict[str, Any]:
    return {
        "method": "POST",
        "url": "http://shop.test/api/cart",
        "status": 500,
        "failed": "",
        "type": "fetch",
        "duration_ms": 12,
    }
