"""A web process counts what it tells and hands the numbers over at its end."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from projects.models import Membership, Project
from runs import meters
from runs.models import Meter, Run
from tests.ledger.conftest import Hand
from tests.servers import free_port
from tests.tasks.conftest import ROOT
from tests.watching.test_workers import run_of


def test_the_lag_of_live_events_is_in_the_metrics(
    slow: Project, product_environment: Mapping[str, str], tmp_path: Path, eventually: Any
) -> None:
    run: Run = run_of(slow, 1, shards=1)
    user = User.objects.create_user("ada")
    Membership.objects.create(workspace=slow.workspace, user=user, role="viewer")
    client = Client()
    client.force_login(user)
    cookie = f"sentri_session={client.cookies['sentri_session'].value}"
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "sentri.asgi:application", "--port", str(port), "--lifespan", "on"]
    log = (tmp_path / "log").open("wb")
    server = subprocess.Popen(
        [*command, "--log-level", "warning"], cwd=ROOT, env=dict(product_environment), stdout=log, stderr=log
    )
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/runs/{run.public_id}/events",
            headers={"Accept": "text/event-stream", "Cookie": cookie},
        )
        with urllib.request.urlopen(request, timeout=30) as stream:
            lines = iter(stream.readline, b"")
            next(line for line in lines if line == b"event: queued\n")
            Hand(run)
            next(line for line in lines if line == b"event: shard_started\n")
        eventually(lambda: Meter.objects.filter(name=meters.EVENT_LAG_SECONDS, label="count", value__gte=1).exists())
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) in (0, -signal.SIGTERM)
        assert b"Traceback" not in (tmp_path / "log").read_bytes()
    finally:
        server.kill()
        server.wait()
        log.close()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
