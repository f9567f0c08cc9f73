"""Simulated runs shared out by the product's own planning, against fixed shares: by count, and by estimates."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean, median
from typing import Any

from rich import box
from rich.table import Table

from bench import rounds
from bench.playing import Floor, Loss, Piece, parted, slices
from runs import planning

LEASE_MS = 15_000
MEDIAN_MS, SPREAD = 3_000, 1.0
SAME_TEST, STEPS_SAY = 0.2, 0.5
HISTORY = 0.1
SLOWNESS = 5
KINDS = ("click", "fill", "press", "goto", "expect_text", "expect_visible")


@dataclass(frozen=True)
class Scenario:
    """How much is known, and what goes wrong."""

    words: str
    new: float = 0.0
    stragglers: float = 0.0
    loses: bool = False


SCENARIOS = (
    Scenario("every test has a history", new=0.0),
    Scenario("a tenth of the tests is new", new=0.1),
    Scenario("cold start, no history at all", new=1.0),
    Scenario("one in 100 takes 5 times as long", new=0.1, stragglers=0.01),
    Scenario("one worker lost in the middle", new=0.1, loses=True),
)
SIDES = ("Sentri", "--shard by count", "LPT by estimates")


@dataclass(frozen=True)
class Suite:
    """Tests as they are planned, and as they turn out."""

    pieces: Sequence[Piece]
    candidates: Sequence[planning.DispatchCandidate]
    usual: Sequence[int]

    def ideal(self, workers: int, loss: Loss | None) -> float:
        """The larger of work by workers and the longest test; after a loss there is one worker less."""
        work = sum(self.usual)
        even = work / workers
        if loss:
            even = loss.at + (work - workers * loss.at) / (workers - 1)
        return max(even, *self.usual)


def drawn(seed: int, tests: int, scenario: Scenario) -> Suite:
    """Log-normal tests whose steps say roughly, and whose histories say well, how long they take."""
    random = Random(seed)
    typical = [MEDIAN_MS * random.lognormvariate(0, SPREAD) for _ in range(tests)]
    documents = [_document(random, ms * random.lognormvariate(0, STEPS_SAY)) for ms in typical]
    known = [random.random() >= scenario.new for _ in range(tests)]
    learnt = [ms * random.lognormvariate(0, HISTORY) for ms in typical]
    samples = [(planning.kinds_of(documents[n]), learnt[n]) for n in range(tests) if known[n]]
    prior = planning.fitted(samples)
    pieces, usual = [], []
    for number, ms in enumerate(typical):
        estimate = learnt[number] if known[number] else prior.estimate(documents[number])
        first, second = (1 + int(ms * random.lognormvariate(0, SAME_TEST)) for _ in range(2))
        slow = SLOWNESS if random.random() < scenario.stragglers else 1
        pieces.append(Piece(max(1, int(estimate)), first * slow, second))
        usual.append(first)
    candidates = [
        planning.DispatchCandidate(
            str(number),
            risk=round(random.uniform(0, 131), 2),
            estimate_ms=piece.estimate,
            new=not known[number],
        )
        for number, piece in enumerate(pieces)
    ]
    return Suite(pieces, candidates, usual)


def _document(random: Random, ms: float) -> dict[str, Any]:
    """As many steps as a test of that length has, in an application twice as slow as the defaults say."""
    steps: list[dict[str, str]] = []
    left = ms / 2 - planning.DEFAULT.cost("open")
    while left > 0 or not steps:
        kind = random.choice(KINDS)
        left -= planning.DEFAULT.cost(kind)
        steps.append({"do": kind})
    return {"kind": "ui", "steps": steps}


@dataclass(frozen=True)
class Outcome:
    """Makespans as multiples of the ideal, and when the riskiest tenth had begun, as a share of the run."""

    ratios: dict[str, float]
    risky_by: float
    hedges: int


def played(suite: Suite, workers: int, scenario: Scenario) -> Outcome:
    work = sum(suite.usual)
    loss = Loss(work % workers, work // workers // 2, LEASE_MS) if scenario.loses else None
    order = planning.dispatch_order(suite.candidates, workers)
    estimates = [piece.estimate for piece in suite.pieces]
    homes = planning.share([estimates[number] for number in order], workers)
    floor = Floor(suite.pieces, homes, order, workers, loss)
    spans = (
        floor.makespan(),
        parted(suite.pieces, slices(len(estimates), workers), workers, loss),
        parted(suite.pieces, planning.share(estimates, workers), workers, loss),
    )
    ideal = suite.ideal(workers, loss)
    riskiest = sorted(range(len(estimates)), key=lambda number: -suite.candidates[number].risk)[: len(estimates) // 10]
    risky_by = fmean(floor.begun[number] for number in riskiest) / spans[0] if riskiest else 0.0
    ratios = {side: span / ideal for side, span in zip(SIDES, spans, strict=True)}
    return Outcome(ratios, risky_by, floor.hedges)


def measured(wanted: argparse.Namespace, say: Callable[[str], None]) -> list[dict[str, Any]]:
    found = []
    for workers in wanted.workers:
        for scenario in SCENARIOS:
            outcomes = [played(drawn(seed, wanted.tests, scenario), workers, scenario) for seed in range(wanted.seeds)]
            found.append(
                {
                    "workers": workers,
                    "scenario": scenario.words,
                    "median": {side: round(median(one.ratios[side] for one in outcomes), 3) for side in SIDES},
                    "worst": {side: round(max(one.ratios[side] for one in outcomes), 3) for side in SIDES},
                    "risky_by": round(fmean(one.risky_by for one in outcomes), 3),
                    "hedges": sum(one.hedges for one in outcomes),
                }
            )
            say(f"{workers} workers, {scenario.words}: {found[-1]['median']['Sentri']}")
    return found


def table(title: str, found: Sequence[dict[str, Any]]) -> Table:
    drawn_table = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in ("workers", "", *SIDES, "riskiest tenth"):
        drawn_table.add_column(heading, justify="left" if not heading else "right")
    for row in found:
        ratios = (f"{row['median'][side]:.3f} ({row['worst'][side]:.3f})" for side in SIDES)
        drawn_table.add_row(str(row["workers"]), row["scenario"], *ratios, f"{row['risky_by']:.0%}")
    return drawn_table


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/makespan", description=__doc__)
    parser.add_argument("--tests", type=int, default=500, help="how many (%(default)s)")
    parser.add_argument("--seeds", type=int, default=20, help="suites drawn for each row (%(default)s)")
    parser.add_argument("--workers", type=_numbers, default=(4, 16), metavar="NUMBERS", help="shards (4,16)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    wanted = parser.parse_args(given)
    if wanted.tests < 10 or wanted.seeds < 1:
        parser.error("--tests is 10 or more, --seeds 1 or more")
    return wanted


def _numbers(text: str) -> tuple[int, ...]:
    if not all(word.isdecimal() and int(word) > 1 for word in text.split(",")):
        raise argparse.ArgumentTypeError(f"{text!r} is not like 4 or 4,16, each 2 or more")
    return tuple(int(word) for word in text.split(","))


def main(given: Sequence[str] | None = None) -> int:
    wanted = arguments(given)
    found = measured(wanted, rounds.say)
    title = f"{wanted.tests} tests, {wanted.seeds} suites each; makespan by ideal, median (worst)"
    rounds.show(table(title, found))
    undisturbed = [row for row in found if "lost" not in row["scenario"]]
    if wanted.json:
        rounds.last_line(
            {
                "tests": wanted.tests,
                "seeds": wanted.seeds,
                "ratio_to_ideal": max(row["median"]["Sentri"] for row in undisturbed),
                "worst_ratio_to_ideal": max(row["worst"]["Sentri"] for row in undisturbed),
                "rows": found,
            }
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
