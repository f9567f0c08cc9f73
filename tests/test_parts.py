"""The parts of bin/test: together they leave nothing out, and those that fail are named."""

import re
import signal
import subprocess
import sys
from itertools import chain, combinations
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

from sentri.env import ROOT
from tests.parts import PARTS

MARKS = ("browser", "web", "processes", "database", "once", "postgresql")


class Marked:
    """What pytest asks of the marks of a test."""

    def __init__(self, marks: set[str]) -> None:
        self._marks = marks

    def __call__(self, name: str, /, **_: str | int | bool | None) -> bool:
        return name in self._marks


def parts_of(marks: set[str], on_postgresql: bool) -> list[str]:
    commands = {part.name: part.command for part in PARTS if "pytest" in part.command}
    return [
        name
        for name, command in commands.items()
        if ("tests.servers" in command) == on_postgresql and Expression.compile(command[-1]).evaluate(Marked(marks))
    ]


def test_every_test_is_in_a_part_and_on_each_database_that_it_is_for_once() -> None:
    for marks in map(set, chain.from_iterable(combinations(MARKS, count) for count in range(len(MARKS) + 1))):
        if {"web", "processes"} <= marks:
            continue  # there are none
        real = bool(marks & {"web", "browser"}) and "processes" not in marks
        stored = bool(marks & {"database", "processes"}) and "once" not in marks
        assert len(parts_of(marks, on_postgresql=False)) == (not {"processes", "postgresql"} <= marks), marks
        assert len(parts_of(marks, on_postgresql=True)) == (stored and not real), marks


def started(*scripts: str) -> subprocess.Popen[str]:
    """Parts that are these scripts, and are called by their places."""
    parts = [f"Part('part {place}', (sys.executable, '-c', {script!r}))" for place, script in enumerate(scripts)]
    code = f"import sys\nfrom tests.parts import Part, Parts\nsys.exit(Parts([{', '.join(parts)}]).carry_out())"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_all_parts_are_carried_out_and_those_that_failed_are_named() -> None:
    process = started("print('well')", "print('not well'); exit(3)", "print('well as well')")
    said, _ = process.communicate()
    assert process.returncode == 1
    assert "\nbin/test: 2 of 3 parts passed, FAILED: part 1; it took" in said
    assert {"well", "not well", "well as well"} <= set(said.splitlines())


def test_two_parts_run_side_by_side(tmp_path: Path) -> None:
    """Each waits for what the other leaves."""
    paths = [str(tmp_path / name) for name in "ab"]
    meet = "from pathlib import Path; import time\nPath({!r}).touch()\nwhile not Path({!r}).exists(): time.sleep(0.02)"
    process = started(meet.format(*paths), meet.format(*reversed(paths)))
    said, _ = process.communicate()
    assert process.returncode == 0
    assert "\nbin/test: 2 of 2 parts passed; it took" in said


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")
def test_processor_time_of_what_a_part_leaves_behind_is_counted(tmp_path: Path) -> None:
    """A process that computes for four seconds of processor is left behind; another part waits until it has gone."""
    busy = "import time\nwhile time.process_time() < 4: pass"
    leave = (
        "import subprocess, sys; from pathlib import Path\n"
        f"Path({str(tmp_path / 'draft')!r}).write_text(str(subprocess.Popen([sys.executable, '-c', {busy!r}]).pid))\n"
        f"Path({str(tmp_path / 'draft')!r}).rename({str(tmp_path / 'pid')!r})"
    )
    wait = (
        "import os, time; from pathlib import Path\n"
        f"path = Path({str(tmp_path / 'pid')!r})\n"
        "while not path.exists() or Path('/proc', path.read_text()).exists(): time.sleep(0.02)"
    )
    said, _ = started(leave, wait).communicate()
    counted = re.search(r"and (\d+\.\d) of processor", said)
    assert counted is not None
    assert float(counted[1]) >= 0.1


def test_a_stop_interrupts_the_parts_and_begins_no_more(tmp_path: Path) -> None:
    begun, gone = tmp_path / "begun", tmp_path / "gone"
    long = (
        "import time; from pathlib import Path\ntry:\n Path({!r}).touch(); time.sleep(600)\n"
        "except KeyboardInterrupt:\n Path({!r}).touch()"
    )
    process = started(long.format(str(begun), str(gone)), "pass", "import time; time.sleep(600)", "print('never')")
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["… part 0\n", "… part 1\n"]
    while not begun.exists():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate()
    assert process.returncode == 130
    assert gone.exists()
    assert "never" not in said
