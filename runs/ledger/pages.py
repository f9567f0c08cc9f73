"""The frontier in rows: what a visit found joins it, what it shows to be a near duplicate leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils import timezone

from runs import planning, states
from runs.engine.events import Link, PageFailed, PageVisited
from runs.ledger import rows
from runs.ledger.holding import Hold
from runs.ledger.opening import digest_of
from runs.ledger.resembling import resembling
from runs.ledger.story import Line
from runs.models import CrawlPage, Run

ROWS_PER_PAGE_OF_BUDGET = 40
SKIPPED_CATEGORIES = frozenset({"blocked", "not_a_page"})


def visited(run: Run, held: Hold, event: PageVisited) -> list[Line]:
    """Stores a visited page, its links and what they change in the frontier. Duplicates of messages write nothing."""
    page = _mine(run, held, event.page)
    if page is None:
        return []
    digest = digest_of(event.final_key)
    if digest != page.digest and CrawlPage.objects.filter(run=run, digest=digest).exclude(pk=page.pk).exists():
        _resolve(page, "skip", skip_reason="duplicate", url=event.final_url[:2000])
        add_links(run, page, event.links)
        return []
    snapshot = event.snapshot
    alike = resembling(run, page, event.signature) if event.signature else {"template": snapshot.template[:80]}
    _resolve(
        page,
        "visit",
        key=event.final_key[:2000],
        digest=digest,
        url=event.final_url[:2000],
        title=rows.storable(snapshot.title[:500]),
        http_status=snapshot.status,
        snapshot=rows.storable(snapshot.model_dump(mode="json")),
        **alike,
    )
    add_links(run, page, event.links)
    _skip_saturated(run, page)
    return [("page", _told(run, page))]


def failed(run: Run, held: Hold, event: PageFailed) -> list[Line]:
    """Stores why a page could not be visited; what is no page or not allowed is skipped, not failed."""
    page = _mine(run, held, event.page)
    if page is None:
        return []
    fields = {
        "error": rows.storable(event.message[:1000]),
        "error_category": event.category,
        "http_status": event.status,
    }
    if event.category in SKIPPED_CATEGORIES:
        _resolve(page, "skip", skip_reason=event.category, **fields)
    else:
        _resolve(page, "fail", **fields)
    return [("page", _told(run, page))]


def add_links(run: Run, page: CrawlPage | None, links: Iterable[Link]) -> None:
    """Puts links into the frontier, each address once, within the depth and row limits."""
    wanted = [link for link in links if link.depth <= run.options["max_depth"] and len(link.key) <= 2000]
    room = run.options["max_pages"] * ROWS_PER_PAGE_OF_BUDGET - run.pages.count()
    if not wanted or room <= 0:
        return
    full = _saturated_groups(run, {link.group for link in wanted})
    CrawlPage.objects.bulk_create(
        [_row(run, page, link, link.group in full) for link in wanted[:room]], ignore_conflicts=True
    )


def _row(run: Run, page: CrawlPage | None, link: Link, near_duplicate: bool) -> CrawlPage:
    return CrawlPage(
        run=run,
        key=link.key,
        digest=digest_of(link.key),
        url=link.url[:2000],
        group=link.group[:500],
        depth=link.depth,
        priority=link.priority,
        found_on=page,
        status=states.SKIPPED if near_duplicate else states.PENDING,
        skip_reason="near_duplicate" if near_duplicate else "",
    )


def _structure() -> Coalesce:
    """A page's own template rather than that of its like: what differs a little may have a form of its own."""
    return Coalesce(KT("signature__template"), "template", output_field=TextField())


def _saturated_groups(run: Run, groups: set[str]) -> set[str]:
    seen = (
        CrawlPage.objects.filter(run=run, group__in=[group[:500] for group in groups if group], status=states.DONE)
        .order_by()
        .values_list("group")
        .annotate(visits=Count("pk"), structures=Count(_structure(), distinct=True))
    )
    return {group for group, visits, templates in seen if visits >= run.options["same_template"] and templates == 1}


def _skip_saturated(run: Run, page: CrawlPage) -> None:
    if not page.group:
        return
    group = CrawlPage.objects.filter(run=run, group=page.group)
    templates: Sequence[str] = list(group.filter(status=states.DONE).values_list(_structure(), flat=True))
    if planning.saturated(templates, run.options["same_template"]):
        group.filter(status=states.PENDING).update(status=states.SKIPPED, skip_reason="near_duplicate")


def _mine(run: Run, held: Hold, page_id: int) -> CrawlPage | None:
    return CrawlPage.objects.filter(pk=page_id, run=run, lease=held.lease, status=states.RUNNING).first()


def _resolve(page: CrawlPage, trigger: str, **fields: Any) -> None:
    fields["status"] = states.move("page", page.status, trigger).to
    fields["visited_at"] = timezone.now()
    for name, value in fields.items():
        setattr(page, name, value)
    page.save(update_fields=list(fields))


def _told(run: Run, page: CrawlPage) -> dict[str, Any]:
    tally = run.pages.tally()
    return {
        "page": page.pk,
        "url": page.url,
        "title": page.title,
        "status": page.status,
        "http_status": page.http_status,
        "template": page.template,
        "error": page.error,
        "done": tally[states.DONE],
        "queued": tally[states.PENDING] + tally[states.RUNNING],
    }
