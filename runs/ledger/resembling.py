"""Which state a page shows: one that is known, one of a known template, or a new one.

A template stands in `CrawlPage.template` by the hash of the first page that had it. Only pages with a structure of
their own write bands, so that looking up costs the same for ten states and for ten thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models.fields.json import KT

from runs import states
from runs.engine import identity
from runs.engine.events import PageVisited
from runs.engine.identity import Signature
from runs.ledger import rows
from runs.ledger.opening import digest_of
from runs.models import CrawlPage, Run, StateBand

OF_PLACE, OF_STRUCTURE = 20, 200
# At 0.05 ms a comparison (docs/performance.md), a visit costs the same with ten thousand states as with twenty.
COMPARED = 20
NEIGHBOURS = 200
ANY = 0


class Outdated(Exception):
    """Something was noted since a visit was compared with what was known: it is compared again."""


@dataclass(frozen=True, slots=True)
class Resemblance:
    """What a visit shows to resemble, as long as `newest` is what was noted last in its run.

    `fields` are of the page's row: template, state, distance, signature. `bands` are what to find it by; none where
    its structure is known.
    """

    newest: int
    fields: dict[str, Any]
    bands: tuple[int, ...]


def foreseen(run: int, event: PageVisited) -> Resemblance | None:
    """Compares a visit with what is known of its run, without a lock. None where there is no such page.

    A visit without a signature is known by address and template alone. Pages of one route whose structures differ
    little get the template of the first of them. `distance` is that to the nearest template, 0 where the structure is
    known.
    """
    page = CrawlPage.objects.filter(pk=event.page, run=run).only("path", "role").first()
    if page is None:
        return None
    # Read before anything is compared. Only new structures write bands, so that this holds for most visits.
    newest = _newest(run)
    own = _placed(run, page, Signature.model_validate(event.signature or _bare(event)), event.final_key)
    known = StateBand.objects.filter(run=run, band=identity.exact(own)).order_by("pk")
    template = known.values_list("page__template", flat=True).first()
    if template is not None:
        return Resemblance(newest, _fields(own, template, 0.0), ())
    near = _near(run, own) if own.paths else []
    nearest, apart = _nearest(own, near)
    alike = _state_like(own, near) if page.path else _page_like(run, nearest, apart)
    bands = _bands(own, findable=alike is None)
    return Resemblance(newest, _fields(own, alike.template if alike else own.template, apart), bands)


def resembling(run: Run, page: CrawlPage, seen: Resemblance) -> dict[str, Any]:
    """The fields of a page's row that say what it resembles: template, state, same_as, distance, signature.

    Decides within the transaction that records a visit, under the run's lock, and notes what to find the page by. A
    state behind steps (`page.path`) that shows nothing new is the same as that which showed it first. Raises Outdated.
    """
    if seen.newest != _newest(run.pk):
        raise Outdated
    StateBand.objects.bulk_create(StateBand(run=run, page=page, band=band) for band in seen.bands)
    first = None
    if page.path:
        state = seen.fields["state"]
        shown = CrawlPage.objects.filter(run=run, state=state, role=page.role, same_as=None, status=states.DONE)
        first = shown.exclude(pk=page.pk).order_by("pk").first()
    return {**seen.fields, "same_as": first}


def _newest(run: int) -> int:
    """The number of what was noted last; 0 before anything was."""
    return StateBand.objects.filter(run=run).order_by("-pk").values_list("pk", flat=True).first() or 0


def _placed(run: int, page: CrawlPage, own: Signature, key: str) -> Signature:
    """A state is on the route that the page of its address was found on: each worker learns the routes by itself."""
    if not page.path:
        return own
    of_address = CrawlPage.objects.filter(run=run, digest=digest_of(key, page.role), status=states.DONE)
    place = of_address.values_list(KT("signature__place"), flat=True).first()
    return own.model_copy(update={"place": place}) if place else own


def _bare(event: PageVisited) -> dict[str, Any]:
    return {"template": event.snapshot.template[:80], "place": event.final_key}


def _page_like(run: int, nearest: CrawlPage | None, apart: float) -> CrawlPage | None:
    return nearest if nearest and identity.same(apart, _distances(run)) else None


def _state_like(own: Signature, near: Sequence[CrawlPage]) -> CrawlPage | None:
    """Of states behind one page little may matter much: those are alike that say and offer the same."""
    alike = (page for page in near if identity.same_controls(own, Signature.model_validate(page.signature)))
    return next(alike, None)


def _fields(own: Signature, template: str, apart: float) -> dict[str, Any]:
    return {
        "template": template,
        "state": identity.state_of(template, own),
        "distance": round(apart, 4),
        "signature": rows.storable(own.model_dump(mode="json")),
    }


def _near(run: int, own: Signature) -> list[CrawlPage]:
    """The pages with a structure of their own that share most with one: a few, however many there are."""
    place, structure = identity.bands(own)
    shared = [*_sharing(run, [place], OF_PLACE), *_sharing(run, structure, OF_STRUCTURE)]
    often = [pk for pk, _ in Counter(shared).most_common(COMPARED)]
    found = CrawlPage.objects.filter(pk__in=often).only("pk", "path", "template", "signature")
    return sorted(found, key=lambda page: often.index(page.pk))


def _sharing(run: int, bands: Sequence[int], most: int) -> list[int]:
    return list(StateBand.objects.filter(run=run, band__in=bands).order_by().values_list("page", flat=True)[:most])


def _nearest(own: Signature, near: Sequence[CrawlPage]) -> tuple[CrawlPage | None, float]:
    apart = [(identity.distance(own, Signature.model_validate(page.signature)), page) for page in near if not page.path]
    best = min(apart, key=lambda pair: pair[0], default=None)
    return (best[1], best[0]) if best else (None, 1.0)


def _distances(run: int) -> list[float]:
    """Of pages whose structure was new to their nearest then."""
    bands = StateBand.objects.filter(run=run, band=ANY, page__path=[]).order_by("-pk")
    return [apart for apart in bands.values_list("page__distance", flat=True)[:NEIGHBOURS] if apart]


def _bands(own: Signature, *, findable: bool) -> tuple[int, ...]:
    """What a new structure is found by; `findable` where it stands for others that are like it."""
    place, structure = identity.bands(own) if findable else (None, [])
    return (ANY, identity.exact(own), *([place] if place is not None else []), *structure)
