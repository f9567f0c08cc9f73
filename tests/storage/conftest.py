"""A real S3-compatible server (moto's) as a process of its own, which can be stopped, paused and started again."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from runs.storage import bucket as remote
from runs.storage import keeping
from sentri.storages import storage
from tests.servers import free_port


class ObjectStore:
    """`url` is what SENTRI_STORAGE_URL wants to hold; the bucket is made at the start and empty after a restart."""

    key, secret, bucket = "sentri", "not-a-secret", "artifacts"

    def __init__(self, **environment: str) -> None:
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.url = f"s3://{self.bucket}/qa?endpoint={self.endpoint}&region=us-east-1"
        self._environment = {**os.environ, **environment}
        self.start()

    def start(self) -> None:
        self._paused = False
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        # Quiet and beside the point: moto asks for a configuration of AWS where there is none.
        self._process = subprocess.Popen(
            command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process.poll() is None, "moto's server ended at its start"
            try:
                httpx.get(f"{self.endpoint}/moto-api/", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        self.client().create_bucket(Bucket=self.bucket)

    def client(self) -> Any:
        keys = {"aws_access_key_id": self.key, "aws_secret_access_key": self.secret}
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", **keys)

    def names(self) -> list[str]:
        found = self.client().list_objects_v2(Bucket=self.bucket)
        return sorted(entry["Key"] for entry in found.get("Contents", []))

    def pause(self) -> None:
        self._paused = True
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def renew(self) -> None:
        """As new: the next test must not see what this one did to it."""
        if self._paused or self._process.poll() is not None:
            self.kill()
            self.start()
            return
        httpx.post(f"{self.endpoint}/moto-api/reset", timeout=30).raise_for_status()
        self.client().create_bucket(Bucket=self.bucket)


@pytest.fixture(scope="session")
def object_server() -> Iterator[ObjectStore]:
    server = ObjectStore()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def store(object_server: ObjectStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ObjectStore:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    keeping._carriage.cache_clear()
    remote._seen.clear()
    object_server.renew()
    return object_server


@pytest.fixture
def on_s3(store: ObjectStore, settings: Any, tmp_path: Path) -> ObjectStore:
    """This process stores artifacts in the object store."""
    settings.STORAGES = {**settings.STORAGES, "default": storage(store.url, store.key, store.secret, tmp_path)}
    return store
