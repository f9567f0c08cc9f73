"""Crawls of a site that nobody changed between them: what the later ones say is otherwise, which should be nothing.

One running application is crawled again and again in one project, as its users do it: what a crawl wrote is there when
the next one comes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from bench import rounds
from bench.coverage import give_accounts
from bench.product import Workspace, ended, settle_in, workers
from bench.rounds import say
from bench.sides import Broken
from bench.targets import SHOP, TARGETS, Ground, ground, serve

SITES = (SHOP, *TARGETS, "roundup", "directus")
PATIENCE_SECONDS = 7_200.0
PAGE_TIMEOUT_MS = 60_000  # a busy machine is no page that was missed


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/twice", description=__doc__)
    parser.add_argument("--sites", default=",".join(SITES), help="(%(default)s)")
    parser.add_argument("--mode", choices=("links", "states"), default="links", help="of the crawls (%(default)s)")
    parser.add_argument("--crawls", type=int, default=2, help="of each site (%(default)s)")
    parser.add_argument("--shards", type=int, default=1, help="workers that share a crawl (%(default)s)")
    parser.add_argument("--pages", type=int, default=100, help="visited per crawl at most (%(default)s)")
    parser.add_argument("--states", type=int, default=30, help="tried per crawl at most (%(default)s)")
    parser.add_argument("--tests", type=int, default=10, help="proposed and proved per crawl (%(default)s)")
    parser.add_argument("--minutes", type=float, default=None, help="of one crawl at most (no limit)")
    parser.add_argument("--read-only", action="store_true", help="let nothing through that could change the site")
    parser.add_argument(
        "--ignore-robots", action="store_true", help="visit what robots.txt closes, as directus does all"
    )
    parser.add_argument("--login", action="store_true", help="crawl as the site's account instead of a stranger")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    wanted = parser.parse_args(given)
    wanted.sites = wanted.sites.split(",")
    if not set(wanted.sites) <= set(SITES):
        parser.error(f"--sites are some of {', '.join(SITES)}")
    return wanted


@dataclass(frozen=True)
class Crawled:
    """One crawl: its place in the row of them, and the sentences of what it found otherwise than the one before."""

    site: str
    number: int
    pages: int
    states: int
    seconds: float
    ended_by: str
    differences: tuple[str, ...]
    note: str = ""


def measure(wanted: argparse.Namespace) -> list[Crawled]:
    found: list[Crawled] = []
    with ExitStack() as stack:
        settle_in(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-bench-"))))
        stack.enter_context(workers(wanted.shards))
        for name in wanted.sites:
            found += _crawls(ground(name), wanted)
    return found


def _crawls(site: Ground, wanted: argparse.Namespace) -> list[Crawled]:
    with serve(site.name) as url:
        workspace = Workspace(f"{url}/")
        if wanted.login and site.login:
            give_accounts(workspace, site)
        return [_crawl(site, workspace, wanted, number + 1) for number in range(wanted.crawls)]


def _crawl(site: Ground, workspace: Workspace, wanted: argparse.Namespace, number: int) -> Crawled:
    from runs import ledger
    from runs.engine.plan import CrawlOptions

    options = CrawlOptions(
        mode=wanted.mode,
        shards=wanted.shards,
        max_pages=wanted.pages,
        max_states=wanted.states,
        max_minutes=wanted.minutes,
        max_depth=8,
        read_only=wanted.read_only,
        respect_robots=not wanted.ignore_robots,
        test_count=wanted.tests,
        generate_for="all",
        page_timeout_ms=PAGE_TIMEOUT_MS,
    )
    run = ledger.open_crawl(ledger.RunRequest(workspace.project, None, "bench"), options)
    ended(run.pk, PATIENCE_SECONDS)
    crawled = _told(site.name, run.pk, number)
    say(f"{site.name}, crawl {number}: {crawled.pages} pages, {crawled.states} states in {crawled.seconds:.0f} s")
    for sentence in filter(None, (crawled.note, *crawled.differences)):
        say(f"  {sentence}")
    return crawled


def _told(site: str, run: int, number: int) -> Crawled:
    from runs import states
    from runs.models import Comparison, Difference, Run

    row = Run.objects.get(pk=run)
    if row.status != states.COMPLETED or row.started_at is None or row.finished_at is None:
        raise Broken(f"Crawl {number} of {site} is {row.status}: {row.error}")
    comparison = Comparison.objects.filter(run=run).first()
    if comparison is None:
        raise Broken(f"Crawl {number} of {site} taught nothing about the application.")
    said = Difference.objects.filter(comparison__run=run).order_by("pk")
    visited = row.pages.filter(status=states.DONE)
    return Crawled(
        site,
        number,
        visited.filter(kind="link").count(),
        visited.exclude(kind="link").count(),
        (row.finished_at - row.started_at).total_seconds(),
        row.end_reason,
        tuple(_sentence(one) for one in said),
        comparison.note,
    )


def _sentence(one: Any) -> str:
    said = f"{one.kind} {one.name} is {one.what}"
    return f"{said}: {'; '.join(one.words)}" if one.words else said


def table(found: Sequence[Crawled], title: str) -> Table:
    drawn = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in ("site", "crawl", "pages", "states", "seconds", "ended by", "differences"):
        drawn.add_column(heading, justify="left" if heading in ("site", "ended by") else "right")
    for one in found:
        told = "-" if one.number == 1 else str(len(one.differences))
        numbers = (str(one.number), str(one.pages), str(one.states), f"{one.seconds:.0f}")
        drawn.add_row(one.site, *numbers, one.ended_by.replace("_", " "), told)
    return drawn


def run(wanted: argparse.Namespace) -> Mapping[str, Any]:
    found = measure(wanted)
    title = f"mode {wanted.mode}, {wanted.shards} workers; {rounds.machine()}"
    sentences = [f"{one.site}, crawl {one.number}: {said}." for one in found for said in one.differences]
    notes = [f"{one.site}, crawl {one.number}: {one.note}" for one in found if one.note]
    rounds.show(table(found, title), *notes, *sentences)
    return {"mode": wanted.mode, "differences": len(sentences), "crawls": [asdict(one) for one in found]}


def main(given: Sequence[str] | None = None) -> int:
    return rounds.reported("twice", arguments(given), run)


if __name__ == "__main__":
    sys.exit(main())
