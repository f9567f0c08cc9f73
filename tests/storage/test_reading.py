"""Signed links and readiness where artifacts are in an object store."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from runs import storage
from runs.models import Artifact, Attempt
from runs.storage import bucket as remote
from sentri.storages import storage as configured
from tests.storage.conftest import ObjectStore
from tests.web.conftest import World, ended, world  # noqa: F401 - a fixture

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def artifact(on_s3: ObjectStore, world: World) -> Artifact:  # noqa: F811
    result = ended(world.run(1)).results.get()
    attempt = Attempt.objects.create(result=result, number=9, passed=False, started_at=timezone.now(), duration_ms=5)
    path = default_storage.save("runs/1/shot.png", ContentFile(PNG))
    return Artifact.objects.create(attempt=attempt, kind="screenshot", path=path, content_type="image/png", size=8)


def test_a_signed_link_shows_an_object_through_the_product(artifact: Artifact) -> None:
    answer = Client().get(storage.signed_url(artifact))
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, PNG, "image/png")
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_an_object_that_was_deleted_is_a_404_that_says_so(artifact: Artifact, on_s3: ObjectStore) -> None:
    on_s3.client().delete_object(Bucket=on_s3.bucket, Key=f"qa/{artifact.path}")
    answer = Client().get(storage.signed_url(artifact))
    assert answer.status_code == 404
    assert "This file is not stored any more" in answer.content.decode()


def test_a_store_that_is_down_is_a_503_that_says_so(artifact: Artifact, on_s3: ObjectStore) -> None:
    on_s3.kill()
    answer = Client().get(storage.signed_url(artifact))
    assert answer.status_code == 503
    text = answer.content.decode()
    assert "The object store does not answer." in text
    assert str(on_s3.port) not in text


def part(client: Any) -> str:
    return str(client.get("/readyz").json()["parts"]["storage"])


def test_readiness_looks_at_the_store_and_remembers_for_a_moment(
    db: None, client: Any, on_s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert part(client) == "ok"
    on_s3.kill()
    assert part(client) == "ok"
    monkeypatch.setattr(remote, "LOOKED_SECONDS", 0)
    assert part(client) == "The object store does not answer."
    assert client.get("/readyz").status_code == 503


def test_readiness_says_that_a_bucket_is_missing(db: None, client: Any, on_s3: ObjectStore) -> None:
    on_s3.client().delete_bucket(Bucket=on_s3.bucket)
    assert part(client) == "The bucket does not exist: make it, or correct SENTRI_STORAGE_URL."


def test_readiness_says_that_credentials_are_refused(
    db: None, client: Any, settings: Any, tmp_path: Any, store: ObjectStore
) -> None:
    strict = ObjectStore(INITIAL_NO_AUTH_ACTION_COUNT="1")
    try:
        wrong = configured(strict.url, "stranger", "guess", tmp_path)
        settings.STORAGES = {**settings.STORAGES, "default": wrong}
        assert part(client) == (
            "The object store refuses these credentials: look at SENTRI_STORAGE_KEY and SENTRI_STORAGE_SECRET."
        )
    finally:
        strict.kill()


def test_a_directory_that_cannot_be_made_is_said(db: None, client: Any, settings: Any, tmp_path: Any) -> None:
    (tmp_path / "file").write_text("")
    location = {"OPTIONS": {"location": tmp_path / "file" / "artifacts"}}
    settings.STORAGES = {**settings.STORAGES, "default": settings.STORAGES["default"] | location}
    assert part(client) == "The directory of artifacts cannot be made: look at SENTRI_DATA_DIR and its rights."
