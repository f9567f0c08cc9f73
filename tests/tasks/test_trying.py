"""A sign-in is tried by a worker: its steps, its picture and its end are stored, and no run is begun."""

from typing import Any

import pytest

from projects.models import Project, Workspace
from runs import ledger
from runs.models import Run, Trial
from tests.engine.members import PEOPLE, members
from tests.tasks.conftest import Start


@pytest.mark.slow
def test_a_worker_tries_a_sign_in(transactional_db: None, start_workers: Start, eventually: Any) -> None:
    with members() as (site, _):
        workspace = Workspace.objects.create(name="Quality", slug="quality")
        project = Project(workspace=workspace, name="Shop", url=f"{site.url}/")
        project.keep_credentials(username="ali", password=PEOPLE["ali"])
        project.save()
        order = ledger.RunRequest(project, None, "Ada")
        start_workers()
        works = ledger.open_trial(order, "account")
        eventually(lambda: Trial.objects.get(pk=works.pk).is_over)
        project.keep_credentials(password="not the one")
        project.save()
        fails = ledger.open_trial(order, "account")
        eventually(lambda: Trial.objects.get(pk=fails.pk).is_over)
    works.refresh_from_db()
    assert (works.status, works.error) == ("passed", "")
    assert "Typed the password" in [step["sentence"] for step in works.steps]
    assert bytes(works.picture or b"").startswith(b"\xff\xd8\xff")
    fails.refresh_from_db()
    assert fails.status == "failed"
    assert "it says “Wrong name or password”" in fails.error
    assert not Run.objects.exists()
