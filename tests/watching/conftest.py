from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from projects.models import Project, Test, Workspace
from runs.models import Worker
from tests.ledger.conftest import DOCUMENT


@pytest.fixture
def project(db: None) -> Project:
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    return Project.objects.create(workspace=workspace, name="Shop", url="http://shop.test/")


def approved(project: Project, count: int) -> list[Test]:
    tests = [Test.write(project, None, f"Test {number}", DOCUMENT) for number in range(count)]
    for test in tests:
        test.decide("approve", None)
    return tests


def reported(name: str, silent: float = 0, **fields: Any) -> Worker:
    """The row of a worker that last reported `silent` seconds ago."""
    now = timezone.now()
    host, _, pid = name.rpartition(":")
    said = {"browser": "headless-shell 156.0", "started_at": now - timedelta(hours=1), **fields}
    return Worker.objects.create(name=name, host=host, pid=int(pid), seen_at=now - timedelta(seconds=silent), **said)
