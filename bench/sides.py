"""The other sides of bench/suite: the same tests in bare Playwright and in pytest-playwright."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.as_code import functions
from runs.engine.browser.session import ARGUMENTS
from sentri.env import ROOT

Documents = Sequence[Mapping[str, Any]]


class Broken(Exception):
    """A side did not do what is measured; the message says what it said instead."""


@dataclass(frozen=True)
class Layout:
    """How many browsers work at once, and with how many contexts each."""

    browsers: int
    contexts: int

    @classmethod
    def of(cls, text: str) -> Layout:
        """`2x3`, or `3` for one browser."""
        browsers, _, contexts = text.rpartition("x")
        layout = cls(int(browsers or 1), int(contexts))
        if not (1 <= layout.browsers <= 64 and 1 <= layout.contexts <= 10):
            raise ValueError(text)
        return layout

    def __str__(self) -> str:
        return f"{self.browsers}x{self.contexts}"


class Bare:
    """Processes that keep their browser open between rounds, as the product's workers do."""

    def __init__(self, processes: list[subprocess.Popen[str]], tests: int) -> None:
        self._processes, self._tests = processes, tests

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    def play(self) -> float:
        """Seconds from the word to begin until the last process has played its part."""
        began = time.monotonic()
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        played = sum(int(_answer(process).split()[0]) for process in self._processes)
        seconds = time.monotonic() - began
        if played != self._tests:
            raise Broken(f"Bare Playwright played {played} of {self._tests} tests.")
        return seconds


@contextmanager
def bare(documents: Documents, base_url: str, browser: str, layout: Layout, directory: Path) -> Iterator[Bare]:
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                _player(part, base_url, [browser, str(layout.contexts)], directory / f"bare_{number}.py")
            )
            for number, part in enumerate(parts(documents, layout.browsers))
        ]
        for process in processes:
            _answer(process)
        yield Bare(processes, len(documents))


def parts(documents: Documents, number: int) -> list[Documents]:
    """As many stretches of nearly equal length."""
    ends = [len(documents) * place // number for place in range(number + 1)]
    return [documents[begin:end] for begin, end in pairwise(ends)]


@contextmanager
def _player(part: Documents, base_url: str, words: list[str], module: Path) -> Iterator[subprocess.Popen[str]]:
    module.write_text(functions(part, base_url, asynchronous=True), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.bare", str(module), *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    answer = process.stdout.readline().strip()
    if not answer:
        raise Broken(f"Bare Playwright stopped with code {process.wait()}; what it said stands above.")
    return answer


CONFTEST = """\
import time

import pytest

EXECUTABLE = {executable!r}
ARGUMENTS = {arguments!r}
BEGAN = []


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return dict(browser_type_launch_args, executable_path=EXECUTABLE, args=ARGUMENTS)


@pytest.fixture(autouse=True)
def timeouts(context):
    context.set_default_timeout(5000)


def pytest_runtest_logstart(nodeid, location):
    BEGAN.append(time.monotonic())


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line("playing took %.4f s" % (time.monotonic() - BEGAN[0]))
"""
PLUGINS = ("xdist", "playwright")


@dataclass(frozen=True)
class Played:
    """Seconds of the whole command, and of the part of it behind the start of the first test."""

    whole: float
    playing: float


class Pytest:
    """A directory as pytest-playwright's users have it: a conftest and tests with the synchronous API."""

    def __init__(self, documents: Documents, base_url: str, browser: str, directory: Path) -> None:
        self._directory, self._tests = directory, len(documents)
        directory.mkdir()
        (directory / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        conftest = CONFTEST.format(executable=browser, arguments=list(ARGUMENTS))
        (directory / "conftest.py").write_text(conftest, encoding="utf-8")
        module = functions(documents, base_url, asynchronous=False)
        (directory / "test_shop.py").write_text(module, encoding="utf-8")

    def play(self, workers: int) -> Played:
        plugins = [word for plugin in PLUGINS for word in ("-p", plugin)]
        began = time.monotonic()
        outcome = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", str(workers), *plugins, "-p", "no:cacheprovider"],
            cwd=self._directory,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        whole = time.monotonic() - began
        passed = re.search(r"(\d+) passed", outcome.stdout)
        playing = re.search(r"playing took ([\d.]+) s", outcome.stdout)
        if outcome.returncode or passed is None or int(passed[1]) != self._tests or playing is None:
            raise Broken(f"pytest-playwright did not pass:\n{(outcome.stdout + outcome.stderr)[-2000:]}")
        return Played(whole, float(playing[1]))
