"""Decisions about many tests at once, decisions of the score, and taking both back."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from projects.models import Project, Test, Workspace
from projects.reviewing import Decided, proved

PROVED = {"replays": 3, "passed": 3, "noticed": 1}


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(
        workspace=Workspace.objects.create(name="Q", slug="q"), name="Shop", url="http://shop.test"
    )


def draft(project: Project, **fields: Any) -> Test:
    return Test.propose(project, **{"title": "T", "document": {}, "score": 90, "evidence": PROVED, **fields})


def states(project: Project) -> list[str]:
    return list(project.tests.order_by("pk").values_list("review_status", flat=True))


@pytest.mark.parametrize(
    ("evidence", "is_proved"),
    [
        (PROVED, True),
        ({**PROVED, "passed": 2}, False),
        ({**PROVED, "noticed": 0}, False),
        ({"replays": 3, "passed": 3}, False),
        ({"replays": 0, "passed": 0, "noticed": 1}, False),
        ({"replays": None, "passed": None, "noticed": None}, False),
        ({}, False),
    ],
)
def test_proved_means_every_replay_passed_and_a_breakage_was_noticed(evidence: Any, is_proved: bool) -> None:
    assert proved(evidence) is is_proved


def test_the_score_approves_what_is_proved_and_nothing_that_a_person_has_touched(project: Project) -> None:
    good = draft(project)
    draft(project, score=84)
    draft(project, score=None)
    draft(project, evidence={**PROVED, "noticed": 0})
    draft(project, rejected_for="it failed")
    draft(project, stale_since=timezone.now())
    edited = draft(project)
    edited.edit(None, "Better", {})
    returned = draft(project)
    returned.decide("approve", None)
    returned.decide("restore", None)
    Test.objects.filter(pk=Test.write(project, None, "By hand", {}).pk).update(score=99, evidence=PROVED)
    assert project.tests.all().approve_by_score(85).tests == [good.pk]
    good.refresh_from_db()
    assert (good.review_status, good.approved_by_score, good.reviewed_by) == ("approved", True, None)
    assert project.tests.all().approve_by_score(85).tests == []


@pytest.mark.parametrize(("action", "state"), [("approve", "approved"), ("reject", "rejected"), ("restore", "draft")])
def test_a_later_decision_of_a_person_takes_the_place_of_the_score(project: Project, action: str, state: str) -> None:
    ada = User.objects.create_user("ada")
    for many in (False, True):
        test = draft(project)
        project.tests.all().approve_by_score(85)
        test.refresh_from_db()
        if many:
            project.tests.filter(pk=test.pk).decide_all(action, ada)
        else:
            test.decide(action, ada)
        test.refresh_from_db()
        assert (test.review_status, test.approved_by_score, test.reviewed_by) == (state, False, ada)


def test_an_edit_returns_what_the_score_approved_to_draft(project: Project) -> None:
    test = draft(project)
    project.tests.all().approve_by_score(85)
    test.refresh_from_db()
    test.edit(None, "Better", {})
    test.refresh_from_db()
    assert (test.review_status, test.approved_by_score, test.reviewed_at) == ("draft", False, None)


def test_taking_back_a_rejection_leaves_the_score_as_the_one_who_approved(project: Project) -> None:
    test = draft(project)
    project.tests.all().approve_by_score(85)
    decided = project.tests.all().decide_all("reject", None, "Duplicate")
    assert project.tests.all().take_back(Decided.read(decided.written()), None) == 1
    test.refresh_from_db()
    assert (test.review_status, test.approved_by_score) == ("approved", True)


def test_taking_back_a_rejection_takes_its_reason_back_and_leaves_an_older_one(project: Project) -> None:
    new, rescued = draft(project), draft(project, rejected_for="it failed")
    rescued.decide("restore", None)
    decided = project.tests.all().decide_all("reject", None, "Duplicate")
    assert set(project.tests.values_list("reason", flat=True)) == {"Duplicate"}
    assert project.tests.all().take_back(Decided.read(decided.written()), None) == 2
    assert [Test.objects.get(pk=test.pk).reason for test in (new, rescued)] == ["", "it failed"]


def test_only_those_whose_state_allows_it_are_decided(project: Project) -> None:
    for action in ("approve", "reject", ""):
        test = draft(project)
        if action:
            test.decide(action, None)
    assert len(project.tests.all().decide_all("approve", None).tests) == 2
    assert states(project) == ["approved"] * 3
