"""A database that cannot be written: who reads goes on, who writes is told so in one sentence, and nothing is a 500."""

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import db
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from projects.models import ApiToken
from projects.unwritable import SENTENCE, best_effort, is_unwritable
from runs.models import Meter
from sentri import health
from sentri.keys import keep_private
from tests.api.conftest import World
from tests.api.rows import ids_of_rows

pytestmark = pytest.mark.django_db(transaction=True)
HARMLESS = ("admin/", "artifacts/", "trace-viewer/", "/events", "sign-out", "media/", "static/")


@contextmanager
def unwritable() -> Iterator[None]:
    """The database answers questions and takes no writes, as on a disk that is full or mounted read-only."""
    on, off = {
        "sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        "postgresql": ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(on)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(off)


def addresses(patterns: list[Any], before: str = "") -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, f"{before}{one.pattern}")
        elif isinstance(one, URLPattern):
            yield f"{before}{one.pattern}"


def filled(world: World) -> tuple[list[str], list[str]]:
    """Every address that can be read, with something that exists in the place of each parameter; and what has none."""
    rows = ids_of_rows(world)
    known = rows | {"text": "nothing", "number": "1", "role": "editor"}
    found: list[str] = []
    left: list[str] = []
    for pattern in addresses(get_resolver().url_patterns):
        if pattern.startswith("^") or any(part in pattern for part in HARMLESS):
            continue
        address = re.sub(r"<\w+:(\w+)>", lambda match: known.get(match[1], match[0]), pattern)
        (left if "<" in address else found).append(f"/{address}")
    return found, left


def test_every_page_and_every_read_of_the_API_survives(world: World) -> None:
    paths, left = filled(world)
    assert (left, len(paths) > 130) == ([], True)
    page = Client(raise_request_exception=False)
    page.force_login(world.people["admin"])
    api = world.client("admin")
    api.raise_request_exception = False

    def asked() -> dict[str, int]:
        return {path: (api if path.startswith("/api/") else page).get(path).status_code for path in paths}

    calm = asked()
    with unwritable():
        said = asked()
    health._migrated.cache_clear()
    assert list(calm.values()).count(200) > 70
    assert {path: status for path, status in said.items() if status != calm[path] and path != "/readyz"} == {}


def test_the_last_use_of_a_token_is_noted_where_it_can_be(world: World) -> None:
    api = world.client("viewer")
    with unwritable():
        assert api.get("/api/v1/me").status_code == 200
    assert ApiToken.objects.get().last_used_at is None
    assert api.get("/api/v1/me").status_code == 200
    assert ApiToken.objects.get().last_used_at is not None


def test_a_write_of_the_API_answers_503_with_the_time_to_come_again(world: World) -> None:
    api = world.client("admin")
    with unwritable():
        answer = api.post(world.at("/environments"), {"name": "Stage", "base_url": "http://stage.test/"}, format="json")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json()["code"] == "unavailable"
    assert answer.json()["detail"] == SENTENCE
    assert not world.project.environments.exists()


def test_a_form_answers_503_with_the_same_sentence(world: World) -> None:
    page, run = Client(), world.run()
    page.force_login(world.people["admin"])
    with unwritable():
        answer = page.post(f"/runs/{run.public_id}/abort")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert SENTENCE.split(";")[0].replace("'", "&#x27;") in answer.content.decode()


def test_signing_in_answers_503(world: World) -> None:
    with unwritable():
        answer = Client().post("/sign-in", {"username": "admin", "password": "wrong"})
    assert answer.status_code == 503


def test_readiness_says_that_the_database_takes_no_writes(world: World, client: Any) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite tells it by its file; see the disk")
    with unwritable():
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "takes no writes" in answer.json()["parts"]["database"]


def test_readiness_tells_a_full_disk(world: World, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=7 * 2**20))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    said = "The disk is full: 7 MB are left, and SENTRI_MIN_FREE_MB asks for 200. Free some."
    assert answer.json()["parts"]["storage"] == said
    if connection.vendor == "sqlite":
        assert answer.json()["parts"]["database"] == said


def test_what_is_best_effort_waits_for_nobody_and_fails_for_nobody() -> None:
    with unwritable():
        best_effort("a number", lambda: Meter.objects.create(name="lost"))
    assert not Meter.objects.exists()
    best_effort("a number", lambda: Meter.objects.create(name="kept"))
    assert Meter.objects.exists()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (db.OperationalError("attempt to write a readonly database"), True),
        (db.OperationalError("database or disk is full"), True),
        (db.OperationalError("database is locked"), True),
        (db.OperationalError("disk I/O error"), True),
        (db.InterfaceError("connection already closed"), True),
        (db.OperationalError("no such table: runs_run"), False),
        (db.IntegrityError("UNIQUE constraint failed"), False),
        (ValueError("attempt to write a readonly database"), False),
        (None, False),
    ],
)
def test_a_database_that_cannot_be_written_is_told_from_a_statement_that_is_wrong(
    error: Exception | None, told: bool
) -> None:
    assert is_unwritable(error) is told


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_files_that_hold_secrets_are_for_their_owner_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "sentri.sqlite3"}
    keep_private(database, tmp_path)
    assert mode(tmp_path / "sentri.sqlite3") == 0o600
    assert caplog.text == ""
    named = ("sentri.sqlite3", "sentri.sqlite3-wal", "sentri.sqlite3-shm", "secret_key")
    for name in named:
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    keep_private(database, tmp_path)
    assert [mode(tmp_path / name) for name in named] == [0o600] * 4
    assert caplog.text.count("could be read by others (mode 644); its mode is 600 now") == 4


def test_a_token_that_was_used_lately_is_not_noted_again(world: World) -> None:
    api = world.client("viewer")
    now = timezone.now()
    ApiToken.objects.update(last_used_at=now)
    api.get("/api/v1/me")
    assert ApiToken.objects.get().last_used_at == now
