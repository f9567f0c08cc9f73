"""Texts with figures: amounts and counts are expected only where every replay showed the same. Pure."""

from __future__ import annotations

import re

from runs.engine.page.look import Look
from runs.engine.page.volatile import volatile_parts

# Amounts and small numbers; dates, times, addresses and ids are volatile whatever a few replays say.
FIGURE = re.compile(r"[+-]?(?:[$€£¥₹]\s?)?\d{1,6}(?:[.,]\d{2,3})*(?:\s?[$€£¥₹%])?")
MONEY = re.compile(r"[$€£¥₹]")
LONGEST, MOST = 60, 3


def changed_figures(before: Look, after: Look) -> list[str]:
    """Short texts of the page that name an amount or a number, and were not there before, to the letter.

    Amounts of money first, and of those the last on the page: sums stand below what they are made of.
    """
    old = set(before.texts)
    found = [text for text in after.texts if text not in old and len(text) <= LONGEST and _only_figures(text)]
    found.reverse()
    return sorted(found, key=lambda text: MONEY.search(text) is None)[:MOST]


def _only_figures(text: str) -> bool:
    parts = volatile_parts(text)
    return bool(parts) and all(FIGURE.fullmatch(part.strip()) for part in parts)
