"""The same short UI tests through Sentri, in bare Playwright and in pytest-playwright, in turn on one local site."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench import effort, rounds
from bench.journeys import journeys
from bench.product import Ran, Workspace, settle_in, workers
from bench.rounds import Measured
from bench.sides import Bare, Layout, Played, Pytest, bare
from runs.engine.browser.find import find_browser
from tests.site.server import serve


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/suite", description=__doc__)
    parser.add_argument("--tests", type=int, default=120, help="how many (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each side plays them (%(default)s)")
    parser.add_argument(
        "--contexts",
        type=_layouts,
        default=_layouts("3,4,2x2"),
        metavar="LAYOUTS",
        help="contexts at a time, or BROWSERSxCONTEXTS; of several Sentri's fastest is found first (3,4,2x2)",
    )
    parser.add_argument(
        "--pytest-workers",
        type=_numbers,
        default=(2, 3, 4),
        metavar="NUMBERS",
        help="pytest -n; of several its fastest is found first (2,3,4)",
    )
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    wanted = parser.parse_args(given)
    if wanted.tests < 1 or wanted.rounds < 1:
        parser.error("--tests and --rounds are 1 or more")
    return wanted


def _layouts(text: str) -> tuple[Layout, ...]:
    try:
        return tuple(Layout.of(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 4 or 2x3, with at most 10 contexts") from None


def _numbers(text: str) -> tuple[int, ...]:
    if not all(word.isdecimal() and int(word) for word in text.split(",")):
        raise argparse.ArgumentTypeError(f"{text!r} is not like 2 or 2,3,4")
    return tuple(int(word) for word in text.split(","))


class Bench:
    """One site, one set of tests, and the sides that play them."""

    def __init__(self, stack: ExitStack, wanted: argparse.Namespace) -> None:
        self._stack, self._wanted = stack, wanted
        self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-bench-")))
        self.url = stack.enter_context(serve())
        self.browser = str(find_browser().path)
        self.documents = journeys(wanted.tests)
        settle_in(self.directory / "data")
        self.workspace = Workspace(self.url)
        self.workspace.write(self.documents)
        self.pytest = Pytest(self.documents, self.url, self.browser, self.directory / "pytest")
        self.runs: list[Ran] = []
        self.played: list[Played] = []

    def measure(self) -> dict[str, Any]:
        """Find each side's best concurrency, then let the sides take turns at it; prints the table."""
        layout, number = self._best_layout(), self._best_number()
        with ExitStack() as stack:
            sentri = self._sentri(stack, layout)
            by_itself = stack.enter_context(bare(self.documents, self.url, self.browser, layout, self.directory))
            self._bare(by_itself)
            sides: dict[str, rounds.Side] = {
                f"Sentri, {layout}": sentri,
                f"bare Playwright, {layout}": partial(self._bare, by_itself),
                f"pytest-playwright -n {number}": partial(self._pytest, number),
            }
            self.runs.clear()
            self.played.clear()
            taken = rounds.in_turn(sides, self._wanted.rounds)
        return self._told(taken, layout, number)

    def _best_layout(self) -> Layout:
        candidates: tuple[Layout, ...] = self._wanted.contexts
        if len(candidates) == 1:
            return candidates[0]
        seconds = {layout: self._tried(layout) for layout in candidates}
        return min(seconds, key=seconds.__getitem__)

    def _tried(self, layout: Layout) -> float:
        with ExitStack() as stack:
            return rounds.tried(f"Sentri, {layout}", self._sentri(stack, layout))

    def _best_number(self) -> int:
        candidates: tuple[int, ...] = self._wanted.pytest_workers
        if len(candidates) == 1:
            return candidates[0]
        seconds = {number: rounds.tried(f"pytest -n {number}", partial(self._pytest, number)) for number in candidates}
        return min(seconds, key=seconds.__getitem__)

    def _sentri(self, stack: ExitStack, layout: Layout) -> rounds.Side:
        """Sentri with its workers' browsers warm."""
        pid = stack.enter_context(workers(layout.browsers))
        self.workspace.run_tests(layout)
        return partial(self._run, pid, layout)

    def _run(self, pid: int, layout: Layout) -> Measured:
        before = effort.of_tree(pid)
        ran = self.workspace.run_tests(layout)
        self.runs.append(ran)
        return Measured(ran.whole, effort.of_tree(pid) - before)

    def _bare(self, side: Bare) -> Measured:
        before = sum(map(effort.of_tree, side.pids))
        seconds = side.play()
        return Measured(seconds, sum(map(effort.of_tree, side.pids)) - before)

    def _pytest(self, number: int) -> Measured:
        played, used = effort.of_command(partial(self.pytest.play, number))
        self.played.append(played)
        return Measured(played.whole, used)

    def _told(self, taken: rounds.Taken, layout: Layout, number: int) -> dict[str, Any]:
        mine, plain, theirs = taken
        parts = {part: median(ran.parts[part] for ran in self.runs) for part in self.runs[0].parts}
        playing = median(played.playing for played in self.played)
        title = f"{len(self.documents)} tests, {self._wanted.rounds} rounds; {rounds.machine()}"
        split = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in parts.items())
        rounds.show(
            rounds.table(title, taken, len(self.documents), "tests", plain),
            f"Of a run of Sentri: {split}.",
            f"Of a run of pytest-playwright: {playing:.2f} s from its first test on.",
        )
        pairs = zip(self.runs, self.played, strict=True)
        return {
            "ratio_to_bare": rounds.ratio(taken, mine, plain),
            "ratio_to_pytest": rounds.ratio(taken, mine, theirs),
            "ratio_to_pytest_playing": round(median(ran.whole / played.playing for ran, played in pairs), 3),
            "tests": len(self.documents),
            "rounds": self._wanted.rounds,
            "layout": str(layout),
            "pytest_workers": number,
            "seconds": {name: round(rounds.typical(measured), 3) for name, measured in taken.items()},
            "parts": {part: round(seconds, 3) for part, seconds in parts.items()},
        }


def measure(wanted: argparse.Namespace) -> Mapping[str, Any]:
    with ExitStack() as stack:
        return Bench(stack, wanted).measure()


def main(given: Sequence[str] | None = None) -> int:
    return rounds.reported("suite", arguments(given), measure)


if __name__ == "__main__":
    sys.exit(main())
