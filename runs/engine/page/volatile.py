"""Text that changes from one visit to the next is taken out before a text becomes an expectation."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MONTH = r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zäûéç]*\.?"
_UNIT = r"(?:second|sec|minute|min|hour|day|week|month|year)s?"
# In linear time (decision 28): what could begin anywhere in a run is bounded, or begins where the run does.
# Forms that are longer stand before the figures at the end, which would leave a part of each.
_CUT = re.compile(
    "|".join(
        (
            r"\{\{(?:[^}\n]|\}(?!\}))*(?:\}\})?",
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+",
            r"https?://\S+",
            rf"\b\d{{1,2}}\.?\s+(?:de\s+)?{_MONTH}(?:\s+(?:de\s+)?\d{{4}})?",
            rf"\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?\b",
            r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b",
            r"\b(?:today|yesterday|tomorrow|just now)\b",
            rf"\b(?:an?|\d+)\s+{_UNIT}\s+ago\b",
            r"\b\d{1,2}:\d{2}(?::\d{2})?\s*(?:[ap]\.?m\.?)?",
            r"(?:[$€£¥₹]|\b(?:usd|eur|gbp|chf|inr)\b)\s*\d[\d.,\s]*",
            r"\d[\d.,]{0,30}\s{0,16}(?:[$€£¥₹%]|\b(?:usd|eur|gbp|chf|inr|kr)\b)",
            r"#?(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{6,}\b",
            r"[#+-]?\d[\d.,:/-]*",
        )
    ),
    re.IGNORECASE,
)
_EDGE = " \t\n·|:;,.\N{EN DASH}—-()[]{}#$€£¥₹%/\"'“”«»*\N{MULTIPLICATION SIGN}"
_LETTERS = re.compile(r"[^\W\d_]")


def normalised(text: str) -> str:
    """The text in one line, each volatile part as `#`: equal for two visits that differ only in those."""
    return " ".join(_CUT.sub("#", text).split())


def steady(text: str, typed: Iterable[str] = (), *, longest: int = 120, first: bool = False) -> str:
    """The longest part of a text (or the `first`) that holds on every visit, or "" when it is not worth expecting.

    `typed` are the values that were entered: they come back in messages and are not the page's own words.
    """
    line = " ".join(text.split())
    cuts = [(match.start(), match.end()) for match in _CUT.finditer(line)]
    for value in typed:
        # A single letter stands in every text, and would cut it to pieces.
        if len(value) >= 2:
            cuts += [(match.start(), match.end()) for match in re.finditer(re.escape(value), line, re.IGNORECASE)]
    parts, begin = [], 0
    for start, end in sorted(cuts):
        if start >= begin:
            parts.append(line[begin:start])
        begin = max(begin, end)
    parts.append(line[begin:])
    if len(parts) > 1:
        parts = [part.strip(_EDGE) for part in parts]
    best = _shortened(parts[0] if first else max(parts, key=len), longest)
    return best if len(_LETTERS.findall(best)) >= 3 else ""


def leading(name: str) -> str:
    """The beginning of a name if it is steady, else its longest steady part: "Cart" of "Cart 2 items"."""
    return steady(name, first=True) or steady(name)


def is_steady(text: str) -> bool:
    """Whether the whole text may be expected word for word."""
    return bool(text.strip()) and _CUT.search(text) is None


def volatile_parts(text: str) -> list[str]:
    """The parts of a text that may be others on the next visit."""
    return [match[0] for match in _CUT.finditer(text)]


def _shortened(part: str, longest: int) -> str:
    if len(part) <= longest:
        return part.strip()
    return part[:longest].rsplit(" ", 1)[0].strip()
