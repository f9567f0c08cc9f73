import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench import breakages, false_alarms, proofs
from bench.sides import Broken
from tests.site.defects import DEFECTS


def test_built_in_breakages_are_counted_by_kind() -> None:
    proofs = [
        {"breakages": [{"kind": "stale", "noticed": True}, {"kind": "dead_link", "noticed": False}]},
        {"breakages": [{"kind": "stale", "noticed": False}]},
        {},
    ]
    assert breakages.built_in(proofs) == {"dead_link": (0, 1), "stale": (1, 2)}


def test_all_defects_of_the_shop_are_tried_unless_fewer_are_asked_for() -> None:
    assert breakages.arguments([]).defects == len(DEFECTS)
    assert breakages.arguments(["--defects", "3"]).defects == 3


@pytest.mark.parametrize(
    ("bench", "given"),
    [
        (proofs, ["--tests", "0"]),
        (proofs, ["--rounds", "0"]),
        (breakages, ["--tests", "0"]),
        (breakages, ["--defects", "1000"]),
        (false_alarms, ["--rounds", "0"]),
    ],
)
def test_nonsense_is_refused(bench: object, given: list[str]) -> None:
    with pytest.raises(SystemExit):
        bench.arguments(given)  # type: ignore[attr-defined]


def test_a_revision_that_is_not_there_is_told_in_one_sentence() -> None:
    with pytest.raises(Broken, match=r"There is no revision no-such-thing here: "), proofs.tree_of("no-such-thing"):
        pass


ROOT = Path(__file__).resolve().parents[2]


def worktrees() -> list[str]:
    listed = subprocess.run(["git", "worktree", "list"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def measuring(process: psutil.Process) -> list[psutil.Process]:
    """The workers of a measurement, and what they have started, once they are there."""
    family = process.children(recursive=True)
    return family if any("qcluster" in command_of(member) for member in family) else []


def command_of(process: psutil.Process) -> list[str]:
    """Empty where it has ended meanwhile, as a call of git does."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@pytest.mark.processes
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the history of this tree")
def test_a_comparison_that_is_ended_leaves_no_worktree_and_no_process(
    browser_path: str, tmp_path: Path, eventually: Any
) -> None:
    command = [sys.executable, "-m", "bench.proofs", "--before", "HEAD", "--tests", "1"]
    with (tmp_path / "said").open("wb") as said:
        bench = subprocess.Popen(command, cwd=ROOT, stderr=said, env={**os.environ, "TMPDIR": str(tmp_path)})
    try:
        family = eventually(partial(measuring, psutil.Process(bench.pid)), seconds=300)
        assert any(str(tmp_path) in line for line in worktrees())
        bench.send_signal(signal.SIGTERM)
        assert bench.wait(60) == 130
    finally:
        if bench.poll() is None:
            for process in psutil.Process(bench.pid).children(recursive=True):
                process.kill()
            bench.kill()
        bench.wait()
    assert not any(str(tmp_path) in line for line in worktrees())
    assert psutil.wait_procs(family, timeout=10)[1] == []
    assert [path.name for path in tmp_path.iterdir()] == ["said"]
