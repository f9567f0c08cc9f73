"""Which kind of page is this? Structures change; a kind of page stays the same one as long as its pages say so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from runs.insight.application.observing import THEN, Observed, SeenPage
from runs.insight.application.parts import KnownPart

ENOUGH = 0.5


def kinds(known: Sequence[KnownPart], pages: Sequence[KnownPart], seen: Observed) -> dict[str, str]:
    """Signature of this crawl → key of its template.

    A signature that was seen before keeps its template, whatever this crawl held it to be like: that depends on which
    page came first. A new one is of the template that most of its cluster's pages are of. A cluster of which nothing
    is known succeeds a template none of whose signatures is seen any more, if it is what most of that template's pages
    show now; a crawl that saw less than half of those pages proves nothing. What is left is new, and named by its
    cluster.
    """
    of_signature = _of_signature(known)
    present = {page.signature for page in seen.pages.values()}
    found = {signature: of_signature[signature] for signature in present if signature in of_signature}
    of_cluster = _majorities(seen, found)
    of_cluster |= _successors(pages, seen, set(found.values()), set(of_cluster))
    clusters = {signature: seen.clusters.get(signature, signature) for signature in sorted(present - set(found))}
    found |= {signature: of_cluster.get(cluster, cluster) for signature, cluster in clusters.items()}
    aliases = {alias: found[signature] for alias, signature in seen.aliases.items() if signature in found}
    # What comes later wins: a page's own structure counts before what the crawl held it to be like (decision 41).
    return {
        **aliases,
        **{signature: of_signature[signature] for signature in aliases if signature in of_signature},
        **found,
    }


def _of_signature(known: Sequence[KnownPart]) -> dict[str, str]:
    """The template that each signature was first seen with."""
    found: dict[str, str] = {}
    for part in sorted(known, key=lambda part: (part.first_seen, part.key)):
        for signature in part.facts["signatures"]:
            found.setdefault(signature, part.key)
    return found


def _majorities(seen: Observed, found: Mapping[str, str]) -> dict[str, str]:
    """Cluster → the template of most of its pages whose signature is known."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for page in seen.pages.values():
        if page.signature in found:
            votes[seen.clusters.get(page.signature, page.signature)][found[page.signature]] += 1
    return {cluster: min(counts, key=lambda key: (-counts[key], key)) for cluster, counts in votes.items()}


def _successors(pages: Sequence[KnownPart], seen: Observed, alive: set[str], placed: set[str]) -> dict[str, str]:
    """Cluster → the template that it succeeds."""
    template_of = {page.key: page.template for page in pages if page.gone_since is None}
    all_pages = Counter(template_of.values())
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for key, page in seen.pages.items():
        template, cluster = template_of.get(key), seen.clusters.get(page.signature, page.signature)
        if template and template not in alive and cluster not in placed:
            votes[template][cluster] += 1
    found: dict[str, str] = {}
    ranked = sorted(
        ((count, template, cluster) for template, counts in votes.items() for cluster, count in counts.items()),
        key=lambda row: (-row[0], row[1], row[2]),
    )
    for _, template, cluster in ranked:
        seen_of = sum(votes[template].values())
        if cluster not in found and template not in found.values() and seen_of >= ENOUGH * all_pages[template]:
            found[cluster] = template
    return found


def name_of(pages: Sequence[SeenPage], pattern: str) -> str:
    """What a person calls pages of one kind: the heading or title that they share, else their addresses.

    Where they have one path, the first of them gives the name, and the others show it in part or order.
    """
    first = pages[0]
    if first.action:
        return first.action
    named_after = pages if "*" in pattern or "…" in pattern else pages[:1]
    for said in ({page.heading for page in named_after}, {page.title for page in named_after}):
        if len(said) == 1 and (name := said.pop().strip()):
            return name[:200]
    return pattern


def pattern_of(paths: Sequence[str]) -> str:
    """`/p/*` for `/p/blue-mug` and `/p/red-pot`: segments that differ are stars."""
    listed = [path.partition(THEN)[0].partition("?")[0].split("/") for path in paths]
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
