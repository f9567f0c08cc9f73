"""The project itself: people, environments, sign-ins, channels, tokens and tests; runs and the map are beside it."""

import json
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from projects.models import (
    Activity,
    ApiToken,
    AuthProfile,
    Channel,
    Comment,
    Environment,
    Invitation,
    Membership,
    Project,
    Test,
    Workspace,
)
from projects.models.test import TestVersion
from projects.secrets import seal
from runs.models.trial import Trial
from tests.web.filled import words
from tests.web.filled.application import learn
from tests.web.filled.runs import PICTURE, Runs, fill_runs

BATCH = 500
STATES = ("draft", "approved", "approved", "rejected")


@dataclass(frozen=True)
class Size:
    """How many there are of each. The defaults are few enough for every test and too many for every page."""

    tests: int = 60
    runs: int = 40
    results: int = 60
    others: int = 7
    pages: int = 40


@dataclass
class Filled:
    """The project and, by the name that addresses use, an example of everything in it."""

    project: Project
    person: User
    runs: Runs
    examples: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def filled(size: Size | None = None) -> Filled:
    """Writes all of it and returns where things are. `Filled.person` administers it."""
    size = size or Size()
    workspace = Workspace.objects.create(name=words.SOLID[:118], slug="full")
    project = Project.objects.create(
        workspace=workspace,
        name=words.SOLID[:118],
        url=words.LONG_URL,
        quality_gates={"min_pass_rate": 95},
        web_vitals_budgets={"lcp": 2500},
    )
    person = _people(workspace, size)
    _neighbours(workspace, size)
    environments = _environments(project, size)
    tests = _tests(project, person, size)
    runs = fill_runs(project, tests, environments, size)
    made = Filled(project, person, runs)
    made.examples = {
        "project": project.public_id,
        "environment": environments[0].public_id,
        "profile": _sign_ins(project, size),
        "channel": _channels(project, size),
        "role": "account",
        **_trial(project, person),
        "token": _tokens(project, person, size),
        "test": tests[0].public_id,
        "comment": _talk(project, tests[0], person, size),
    }
    made.examples |= _invitations(workspace, person, size)
    made.examples |= runs.examples | learn(project, runs.crawl, size)
    return made


def _people(workspace: Workspace, size: Size) -> User:
    names = list(islice(words.titles(140), size.others))
    people = User.objects.bulk_create(
        User(
            username=f"{number}-{'person' * 20}"[:150],
            first_name=name[:150],
            last_name=words.ARABIC[:150],
            email=f"{'a' * 60}@{'mail' * 12}.example.org",
            is_staff=not number,
            is_superuser=not number,
        )
        for number, name in enumerate(names)
    )
    roles = ("admin", "qa_lead", "viewer")
    Membership.objects.bulk_create(
        Membership(workspace=workspace, user=user, role=roles[at % 3]) for at, user in enumerate(people)
    )
    return people[0]


def _invitations(workspace: Workspace, person: User, size: Size) -> dict[str, Any]:
    """Open links, and an example of each parameter that pages of a workspace have."""
    made = [Invitation.issue(workspace, "viewer", person, name) for name in islice(words.titles(78), size.others)]
    member = workspace.memberships.exclude(user=person).first()
    assert member is not None
    row, text = made[0]
    return {"workspace": workspace.slug, "member": member.pk, "invitation": row.public_id, "text": text}


def _neighbours(workspace: Workspace, size: Size) -> None:
    """Other projects, so that the list of projects is a long one, and as many that were deleted."""
    names = list(islice(words.titles(118), size.others))
    Project.objects.bulk_create(
        Project(workspace=workspace, name=name, url=words.LONG_URL, deleted_at=gone)
        for gone in (None, timezone.now())
        for name in names
    )


def _environments(project: Project, size: Size) -> list[Environment]:
    names = islice(words.titles(78), size.others)
    return Environment.objects.bulk_create(
        Environment(
            project=project,
            name=name,
            base_url=f"https://{'sub-domain.' * 6}example.org/{name.encode().hex()[:90]}",
            headers={"X-Very-Long-Header-Name-" + "x" * 40: words.SOLID},
            variables={"variable_" + "y" * 60: words.WORDY},
        )
        for name in names
    )


