"""Back-up and restore as docs/operations.md tells it: its own commands, a second database and a second bucket."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from projects.models import Project, Workspace
from runs import ledger, storage
from runs.engine.plan import RunOptions
from runs.models import Artifact, Attempt, Run
from tests.engine.pages import Pages, pages
from tests.storage.conftest import ObjectStore
from tests.storage.test_runs_on_s3 import failing, finished
from tests.tasks.conftest import ROOT, Workers

pytestmark = [pytest.mark.postgresql, pytest.mark.processes]


@pytest.fixture
def site() -> Iterator[Pages]:
    with pages({"/": "<h1>Shop</h1>"}) as site:
        yield site


def guides_command(program: str) -> str:
    blocks = re.findall(r"```sh\n(.+?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    [command] = [str(block) for block in blocks if block.startswith(program)]
    return command


def installation(base: Mapping[str, str], store: ObjectStore, prefix: str) -> dict[str, str]:
    return {
        **base,
        "SENTRI_STORAGE_URL": f"s3://{store.bucket}/{prefix}?endpoint={store.endpoint}",
        "SENTRI_STORAGE_KEY": store.key,
        "SENTRI_STORAGE_SECRET": store.secret,
        "SENTRI_CANARY_SECONDS": "3600",
        "SENTRI_GRACE_SECONDS": "3",
        "SENTRI_LEASE_SECONDS": "4",
        "SENTRI_RENEW_SECONDS": "1",
    }


def at_work(environment: Mapping[str, str], tmp_path: Path, name: str) -> Workers:
    directory = tmp_path / name
    directory.mkdir()
    return Workers({**environment, "TMPDIR": str(directory)}, directory / "workers.log", "--workers", "2")


def seen_in(environment: Mapping[str, str], run: Run, *tokens: str) -> dict[str, Any]:
    """What the product itself shows of an installation."""
    command = [sys.executable, "-m", "tests.storage.seen", str(run.pk), *tokens]
    outcome = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    found: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1])
    return found


@pytest.fixture
def second_database(product_environment: Mapping[str, str]) -> Iterator[str]:
    url = product_environment["SENTRI_DATABASE_URL"]
    parts = urlsplit(url)
    name = f"restored_{os.getpid()}"
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield parts._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def order(transactional_db: None, site: Pages) -> ledger.RunRequest:
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    project = Project(workspace=workspace, name="Shop", url=f"{site.url}/")
    project.keep_credentials(username="ada", password="open sesame")
    project.save()
    return ledger.RunRequest(project, None, "Ada")


@pytest.fixture
def backed_up(
    order: ledger.RunRequest,
    product_environment: Mapping[str, str],
    store: ObjectStore,
    browser_path: str,
    tmp_path: Path,
    eventually: Any,
) -> tuple[Run, Run]:
    """A run that was over when the back-up was made, and one that was half done."""
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    workers = at_work(installation(product_environment, store, "first"), tmp_path, "first")
    try:
        options = RunOptions(shards=1, retries=0)
        ended = finished(ledger.open_test_run(order, options, failing(order.project, 2)), eventually)
        options = RunOptions(shards=1, retries=2, parallel=1)
        half = ledger.open_test_run(order, options, failing(order.project, 6))
        eventually(lambda: Attempt.objects.filter(result__run=half).count() >= 2)
        where = {**os.environ, "SENTRI_DATABASE_URL": product_environment["SENTRI_DATABASE_URL"]}
        subprocess.run(guides_command("pg_dump"), shell=True, cwd=tmp_path, env=where, check=True)
        return ended, finished(half, eventually)
    finally:
        workers.kill()


@pytest.fixture
def restored(
    backed_up: tuple[Run, Run],
    product_environment: Mapping[str, str],
    second_database: str,
    store: ObjectStore,
    tmp_path: Path,
) -> dict[str, str]:
    """The environment of an installation made from the back-up; the old files are gone."""
    for name in store.names():
        source = {"Bucket": store.bucket, "Key": name}
        store.client().copy_object(CopySource=source, Bucket=store.bucket, Key=name.replace("first/", "second/", 1))
        store.client().delete_object(**source)
    where = {**os.environ, "RESTORED_DATABASE_URL": second_database}
    subprocess.run(guides_command("pg_restore"), shell=True, cwd=tmp_path, env=where, check=True)
    return installation({**product_environment, "SENTRI_DATABASE_URL": second_database}, store, "second")


@pytest.mark.slow
def test_a_restored_installation_has_results_files_and_credentials_and_goes_on_with_open_runs(
    backed_up: tuple[Run, Run], restored: dict[str, str], tmp_path: Path, eventually: Any
) -> None:
    ended, half = backed_up
    links = [storage.signed_url(file) for file in Artifact.objects.filter(attempt__result__run=ended)]
    assert len(links) == 4
    found = seen_in(restored, half, *links)
    assert (found["password"], found["files"], found["status"]) == ("open sesame", [200] * 4, "running")

    workers = at_work(restored, tmp_path, "second")
    try:
        eventually(lambda: seen_in(restored, half)["status"] == "completed", every=1)
    finally:
        workers.kill()
    assert seen_in(restored, half)["tally"] == half.results.tally()

    found = seen_in({**restored, "SENTRI_SECRET_KEY": "another"}, half, *links)
    assert "put the old key behind the new one in SENTRI_CREDENTIAL_KEYS" in found["password"]
    assert found["files"] == [403] * 4
