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


@pytest.fixture
def trace(artifact: Artifact) -> Artifact:
    path = default_storage.save("runs/1/trace.zip", ContentFile(b"PK"))
    return Artifact.objects.create(
        attempt=artifact.attempt, kind="trace", path=path, content_type="application/zip", size=2
    )


def test_signed_links_die_with_their_project(artifact: Artifact) -> None:
    link = storage.signed_url(artifact)
    artifact.attempt.result.run.project.delete_softly()
    answer = Client().get(link)
    assert answer.status_code == 404
    assert "This file is not stored any more" in answer.content.decode()


def test_the_trace_viewer_opens_only_traces_that_are_stored_here(
    world: World, artifact: Artifact, trace: Artifact
) -> None:
    client, ours = world.client("viewer"), f"http://testserver{storage.signed_url(trace)}"
    answer = client.get("/trace-viewer/index.html", {"trace": ours})
    assert answer.status_code == 200
    # The browser itself fetches nothing else, whatever an address or another window asks the viewer for.
    assert (
        "connect-src http://testserver/artifacts/ http://testserver/trace-viewer/"
        in (answer["Content-Security-Policy"])
    )
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    others: list[dict[str, str | list[str]]] = [
        {},
        {"trace": ""},
        {"trace": "https://elsewhere.example/trace.zip"},
        {"trace": "data:application/zip;base64,UEsFBg=="},
        {"trace": "http://testserver.elsewhere.example/artifacts/1"},
        {"trace": "http://testserver/artifacts/nonsense"},
        {"trace": "http://testserver/artifacts/../projects"},
        {"trace": [ours, "https://elsewhere.example/trace.zip"]},
        {"trace": f"http://testserver{storage.signed_url(artifact)}"},
    ]
    for page in ("index.html", "snapshot.html"):
        assert [client.get(f"/trace-viewer/{page}", asked).status_code for asked in others] == [403] * len(others)
    assert client.get("/trace-viewer/uiMode.html", {"trace": ours}).status_code == 404


def test_the_trace_viewer_is_that_of_the_installed_playwright(world: World, trace: Artifact) -> None:
    client = world.client("viewer")
    ours = {"trace": f"http://testserver{storage.signed_url(trace)}"}
    assert "Playwright Trace Viewer" in client.get("/trace-viewer/index.html", ours).content.decode()
    assert client.get("/trace-viewer/sw.bundle.js")["Content-Type"] == "text/javascript"
    assert client.get("/trace-viewer/nothing.js").status_code == 404


@pytest.mark.parametrize(
    "name", ["../package.json", "%2e%2e/package.json", "..%2fpackage.json", "/etc/passwd", "assets"]
)
def test_the_trace_viewer_gives_no_other_file(world: World, name: str) -> None:
    assert world.client("viewer").get(f"/trace-viewer/{name}").status_code in (400, 404)
