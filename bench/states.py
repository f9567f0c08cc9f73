"""Telling states apart: how well, on labelled pages of four sites, and how fast, with many states known."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from random import Random
from statistics import mean, median

from rich import box
from rich.table import Table

from bench import rounds
from bench.product import Workspace, settle_in, where
from runs.engine import identity
from runs.engine.events import PageSnapshot, PageVisited
from runs.engine.identity import Signature
from tests.engine.identity.labelled import Labelled, known, score

AIM_F1, AIM_MS = 0.85, 5.0
BATCH = 1000
LABELS = tuple(f"{number:08x}" for number in range(3000))


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/states", description=__doc__)
    parser.add_argument("--sizes", default="100,1000,10000", help="states that are known (%(default)s)")
    parser.add_argument("--rounds", type=int, default=40, help="look-ups of each kind and size (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    wanted = parser.parse_args(given)
    wanted.sizes = sorted(int(size) for size in wanted.sizes.split(","))
    if wanted.rounds < 1 or wanted.sizes[0] < 1:
        parser.error("--sizes and --rounds are 1 or more")
    return wanted


class Known:
    """A crawl with so many states, filled in below the ledger: what is measured is looking up."""

    def __init__(self, seed: int = 7) -> None:
        from runs import ledger
        from runs.engine.plan import CrawlOptions

        self._chance = Random(seed)
        self._number = count()
        project = Workspace("http://many.test/").project
        self.run = ledger.open_crawl(ledger.RunRequest(project, None, "bench"), CrawlOptions())
        self.signatures: list[Signature] = []

    def grow(self, size: int) -> None:
        while len(self.signatures) < size:
            self._add([self.another() for _ in range(min(BATCH, size - len(self.signatures)))])

    def another(self) -> Signature:
        """A state like none before: of every five one resembles an earlier one, all belong to one of 40 routes."""
        number = next(self._number)
        paths = {self._chance.choice(LABELS): self._chance.choice((1, 1, 2, 3)) for _ in range(24)}
        if self.signatures and self._chance.random() < 0.2:
            earlier = self._chance.choice(self.signatures).paths
            paths = dict(list(earlier.items())[2:] + list(paths.items())[:2])
        words = tuple(sorted(self._chance.sample(range(1 << 32), 60)))
        place = f"/route-{self._chance.randrange(40)}/*"
        return Signature(template=f"{number:016x}", place=place, key=f"{number:016x}", paths=paths, words=words)

    def _add(self, fresh: Sequence[Signature]) -> None:
        from runs import states
        from runs.models import CrawlPage, StateBand

        first = len(self.signatures)
        rows = CrawlPage.objects.bulk_create(
            CrawlPage(
                run=self.run,
                key=f"http://many.test/{first + number}",
                digest=f"{first + number}",
                url=f"http://many.test/{first + number}",
                status=states.DONE,
                template=one.template,
                signature=one.model_dump(mode="json"),
                distance=self._chance.choice((0.2, 0.6, 0.8, 1.0)),
            )
            for number, one in enumerate(fresh)
        )
        bands = [
            StateBand(run=self.run, page=row, band=band)
            for row, one in zip(rows, fresh, strict=True)
            for band in (0, identity.exact(one), identity.bands(one)[0], *identity.bands(one)[1])
        ]
        StateBand.objects.bulk_create(bands, batch_size=BATCH)
        self.signatures += fresh

    def look_up(self, one: Signature) -> float:
        """Milliseconds of the ledger's decision about one visit, thought and noted; nothing of it stays."""
        from django.db import transaction

        from runs.ledger.resembling import foreseen, resembling
        from runs.models import CrawlPage

        page = CrawlPage.objects.filter(run=self.run).earliest("pk")
        snapshot = PageSnapshot(url=page.url, path="/", template=one.template)
        event = PageVisited(page.pk, page.url, page.key, snapshot, (), one.model_dump(mode="json"))
        began = time.perf_counter()
        seen = foreseen(self.run.pk, event)
        with transaction.atomic():
            if seen is not None:
                resembling(self.run, page, seen)
            taken = time.perf_counter() - began
            transaction.set_rollback(True)
        return taken * 1000


def each(work: Callable[[], object], times: int = 2000) -> float:
    """Milliseconds of one."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) * 1000 / times


def told_apart(pages: dict[str, list[Labelled]]) -> tuple[Table, float]:
    drawn = Table(title="Labelled pages", title_justify="left", box=box.MARKDOWN)
    for heading in ("site", "pages", "pairs", "of one kind", "macro-F1"):
        drawn.add_column(heading, justify="left" if heading == "site" else "right")
    scores = {site: score(listed) for site, listed in pages.items()}
    for site, (number, alike, reached) in scores.items():
        drawn.add_row(site, str(len(pages[site])), str(number), str(alike), f"{reached:.3f}")
    return drawn, mean(reached for _, _, reached in scores.values())


def looked_up(sizes: Sequence[int], times: int) -> tuple[Table, dict[int, float]]:
    drawn = Table(title=f"One visit decided, {where()}, median", title_justify="left", box=box.MARKDOWN)
    for heading in ("states known", "known structure, ms", "new structure, ms"):
        drawn.add_column(heading, justify="right")
    site, new = Known(), {}
    for size in sizes:
        site.grow(size)
        chance = Random(size)
        old = median(site.look_up(chance.choice(site.signatures)) for _ in range(times))
        new[size] = median(site.look_up(site.another()) for _ in range(times))
        drawn.add_row(f"{size:,}", f"{old:.2f}", f"{new[size]:.2f}")
    return drawn, new


def main(given: Sequence[str] | None = None) -> int:
    wanted = arguments(given)
    pages = known()
    first, reached = told_apart(pages)
    one, other = (
        max((page for _, page in listed), key=lambda page: len(page.paths)) for listed in list(pages.values())[:2]
    )
    compared = each(lambda: identity.distance(one, other))
    with tempfile.TemporaryDirectory(prefix="sentri-bench-") as directory:
        settle_in(Path(directory), os.environ.get("SENTRI_DATABASE_URL", ""))
        second, new = looked_up(wanted.sizes, wanted.rounds)
    rounds.show(first, f"Mean macro-F1 {reached:.3f}, at least {AIM_F1}; nothing is set per site.")
    rounds.show(second, f"One comparison takes {compared:.3f} ms, at most {AIM_MS:g}.", rounds.machine())
    if wanted.json:
        rounds.last_line({"macro_f1": round(reached, 3), "comparison_ms": round(compared, 3), "new_state_ms": new})
    return 0


if __name__ == "__main__":
    sys.exit(main())
