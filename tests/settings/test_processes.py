"""What processes of the product have in common from their start."""

import os
import subprocess
import sys

from sentri.env import ROOT


def said_by(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_what_is_loaded_is_not_searched_for_garbage_and_the_rest_is() -> None:
    script = "import gc; print(gc.isenabled(), gc.get_freeze_count() > 100_000, len(gc.get_objects()) < 100_000)"
    assert said_by("shell", "--no-imports", "-c", script).stdout.split() == ["True", "True", "True"]


def test_a_worker_refuses_a_configuration_that_cannot_work() -> None:
    refused = said_by("sentri_worker", SENTRI_RENEW_SECONDS="20", SENTRI_LEASE_SECONDS="15")
    assert refused.returncode == 1
    assert "sentri.E003" in refused.stderr
