"""Files on their way from the engine into the store, on a real S3 server."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from runs import storage
from runs.engine.artifacts import Kind
from runs.engine.events import ArtifactFile, AttemptEnded, Event, Log, TestStarted
from runs.ledger import StaleLease
from runs.storage import keeping
from runs.storage.bucket import Bucket
from tests.storage.conftest import ObjectStore

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 100


def nothing() -> None:
    """What a worker does meanwhile, in most of these tests."""


def left_by_the_engine(run: int, result: int, attempt: int = 1) -> AttemptEnded:
    """The event of an attempt whose files lie where the engine writes them."""
    files = []
    known: list[tuple[Kind, str, str]] = [("screenshot", "s.png", "image/png"), ("trace", "t.zip", "application/zip")]
    for kind, name, content_type in known:
        path = storage.directory(run) / str(result) / str(attempt) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
        relative = f"{result}/{attempt}/{name}"
        files.append(ArtifactFile(kind=kind, path=relative, content_type=content_type, size=len(PNG)))
    return AttemptEnded(result, attempt, False, 0.0, 5, (), artifacts=tuple(files))


def ended(events: Any) -> AttemptEnded:
    [found] = [event for event in events if isinstance(event, AttemptEnded)]
    return found


def warnings(events: Any) -> list[str]:
    return [event.message for event in events if isinstance(event, Log) and event.level == "warning"]


def local_files(run: int) -> list[Path]:
    return [path for path in storage.directory(run).rglob("*") if path.is_file()]


def test_files_go_to_the_bucket_below_the_prefix_and_the_local_ones_are_removed(on_s3: ObjectStore) -> None:
    told = storage.keep(7, [TestStarted(3, 1), left_by_the_engine(7, 3)], nothing)
    assert [type(event) for event in told] == [TestStarted, AttemptEnded]
    names = [storage.name_of(7, file.path) for file in ended(told).artifacts]
    assert on_s3.names() == sorted(f"qa/{name}" for name in names)
    head = on_s3.client().head_object(Bucket=on_s3.bucket, Key=f"qa/{names[0]}")
    assert (head["ContentType"], head["ContentLength"]) == ("image/png", len(PNG))
    with default_storage.open(names[1]) as stored:
        assert stored.read() == PNG
    assert local_files(7) == []
    assert not (storage.directory(7) / "3").exists()


def test_files_that_nobody_recorded_are_removed_from_the_bucket(on_s3: ObjectStore) -> None:
    kept = storage.keep(7, [left_by_the_engine(7, 3)], nothing)
    refused = storage.keep(7, [left_by_the_engine(7, 4)], nothing)
    storage.drop(7, refused)
    assert on_s3.names() == sorted(f"qa/{storage.name_of(7, file.path)}" for file in ended(kept).artifacts)


def test_files_that_nobody_recorded_are_removed_from_the_directory(tmp_path: Path) -> None:
    told = storage.keep(7, [left_by_the_engine(7, 3)], nothing)
    storage.drop(7, told)
    assert local_files(7) == []


def test_a_store_that_is_away_keeps_what_is_of_no_use_and_costs_no_error(on_s3: ObjectStore) -> None:
    told = storage.keep(7, [left_by_the_engine(7, 3)], nothing)
    on_s3.kill()
    storage.drop(7, told)


def test_a_process_that_leaves_a_run_leaves_no_file_that_was_on_its_way_to_the_bucket(on_s3: ObjectStore) -> None:
    left_by_the_engine(7, 3)
    left_by_the_engine(8, 4)
    storage.leave(7)
    assert (local_files(7), len(local_files(8))) == ([], 2)


def test_a_process_that_leaves_a_run_leaves_its_artifacts_in_the_directory(tmp_path: Path) -> None:
    left_by_the_engine(7, 3)
    storage.leave(7)
    assert len(local_files(7)) == 2


def test_files_of_a_local_storage_stay_where_they_were_written(tmp_path: Path) -> None:
    event = left_by_the_engine(7, 3)
    before = {path: path.stat().st_ino for path in local_files(7)}
    told = storage.keep(7, [event], nothing)
    names = [storage.name_of(7, file.path) for file in ended(told).artifacts]
    after = [Path(default_storage.path(name)) for name in names]
    assert {path: path.stat().st_ino for path in after} == before
    assert all(path.is_relative_to(tmp_path) for path in before)


def test_two_processes_that_execute_the_same_attempt_write_apart(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        os.write(write_end, str(storage.directory(7)).encode())
        os._exit(0)
    os.wait()
    theirs = os.read(read_end, 4096).decode()
    assert Path(theirs).parent == storage.directory(7).parent
    assert Path(theirs) != storage.directory(7)


def test_events_without_files_touch_no_store(on_s3: ObjectStore) -> None:
    on_s3.kill()
    events: list[Event] = [TestStarted(3, 1), AttemptEnded(3, 1, True, 0.0, 5, ())]
    assert storage.keep(7, events, nothing) is events


def test_a_store_that_is_down_costs_the_file_and_not_the_result_and_is_told_once(
    on_s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(keeping, "AWAY_SECONDS", 3_600)
    on_s3.kill()
    first = storage.keep(7, [left_by_the_engine(7, 3)], nothing)
    assert ended(first).artifacts == ()
    [warning] = warnings(first)
    assert warning == (
        "The screenshot and trace of result 3 could not be stored, and the result is kept without: "
        "The object store does not answer. Files are left out until they can be stored again."
    )
    monkeypatch.setattr(Bucket, "upload", lambda *_: asked.append("again"))
    second = storage.keep(7, [left_by_the_engine(7, 4), left_by_the_engine(7, 5)], nothing)
    assert [event.artifacts for event in second if isinstance(event, AttemptEnded)] == [(), ()]
    assert warnings(second) == []
    assert len(warnings(storage.keep(8, [left_by_the_engine(8, 6)], nothing))) == 1
    assert asked == []
    assert local_files(7) == local_files(8) == []


def test_files_are_stored_again_once_the_store_is_back(on_s3: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "AWAY_SECONDS", 0.1)
    on_s3.kill()
    assert ended(storage.keep(7, [left_by_the_engine(7, 3)], nothing)).artifacts == ()
    on_s3.start()
    time.sleep(0.1)
    assert len(ended(storage.keep(7, [left_by_the_engine(7, 4)], nothing)).artifacts) == 2
    on_s3.kill()
    assert len(warnings(storage.keep(7, [left_by_the_engine(7, 5)], nothing))) == 1


def test_a_store_that_hangs_is_waited_for_within_limits_and_leases_are_renewed_meanwhile(
    on_s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "UPLOAD_SECONDS", 1.5)
    monkeypatch.setattr(keeping, "LOOK_UP_SECONDS", 0.05)
    event = left_by_the_engine(7, 3)
    on_s3.pause()
    renewals: list[float] = []
    began = time.monotonic()
    told = storage.keep(7, [event], lambda: renewals.append(time.monotonic() - began))
    assert time.monotonic() - began > 1.4
    assert len(renewals) >= 2
    assert ended(told).artifacts == ()
    assert "The object store was too slow." in warnings(told)[0]


def test_R9_a_lease_that_is_lost_during_an_upload_stops_it(on_s3: ObjectStore) -> None:
    def lost() -> None:
        raise StaleLease

    event = left_by_the_engine(7, 3)
    on_s3.pause()
    with pytest.raises(StaleLease):
        storage.keep(7, [event], lost)


def test_a_bucket_that_is_missing_is_named_in_the_warning(on_s3: ObjectStore) -> None:
    on_s3.client().delete_bucket(Bucket=on_s3.bucket)
    told = storage.keep(7, [left_by_the_engine(7, 3)], nothing)
    assert "The bucket does not exist: make it, or correct SENTRI_STORAGE_URL." in warnings(told)[0]


def test_a_file_that_is_not_there_any_more_is_left_out_alone(on_s3: ObjectStore) -> None:
    event = left_by_the_engine(7, 3)
    (storage.directory(7) / event.artifacts[0].path).unlink()
    told = storage.keep(7, [event], nothing)
    assert [file.kind for file in ended(told).artifacts] == ["trace"]
    assert "The screenshot of result 3" in warnings(told)[0]
    assert len(ended(storage.keep(7, [left_by_the_engine(7, 4)], nothing)).artifacts) == 2
