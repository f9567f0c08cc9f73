"""How much of what breaks proven tests notice: the breakages of their proofs, and the demo shop's own defects."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.table import Table

from bench import rounds
from bench.rounds import say
from bench.shop import Shop, own_database, proven_shop
from tests.site.defects import DEFECTS


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/breakages", description=__doc__)
    parser.add_argument("--tests", type=int, default=100, help="proposals at most (%(default)s)")
    parser.add_argument("--defects", type=int, default=len(DEFECTS), help="so many of the shop's (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    wanted = parser.parse_args(given)
    if wanted.tests < 1 or not 0 <= wanted.defects <= len(DEFECTS):
        parser.error(f"--tests is 1 or more, --defects 0 to {len(DEFECTS)}")
    return wanted


def built_in(proofs: Iterable[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Noticed and effective breakages of proven tests by kind."""
    effective: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    for proof in proofs:
        for one in proof.get("breakages", ()):
            effective[one["kind"]] += 1
            noticed[one["kind"]] += one["noticed"]
    return {kind: (noticed[kind], effective[kind]) for kind in sorted(effective)}


def defects(shop: Shop, names: Sequence[str]) -> dict[str, str]:
    """The title of a test that noticed each defect, "" where none did."""
    tests, found = shop.tests(), {}
    for name in names:
        shop.defect(name)
        failed = shop.failures(tests, most=1)
        found[name] = failed[0][0] if failed else ""
        say(f"{name:<28} {found[name] or 'NOT NOTICED'}")
    shop.defect()
    return found


def measure(wanted: argparse.Namespace) -> dict[str, Any]:
    with own_database(), proven_shop(wanted.tests) as shop:
        kinds = built_in(test.evidence for test in shop.tests())
        found = defects(shop, list(DEFECTS)[: wanted.defects])
    noticed, effective = (sum(pair[at] for pair in kinds.values()) for at in (0, 1))
    table = Table(title=f"The demo shop; {rounds.machine()}", box=box.MARKDOWN)
    for heading in ("what breaks", "noticed", "of", "share", "aim"):
        table.add_column(heading, justify="left" if heading == "what breaks" else "right")
    for kind, (seen, number) in kinds.items():
        table.add_row(kind, str(seen), str(number), f"{seen / number:.0%}", "")
    table.add_row("all built-in breakages", str(noticed), str(effective), _share(noticed, effective), "80%")
    seen = sum(map(bool, found.values()))
    table.add_row("defects of the demo shop", str(seen), str(len(found)), _share(seen, len(found)), "90%")
    missed = [name for name, title in found.items() if not title]
    rounds.show(table, f"Defects that no test noticed: {', '.join(missed) or 'none'}.")
    return {
        "built_in": round(noticed / max(1, effective), 3),
        "defects": round(seen / max(1, len(found)), 3),
        "missed": missed,
    }


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""


def main(given: Sequence[str] | None = None) -> int:
    return rounds.reported("breakages", arguments(given), measure)


if __name__ == "__main__":
    sys.exit(main())
