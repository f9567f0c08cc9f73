"""What proving costs on the demo shop, in processor seconds per proposal; of an earlier revision too, in turn."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from bench import effort, rounds
from bench.product import Workspace, workers
from bench.rounds import say
from bench.shop import ACCOUNT, CRAWL_SECONDS, own_database
from bench.sides import Broken
from sentri.env import ROOT
from tests.site.server import serve

LOOK_SECONDS = 0.1


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/proofs", description=__doc__)
    parser.add_argument("--tests", type=int, default=30, help="proposals at most (%(default)s)")
    parser.add_argument("--before", metavar="REVISION", help="a revision of git to measure in turn with this tree")
    parser.add_argument("--rounds", type=int, default=1, help="(%(default)s)")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    wanted = parser.parse_args(given)
    if wanted.tests < 1 or wanted.rounds < 1:
        parser.error("--tests and --rounds are 1 or more")
    return wanted


def crawled(most: int) -> dict[str, float]:
    """Crawls a shop with one worker and proves what it proposes; counts of the proofs, and what they took. Raises
    Broken."""
    with own_database(), ExitStack() as stack:
        from runs import ledger, states
        from runs.engine.plan import CrawlOptions
        from runs.models import Run

        project = Workspace(f"{stack.enter_context(serve())}/").project
        project.keep_credentials(**ACCOUNT)
        project.save()
        supervisor = stack.enter_context(workers(1))
        # What asks for a run had another name in earlier revisions.
        request = vars(ledger).get("RunRequest") or vars(ledger)["Order"]
        run = ledger.open_crawl(request(project, None, "bench"), CrawlOptions(test_count=most))
        until, spent, began = time.monotonic() + CRAWL_SECONDS, 0.0, 0.0
        while time.monotonic() < until:
            row = Run.objects.get(pk=run.pk)
            if row.stage == states.PROVE and not began:
                spent, began = effort.of_tree(supervisor), time.monotonic()
            if row.finished_at is not None:
                break
            time.sleep(LOOK_SECONDS)
        seconds, spent = time.monotonic() - began, effort.of_tree(supervisor) - spent
        if row.status != states.COMPLETED or not began:
            raise Broken(f"{row.public_id} is {row.status}: {row.error}")
        proofs = [one.proof or {} for one in row.results.all()]
    effective, noticed, broken = (
        sum(one.get(name, 0) for one in proofs) for name in ("effective", "noticed", "broken")
    )
    return {
        "proposals": len(proofs),
        "proved": sum(one.get("passed", 0) >= one.get("replays", 1) for one in proofs),
        "seconds": seconds,
        "processor": spent / len(proofs),
        "effective": effective / len(proofs),
        "noticed": noticed / max(1, effective),
        "broken": broken / len(proofs),
    }


@contextmanager
def tree_of(revision: str) -> Iterator[Path]:
    """The files of a revision in a directory of their own, this benchmark among them. Raises Broken."""
    with tempfile.TemporaryDirectory(prefix="sentri-before-") as directory:
        tree = Path(directory) / "tree"
        try:
            made = _git("worktree", "add", "--detach", str(tree), revision)
            if made.returncode:
                raise Broken(f"There is no revision {revision} here: {made.stderr.strip().splitlines()[-1]}")
            shutil.copy(__file__, tree / "bench" / "proofs.py")
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], check=False, cwd=ROOT, capture_output=True, text=True)


def alone(tree: Path, most: int) -> dict[str, float]:
    """What the code in a directory takes, in a process of its own. Raises Broken."""
    command = [sys.executable, "-m", "bench.proofs", "--alone", "--json", "--tests", str(most)]
    # In a session of its own it is told once to end, whoever ends this one, and by a signal that every revision knows.
    with subprocess.Popen(command, cwd=tree, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            said, _ = process.communicate()
        except BaseException:
            process.send_signal(signal.SIGINT)
            raise
    if process.returncode:
        raise Broken(f"The proofs of {tree.name} were not measured.")
    found: dict[str, float] = json.loads(said.strip().splitlines()[-1])
    return found


def measure(wanted: argparse.Namespace) -> Mapping[str, Any]:
    if wanted.alone:
        return crawled(wanted.tests)
    sides = {"now": Path(ROOT)}
    taken: dict[str, list[dict[str, float]]] = {}
    with ExitStack() as stack:
        if wanted.before:
            sides = {wanted.before: stack.enter_context(tree_of(wanted.before)), **sides}
        for number in range(wanted.rounds):
            for name in sides if number % 2 == 0 else reversed(list(sides)):
                taken.setdefault(name, []).append(alone(sides[name], wanted.tests))
                say(f"round {number + 1}  {name:<12} {taken[name][-1]['processor']:.2f} processor seconds per proposal")
    table = Table(title=f"The demo shop, one worker; {rounds.machine()}", title_justify="left", box=box.MARKDOWN)
    headings = ("proposals", "proved", "seconds", "processor", "effective", "noticed", "broken")
    for heading in ("code", *headings):
        table.add_column(heading, justify="left" if heading == "code" else "right")
    means = {
        name: {heading: sum(one[heading] for one in found) / len(found) for heading in headings}
        for name, found in taken.items()
    }
    for name, mean in means.items():
        table.add_row(name, *(f"{mean[heading]:.2f}" for heading in headings))
    rounds.show(table)
    ratio = means["now"]["processor"] / means[wanted.before]["processor"] if wanted.before else None
    return {"sides": means, "ratio": ratio and round(ratio, 3)}


def main(given: Sequence[str] | None = None) -> int:
    return rounds.reported("proofs", arguments(given), measure)


if __name__ == "__main__":
    sys.exit(main())