def _sign_ins(project: Project, size: Size) -> str:
    rows = AuthProfile.objects.bulk_create(
        AuthProfile(
            project=project,
            name=name,
            kind=("form", "basic", "headers")[at % 3],
            access={"login_url": words.LONG_URL},
            sealed=seal({"username": "eva", "password": "let me in", "headers": json.dumps({"X-A": "b"})}),
        )
        for at, name in enumerate(islice(words.titles(78), size.others))
    )
    return rows[0].public_id


def _trial(project: Project, person: User) -> dict[str, int]:
    """A sign-in that was tried and did not work."""
    now = timezone.now()
    steps = [{"sentence": one["sentence"], "duration_ms": one["duration_ms"]} for one in words.steps(2)]
    row = Trial.objects.create(project=project, role=words.SOLID[:80], site={"base_url": words.LONG_URL}, steps=steps,
                               status="failed", error=words.LONG_ERROR[:2000], asked_by=person, started_at=now,
                               finished_at=now, picture=PICTURE)  # fmt: skip
    return {"trial.number": row.pk, "trial-picture.number": row.pk}


def _channels(project: Project, size: Size) -> str:
    rows = Channel.objects.bulk_create(
        Channel(
            project=project,
            name=name,
            kind="webhook",
            when=("always", "problems", "changes")[at % 3],
            enabled=at % 4 != 3,
            sealed=seal({"url": words.LONG_URL}),
        )
        for at, name in enumerate(islice(words.titles(78), size.others))
    )
    return rows[0].public_id


def _tokens(project: Project, person: User, size: Size) -> int:
    now = timezone.now()
    rows = ApiToken.objects.bulk_create(
        ApiToken(
            name=name,
            project=project,
            hint="sntr_prj_" + "x" * 5,
            digest=f"{at:064}",
            scopes=["read"] if at % 2 else [],
            last_used_at=now,
            revoked_at=now if at % 3 == 2 else None,
        )
        for at, name in enumerate(islice(words.titles(78), size.others))
    )
    personal = islice(words.titles(78), size.others)
    ApiToken.objects.bulk_create(
        ApiToken(name=name, user=person, hint="sntr_pat_" + "x" * 5, digest=f"p{at:063}")
        for at, name in enumerate(personal)
    )
    return rows[0].pk


def _tests(project: Project, person: User, size: Size) -> list[Test]:
    now = timezone.now()
    rows = Test.objects.bulk_create(
        (
            Test(
                project=project,
                title=title,
                document=words.document(title),
                origin="crawl" if at % 5 else "person",
                family=words.FAMILIES[at % len(words.FAMILIES)],
                template=words.TEMPLATES[at % len(words.TEMPLATES)],
                page_url=words.LONG_URL if at % 2 else "http://shop.test/cart",
                score=(at * 7) % 101,
                evidence=words.evidence() if at % 5 else {},
                review_status=STATES[at % 4],
                reason=words.WORDY if STATES[at % 4] == "rejected" else "",
                reviewed_by=person if STATES[at % 4] != "draft" else None,
                reviewed_at=now if STATES[at % 4] != "draft" else None,
                approved_by_score=at % 8 == 1,
                stale_since=now if at % 9 == 0 else None,
                stale_reason=words.WORDY[:300] if at % 9 == 0 else "",
            )
            for at, title in enumerate(islice(words.titles(), size.tests))
        ),
        batch_size=BATCH,
    )
    TestVersion.objects.bulk_create(
        (TestVersion(test=row, number=1, title=row.title, document=row.document) for row in rows), batch_size=BATCH
    )
    Test.objects.bulk_create(
        Test(project=project, title=title, document=words.document(title), deleted_at=now)
        for title in islice(words.titles(), size.others)
    )
    return rows


def _talk(project: Project, test: Test, person: User, size: Size) -> int:
    said = [
        Comment(test=test, author=person, author_name=words.SOLID[:160], text=text)
        for text in islice(words.titles(), size.others)
    ]
    Activity.objects.bulk_create(
        Activity(
            project=project,
            actor=person,
            actor_name=words.SOLID[:160],
            verb="environment changed",
            subject="ENV-1",
            detail=text,
        )
        for text in islice(words.titles(), size.runs)
    )
    return Comment.objects.bulk_create(said)[0].pk
