"""/healthz and /readyz."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from runs import heartbeats
from runs.engine.browser.find import NoBrowser
from runs.models import Run
from sentri import health
from tests.api.conftest import World


@pytest.fixture(autouse=True)
def forgotten() -> None:
    """What was found good once is not looked at again."""
    health._migrated.cache_clear()
    health._own_browser.cache_clear()


def test_a_process_that_answers_is_alive(client: Any) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_an_installation_that_can_take_work_is_ready(db: None, client: Any) -> None:
    answer = client.get("/readyz")
    assert answer.json() == {
        "status": "ready",
        "parts": {"database": "ok", "queue": "ok", "storage": "ok", "browser": "ok"},
    }
    assert answer.status_code == 200


def test_a_part_that_fails_is_named_without_its_secrets(db: None, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        raise ConnectionError("redis://:password@10.0.0.7")

    monkeypatch.setattr("runs.queue.waiting", broken)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["queue"] == "The queue does not answer."
    assert "password" not in answer.content.decode()


def test_runs_that_no_worker_takes_make_it_not_ready(world: World, client: Any) -> None:
    run = world.run()
    assert client.get("/readyz").status_code == 200
    Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "start manage.py sentri_worker" in answer.json()["parts"]["queue"]


def test_a_missing_browser_makes_it_not_ready(db: None, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise NoBrowser("No browser found: install one.")

    monkeypatch.setattr(health, "find_browser", missing)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["browser"]) == (503, "No browser found: install one.")


def test_a_worker_that_hung_and_was_replaced_is_noted_and_does_not_make_it_unready(db: None, client: Any) -> None:
    heartbeats.hung(4711, "the process gave no sign of life for 16 s")
    answer = client.get("/readyz")
    assert answer.status_code == 200
    [note] = answer.json()["notes"]
    assert note.startswith("1 worker hung and was replaced at ")
    assert note.endswith("the process gave no sign of life for 16 s.")
