"""How often proven tests fail although nothing changed: the demo shop is crawled and proved, then tested again."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from bench import rounds
from bench.rounds import say
from bench.shop import own_database, proven_shop


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/false_alarms", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="runs of the proven tests (%(default)s)")
    parser.add_argument("--tests", type=int, default=100, help="proposals at most (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    wanted = parser.parse_args(given)
    if wanted.rounds < 1 or wanted.tests < 1:
        parser.error("--rounds and --tests are 1 or more")
    return wanted


def measure(wanted: argparse.Namespace) -> dict[str, Any]:
    alarms: Counter[str] = Counter()
    with own_database(), proven_shop(wanted.tests) as shop:
        tests = shop.tests()
        for number in range(wanted.rounds):
            failed = shop.failures(tests)
            alarms.update(title for title, _ in failed)
            say(f"round {number + 1} of {wanted.rounds}: {len(failed)} of {len(tests)} failed")
            for title, error in failed:
                say(f"  {title}: {error}")
        proposals = len(shop.proofs())
        effort = shop.effort
    table = Table(title=f"The demo shop; {rounds.machine()}", box=box.MARKDOWN)
    for heading in ("proposals", "proven tests", "runs", "executions", "false alarms", "aim"):
        table.add_column(heading, justify="right")
    executions = len(tests) * wanted.rounds
    cells = (proposals, len(tests), wanted.rounds, executions, sum(alarms.values()), 0)
    table.add_row(*map(str, cells))
    rounds.show(table, f"The crawl with its proofs took {effort / max(1, proposals):.1f} s of a core per proposal.")
    return {
        "proposals": proposals,
        "tests": len(tests),
        "executions": executions,
        "false_alarms": sum(alarms.values()),
        "core_seconds_per_proposal": round(effort / max(1, proposals), 2),
    }


def main(given: Sequence[str] | None = None) -> int:
    return rounds.reported("false_alarms", arguments(given), measure)


if __name__ == "__main__":
    sys.exit(main())
