"""The Dockerfile: judged by hadolint, and its files tried out without Docker, as its user's commands would."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deploy.conftest import ROOT
from tests.servers import free_port

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_hadolint_finds_nothing() -> None:
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("hadolint comes as a wheel for Linux on x86-64 only")
    outcome = subprocess.run([program, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What the Dockerfile copies, and nothing else of the repository."""
    place = tmp_path / "srv"
    place.mkdir()
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2]
    for line in re.findall(r"^COPY (?!--from)(.+)$", last_stage, re.MULTILINE):
        *sources, target = shlex.split(line)
        for source in sources:
            assert allowed(source), f".dockerignore keeps {source} away"
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place / target)
    return place


def allowed(source: str) -> bool:
    return f"!{source}" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_image_holds_what_migrations_and_the_web_application_need(
    image: Path, tmp_path: Path, eventually: Any
) -> None:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "SENTRI_DATA_DIR": str(tmp_path / "data"),
        "SENTRI_SECRET_KEY": "k" * 40,
        "SENTRI_BROWSER_WS": "http://127.0.0.1:9222",
    }
    subprocess.run(["python", "manage.py", "migrate", "-v0"], cwd=image, env=environment, check=True, timeout=120)
    subprocess.run(["python", "manage.py", "check"], cwd=image, env=environment, check=True, timeout=60)
    command = json.loads(re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)[0])
    port = str(free_port())
    command = ["127.0.0.1" if word == "0.0.0.0" else port if word == "8000" else word for word in command]
    with (tmp_path / "web.log").open("wb") as log:
        web = subprocess.Popen(command, cwd=image, env=environment, stdout=log, stderr=log)
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60)
        assert ready.json()["status"] == "ready"
        assert httpx.get(f"http://127.0.0.1:{port}/static/style/base.css").status_code == 200
    finally:
        web.terminate()
        assert web.wait(60) in (0, -15)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def test_the_image_starts_processes_directly_and_as_nobody() -> None:
    lines = DOCKERFILE.splitlines()
    assert 'ENTRYPOINT ["tini", "-s", "--"]' in lines
    assert "USER 10001:10001" in lines
    assert lines.index("USER 10001:10001") > max(number for number, line in enumerate(lines) if line.startswith("RUN"))
    assert "SENTRI_BROWSER_PATH=/usr/lib/chromium/chromium-headless-shell" in DOCKERFILE
