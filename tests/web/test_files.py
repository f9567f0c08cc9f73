"""Artifacts by signed links, and the trace viewer."""

import time
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from runs import storage
from runs.models import Artifact, Attempt
from tests.web.conftest import World, ended

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def artifact(world: World) -> Artifact:
    result = ended(world.run(1)).results.get()
    attempt = Attempt.objects.create(result=result, number=9, passed=False, started_at=timezone.now(), duration_ms=5)
    path = default_storage.save("runs/1/shot.png", ContentFile(PNG))
    return Artifact.objects.create(attempt=attempt, kind="screenshot", path=path, content_type="image/png", size=8)


def test_a_signed_link_shows_the_file_to_whoever_has_it(artifact: Artifact) -> None:
    answer = Client().get(storage.signed_url(artifact))
    assert answer.content == PNG
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"].startswith("private")
    assert answer["Content-Disposition"] == f'inline; filename="screenshot-{artifact.pk}.png"'


def test_a_link_that_was_changed_or_is_an_hour_old_shows_nothing(artifact: Artifact, monkeypatch: Any) -> None:
    link = storage.signed_url(artifact)
    forged = link.replace(f"/{artifact.pk}:", f"/{artifact.pk + 1}:")
    assert Client().get(forged).status_code == 403
    assert Client().get("/artifacts/nonsense").status_code == 403
    later = time.time() + storage.LINK_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    answer = Client().get(link)
    assert answer.status_code == 403
    assert "This link is not valid any more; open the result again." in answer.content.decode()


def test_a_file_that_is_gone_is_a_404(artifact: Artifact) -> None:
    default_storage.delete(artifact.path)
    assert Client().get(storage.signed_url(artifact)).status_code == 404


def test_links_can_only_be_read(artifact: Artifact) -> None:
    assert Client().post(storage.signed_url(artifact)).status_code == 405


def test_the_result_page_links_to_screenshot_and_trace(world: World, artifact: Artifact) -> None:
    result = artifact.attempt.result
    Artifact.objects.create(
        attempt=artifact.attempt, kind="trace", path="runs/1/t.zip", content_type="application/zip", size=1
    )
    text = world.client("viewer").get(f"/runs/{result.run.public_id}/results/{result.pk}").content.decode()
    assert '<img src="/artifacts/' in text
    assert "/trace-viewer/index.html?trace=http%3A%2F%2Ftestserver%2Fartifacts%2F" in text


def test_the_trace_viewer_is_that_of_the_installed_playwright(world: World) -> None:
    client = world.client("viewer")
    assert "Playwright Trace Viewer" in client.get("/trace-viewer/index.html").content.decode()
    assert client.get("/trace-viewer/sw.bundle.js")["Content-Type"] == "text/javascript"
    assert client.get("/trace-viewer/nothing.js").status_code == 404


@pytest.mark.parametrize(
    "name", ["../package.json", "%2e%2e/package.json", "..%2fpackage.json", "/etc/passwd", "assets"]
)
def test_the_trace_viewer_gives_no_other_file(world: World, name: str) -> None:
    assert world.client("viewer").get(f"/trace-viewer/{name}").status_code in (400, 404)
