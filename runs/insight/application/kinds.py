"""Which kind of page is this? Structures change; a kind of page stays the same one as long as its pages say so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from runs.insight.application.observing import Observed, SeenPage
from runs.insight.application.parts import Part

ENOUGH = 0.5


def kinds(known: Sequence[Part], pages: Sequence[Part], seen: Observed) -> dict[str, str]:
    """Signature of this crawl → key of its template.

    A signature that was seen before keeps its template. A new one succeeds a template none of whose signatures is seen
    any more, if it is what most of that template's pages show now; a crawl that saw less than half of those pages
    proves nothing. What is left is new, and named by its signature.
    """
    of_signature = {one: part.key for part in known for one in part.facts["signatures"]}
    present = {page.signature for page in seen.pages.values()}
    found = {one: of_signature[one] for one in present if one in of_signature}
    found |= _successors(known, pages, seen, set(found.values()))
    found |= {one: one for one in sorted(present) if one not in found}
    aliases = {alias: found[of] for alias, of in seen.aliases.items() if of in found}
    return {**aliases, **{one: of_signature[one] for one in aliases if one in of_signature}, **found}


def _successors(known: Sequence[Part], pages: Sequence[Part], seen: Observed, alive: set[str]) -> dict[str, str]:
    template_of = {page.key: page.template for page in pages if page.gone_since is None}
    all_pages = Counter(template_of.values())
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    known_signatures = {one for part in known for one in part.facts["signatures"]}
    for key, page in seen.pages.items():
        template = template_of.get(key)
        if template and template not in alive and page.signature not in known_signatures:
            votes[template][page.signature] += 1
    found: dict[str, str] = {}
    ranked = sorted(
        ((count, template, signature) for template, of in votes.items() for signature, count in of.items()),
        key=lambda row: (-row[0], row[1], row[2]),
    )
    for _, template, signature in ranked:
        seen_of = sum(votes[template].values())
        if signature not in found and template not in found.values() and seen_of >= ENOUGH * all_pages[template]:
            found[signature] = template
    return found


def name_of(pages: Sequence[SeenPage], pattern: str) -> str:
    """What a person calls pages of one kind: the heading or title that they share, else their addresses.

    Where they have one path, the first of them gives the name, and the others show it in part or order.
    """
    first = pages[0]
    if first.action:
        return first.action
    asked = pages if "*" in pattern or "…" in pattern else pages[:1]
    for said in ({page.heading for page in asked}, {page.title for page in asked}):
        if len(said) == 1 and (name := said.pop().strip()):
            return name[:200]
    return pattern


def pattern_of(paths: Sequence[str]) -> str:
    """`/p/*` for `/p/blue-mug` and `/p/red-pot`: segments that differ are stars."""
    listed = [path.partition("?")[0].split("/") for path in paths]
    columns = list(zip(*listed, strict=False))
    same = [column[0] if len(set(column)) == 1 else "*" for column in columns]
    longer = len({len(parts) for parts in listed}) > 1
    pattern = "/".join([*same, "…"] if longer and same[-1:] != ["*"] else same)
    return pattern or "/"


def by_signature(pages: Mapping[str, SeenPage]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key, page in pages.items():
        found[page.signature].append(key)
    return found
