"""Real workers that share nothing with this process but the database, the object store and the site."""

import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from projects.models import Project, Test, Workspace
from runs import ledger
from runs.engine.plan import RunOptions
from runs.models import Artifact, Attempt, Run, RunEvent
from tests.engine.pages import Pages, pages
from tests.storage.conftest import ObjectStore
from tests.tasks.conftest import Workers

pytestmark = [pytest.mark.processes, pytest.mark.once]


@pytest.fixture
def site() -> Iterator[Pages]:
    with pages({"/": "<h1>Shop</h1>"}) as site:
        yield site


@pytest.fixture
def order(transactional_db: None, site: Pages) -> ledger.RunRequest:
    workspace = Workspace.objects.create(name="Quality", slug="quality")
    return ledger.RunRequest(Project.objects.create(workspace=workspace, name="Shop", url=f"{site.url}/"), None, "Ada")


@pytest.fixture
def workers(
    product_environment: Mapping[str, str], store: ObjectStore, tmp_path: Path, browser_path: str, eventually: Any
) -> Iterator[Workers]:
    environment = {
        **product_environment,
        "SENTRI_STORAGE_URL": store.url,
        "SENTRI_STORAGE_KEY": store.key,
        "SENTRI_STORAGE_SECRET": store.secret,
        "SENTRI_CANARY_SECONDS": "3600",
        "SENTRI_GRACE_SECONDS": "3",
        "TMPDIR": str(tmp_path),
    }
    workers = Workers(environment, tmp_path / "workers.log", "--workers", "2")
    try:
        eventually(lambda: len(workers.parts()) == 4)
        yield workers
    finally:
        workers.kill()


def failing(project: Project, count: int) -> list[Test]:
    tests = []
    for number in range(count):
        step = {"do": "expect_visible", "target": {"role": "heading", "name": "Basket"}, "timeout": 300}
        title = f"Test {number}"
        document = {"title": title, "kind": "ui", "start": "/", "steps": [step]}
        test = Test.write(project, None, title, document)
        test.decide("approve", None)
        tests.append(test)
    return tests


def finished(run: Run, eventually: Any) -> Run:
    eventually(lambda: Run.objects.get(pk=run.pk).is_over)
    run.refresh_from_db()
    return run


def test_a_run_leaves_its_screenshots_and_traces_in_the_bucket_and_nothing_on_the_worker(
    order: ledger.RunRequest, store: ObjectStore, workers: Workers, tmp_path: Path, eventually: Any
) -> None:
    options = RunOptions(shards=2, retries=1, hedge=False)
    run = finished(ledger.open_test_run(order, options, failing(order.project, 4)), eventually)
    assert (run.status, run.verdict) == ("completed", "failed")
    rows = Artifact.objects.filter(attempt__result__run=run)
    assert sorted(rows.values_list("kind", flat=True)) == ["screenshot"] * 8 + ["trace"] * 4
    assert store.names() == sorted(f"qa/{row.path}" for row in rows)
    for row in rows:
        stored = store.client().get_object(Bucket=store.bucket, Key=f"qa/{row.path}")
        content = stored["Body"].read()
        assert (len(content), stored["ContentType"]) == (row.size, row.content_type)
        if row.kind == "trace":
            assert zipfile.ZipFile(BytesIO(content)).testzip() is None
    assert not (tmp_path / "data" / "artifacts").exists()
    eventually(lambda: not [p for p in tmp_path.glob("sentri-*/sentri-artifacts/**/*") if p.is_file()])


def test_R12_a_store_that_dies_during_a_run_costs_files_and_no_result(
    order: ledger.RunRequest, store: ObjectStore, workers: Workers, eventually: Any
) -> None:
    run = ledger.open_test_run(order, RunOptions(shards=1, parallel=1, retries=0), failing(order.project, 6))
    eventually(lambda: Attempt.objects.filter(result__run=run).count() >= 1)
    store.kill()
    finished(run, eventually)
    assert (run.status, run.verdict) == ("completed", "failed")
    tally = run.results.tally()
    assert (tally["failed"], tally["total"]) == (6, 6)
    assert Attempt.objects.filter(result__run=run).count() == 6
    kept = Artifact.objects.filter(attempt__result__run=run).count()
    assert 0 < kept < 12
    told = [event.data["message"] for event in RunEvent.objects.filter(run=run, type="log")]
    [warning] = [message for message in told if "could not be stored" in message]
    assert "The object store does not answer." in warning
