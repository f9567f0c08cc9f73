"""Approval by score at the end of a crawl."""

from collections.abc import Callable
from typing import Any

import pytest

from projects.models import Activity, Project, Test
from runs import ledger
from runs.models import Run
from tests.ledger.conftest import DOCUMENT
from tests.ledger.test_crawling import keep, proposing

Open = Callable[..., Run]
PROVED = {"replays": 3, "passed": 3, "noticed": 2}


def drafts(run: Run, *scores: int) -> list[Test]:
    return [
        Test.propose(
            run.project, title=f"Score {score}", document=DOCUMENT, crawl_run=run.pk, score=score, evidence=PROVED
        )
        for score in scores
    ]


def approved(project: Project) -> list[int | None]:
    return list(project.tests.by_score().order_by("pk").values_list("score", flat=True))


def scored(run: Run) -> None:
    """The crawl's way to the end of its last stage, without anything that it proposes itself."""
    keep(proposing(run, 0))


def with_threshold(run: Run, least: int | None) -> None:
    Project.objects.filter(pk=run.project_id).update(auto_approve_score=least)
    run.project.refresh_from_db()


def test_nothing_is_approved_by_score_unless_the_project_says_from_which_on(crawl: Open) -> None:
    run = crawl()
    drafts(run, 100)
    scored(run)
    assert approved(run.project) == []


def test_the_end_of_a_crawl_approves_by_score_and_says_so(crawl: Open) -> None:
    run = crawl()
    with_threshold(run, 85)
    drafts(run, 90, 85, 84)
    scored(run)
    assert approved(run.project) == [90, 85]
    line = Activity.objects.get(verb="tests approved")
    assert (line.actor, line.actor_name, line.subject) == (None, "the score", run.public_id)
    assert line.detail == "2 of 3 drafts are proved with a score of 85 or more"
    assert any("Approved by score: 2 of 3" in event.data["message"] for event in run.events.filter(type="log"))


def test_drafts_of_other_crawls_are_left_alone_and_repeating_it_changes_nothing(crawl: Open) -> None:
    other, run = crawl(), crawl()
    with_threshold(run, 85)
    drafts(other, 99)
    drafts(run, 90)
    assert [ledger.approve_by_score(run), ledger.approve_by_score(run)] == [1, 0]
    assert Activity.objects.filter(verb="tests approved").count() == 1


@pytest.fixture(autouse=True)
def one_database(db: Any) -> None:
    """Every test here writes."""
