"""A kind of step is one class and one line: two kinds are added, and all that knows of steps has them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.once
def test_a_kind_that_is_added_is_known_to_schema_editor_proofs_estimates_and_guide() -> None:
    """In a process of its own: what documents may hold is decided when Sentri is loaded."""
    asked = ["-q", "-p", "tests.contracts.new_kinds", "-p", "no:cacheprovider", "tests/contracts/with_new_kinds.py"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *asked], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"\b[89] passed\b", ran.stdout), ran.stdout
    assert "skipped" not in ran.stdout
