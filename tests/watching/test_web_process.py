"""A web process counts what it tells and hands the numbers over at its end."""

import urllib.request
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from projects.models import Membership, Project
from runs import meters
from runs.models import Meter, Run
from tests.ledger.conftest import Hand
from tests.watching.conftest import Web
from tests.watching.test_workers import run_of


def test_the_lag_of_live_events_is_in_the_metrics(slow: Project, web: Web, tmp_path: Path, eventually: Any) -> None:
    run: Run = run_of(slow, 1, shards=1)
    user = User.objects.create_user("ada")
    Membership.objects.create(workspace=slow.workspace, user=user, role="viewer")
    client = Client()
    client.force_login(user)
    cookie = f"sentri_session={client.cookies['sentri_session'].value}"
    with web() as address:
        request = urllib.request.Request(
            f"{address}/api/v1/runs/{run.public_id}/events",
            headers={"Accept": "text/event-stream", "Cookie": cookie},
        )
        with urllib.request.urlopen(request, timeout=30) as stream:
            lines = iter(stream.readline, b"")
            next(line for line in lines if line == b"event: queued\n")
            Hand(run)
            next(line for line in lines if line == b"event: shard_started\n")
        eventually(lambda: Meter.objects.filter(name=meters.EVENT_LAG_SECONDS, label="count", value__gte=1).exists())
    assert "Traceback" not in (tmp_path / "web.log").read_text()
