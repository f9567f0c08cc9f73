"""Pages per second of Sentri's crawl and of Crawlee's PlaywrightCrawler, in turn on one local site."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from bench import effort, plain_site, rounds
from bench.product import Ran, Workspace, settle_in, workers
from bench.rounds import Measured, say
from bench.sides import Broken, Layout
from runs.engine.browser.find import cache_directory, find_browser
from runs.engine.browser.session import ARGUMENTS

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/crawl", description=__doc__)
    parser.add_argument("--pages", type=int, default=120, help="of the site (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each side crawls it (%(default)s)")
    parser.add_argument("--contexts", type=int, default=4, help="pages at a time, of both sides (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    wanted = parser.parse_args(given)
    if wanted.pages < 2 or wanted.rounds < 1 or not 1 <= wanted.contexts <= 10:
        parser.error("--pages is 2 or more, --rounds 1 or more, --contexts 1 to 10")
    return wanted


def crawlee_python() -> Path:
    """Python of a virtual environment with Crawlee, made where it is missing. Raises Broken."""
    place = cache_directory() / "bench" / "crawlee"
    python, stamp = place / "bin" / "python", place / ".installed"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    say("Installing Crawlee (once; a minute or two) …")
    venv.create(place, clear=True, with_pip=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise Broken(f"Crawlee could not be installed: check the network connection.\n{outcome.stderr[-1000:]}")
    stamp.write_text(wanted, encoding="utf-8")
    return python


class Bench:
    """One site and the two sides that crawl it."""

    def __init__(self, stack: ExitStack, wanted: argparse.Namespace) -> None:
        self._wanted = wanted
        self._python = crawlee_python()
        self._directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-bench-")))
        self._browser = str(find_browser().path)
        settle_in(self._directory / "data")
        self._url = stack.enter_context(plain_site.serve(wanted.pages))
        self._workspace = Workspace(f"{self._url}/")
        self._workers = stack.enter_context(workers(1))
        self._runs: list[Ran] = []

    def measure(self) -> dict[str, Any]:
        self._sentri()
        self._runs.clear()
        taken = rounds.in_turn({"Sentri": self._sentri, "Crawlee": self._crawlee}, self._wanted.rounds)
        return self._told(taken)

    def _sentri(self) -> Measured:
        before = effort.of_tree(self._workers)
        ran = self._workspace.crawl(Layout(1, self._wanted.contexts), self._wanted.pages)
        self._runs.append(ran)
        return Measured(ran.parts["crawl"], effort.of_tree(self._workers) - before)

    def _crawlee(self) -> Measured:
        seconds, used = effort.of_command(self._crawled_by_crawlee)
        return Measured(seconds, used)

    def _crawled_by_crawlee(self) -> float:
        storage = Path(tempfile.mkdtemp(prefix="crawlee-", dir=self._directory))
        concurrency = str(self._wanted.contexts)
        outcome = subprocess.run(
            [self._python, HERE / "crawlee_side.py", self._url, self._browser, concurrency, *ARGUMENTS],
            cwd=storage,
            env={**os.environ, "CRAWLEE_STORAGE_DIR": str(storage)},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = outcome.stdout.strip().splitlines()
        if outcome.returncode or not lines:
            raise Broken(f"Crawlee broke:\n{outcome.stderr[-2000:]}")
        found = json.loads(lines[-1])
        if found["pages"] != self._wanted.pages:
            raise Broken(f"Crawlee found {found['pages']} of {self._wanted.pages} pages.")
        return float(found["seconds"])

    def _told(self, taken: rounds.Taken) -> dict[str, Any]:
        pages, number = self._wanted.pages, self._wanted.rounds
        title = f"{pages} pages, {self._wanted.contexts} at a time, {number} rounds; {rounds.machine()}"
        whole = median(ran.whole for ran in self._runs)
        rounds.show(
            rounds.table(title, taken, pages, "pages", "Crawlee"),
            f"Of a run of Sentri: {median(ran.parts['queue'] for ran in self._runs):.2f} s until a worker has it; "
            f"{whole:.2f} s from its opening to its end.",
        )
        return {
            "ratio_to_crawlee": rounds.ratio(taken, "Crawlee", "Sentri"),
            "pages": pages,
            "rounds": number,
            "contexts": self._wanted.contexts,
            "pages_per_second": {name: round(pages / rounds.typical(one), 2) for name, one in taken.items()},
        }


def measure(wanted: argparse.Namespace) -> Mapping[str, Any]:
    with ExitStack() as stack:
        return Bench(stack, wanted).measure()


def main(given: Sequence[str] | None = None) -> int:
    return rounds.reported("crawl", arguments(given), measure)


if __name__ == "__main__":
    sys.exit(main())
