"""compose.yaml, read by Docker Compose itself. No container is started."""

import json
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from sentri.env import Env
from sentri.env import read as read_env
from sentri.storages import storage
from tests.deploy.conftest import ROOT


def compose(*arguments: str, env: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("Docker Compose comes as a wheel for Linux on x86-64 only")
    command = [program, "--env-file", str(env), "--file", str(ROOT / "compose.yaml"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})


@pytest.fixture
def filled_in(tmp_path: Path) -> Path:
    """The example with every gap filled, as the guide asks."""
    lines = (ROOT / "deploy" / "env.example").read_text().splitlines()
    gaps = {"SENTRI_SECRET_KEY", "POSTGRES_PASSWORD", "MINIO_ROOT_PASSWORD"}
    filled = [f"{line}{'a1' * 16}" if line.rstrip("=") in gaps else line for line in lines]
    assert filled != lines
    path = tmp_path / "filled.env"
    path.write_text("\n".join(filled))
    return path


@pytest.fixture
def services(filled_in: Path) -> dict[str, Any]:
    outcome = compose("config", "--format", "json", env=filled_in)
    assert outcome.returncode == 0, outcome.stderr
    found: dict[str, Any] = json.loads(outcome.stdout)["services"]
    return found


def test_compose_takes_the_file_and_starts_all_parts(services: dict[str, Any]) -> None:
    assert set(services) == {"web", "worker", "migrate", "postgres", "redis", "minio", "bucket"}
    assert services["worker"]["deploy"]["replicas"] == 2


def test_the_example_as_it_is_asks_for_every_secret() -> None:
    outcome = compose("config", "--quiet", env=ROOT / "deploy" / "env.example")
    assert outcome.returncode != 0
    for name in ("SENTRI_SECRET_KEY", "POSTGRES_PASSWORD", "MINIO_ROOT_PASSWORD"):
        assert name in outcome.stderr


def test_everything_waits_for_what_it_needs(services: dict[str, Any]) -> None:
    for name in ("web", "worker"):
        needs = {other: entry["condition"] for other, entry in services[name]["depends_on"].items()}
        assert needs == {
            "postgres": "service_healthy",
            "redis": "service_healthy",
            "migrate": "service_completed_successfully",
            "bucket": "service_completed_successfully",
        }
    for name in ("postgres", "redis", "minio", "web"):
        assert services[name]["healthcheck"]["test"]


def test_workers_get_longer_to_stop_than_they_may_take(services: dict[str, Any]) -> None:
    worker = services["worker"]
    assert worker["stop_grace_period"] == "45s"
    assert float(worker["environment"]["SENTRI_GRACE_SECONDS"]) + 20 <= 45
    assert worker["init"] is True


def test_the_variables_are_those_that_sentri_reads(services: dict[str, Any], tmp_path: Path) -> None:
    known = {f"SENTRI_{field.name.upper()}" for field in fields(Env)}
    environment = services["worker"]["environment"]
    assert {name for name in environment if name.startswith("SENTRI_")} <= known
    env = read_env(environment)
    options = storage(env.storage_url, env.storage_key, env.storage_secret, tmp_path)["OPTIONS"]
    assert (options["bucket_name"], options["endpoint_url"]) == ("sentri-artifacts", "http://minio:9000")
    assert "store/sentri-artifacts" in services["bucket"]["command"][0]


def test_nothing_but_the_web_application_is_published_and_that_on_loopback(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert list(published) == ["web"]
    assert published["web"][0]["host_ip"] == "127.0.0.1"
