"""The frontier in rows: what a visit found joins it, what it shows to be a near duplicate leaves it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from typing import Any

from django.db.models import Count, Q, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils import timezone

from runs import planning, states
from runs.engine.events import Link, PageFailed, PageVisited
from runs.engine.passing import TOO_MANY
from runs.ledger import patience, rows
from runs.ledger.leases import Hold
from runs.ledger.opening import digest_of
from runs.ledger.resembling import Resemblance, resembling
from runs.ledger.stage_counts import is_cut, note_cut
from runs.ledger.story import Line
from runs.ledger.work import born, shift_one, skip
from runs.models import CrawlPage, Run

# A site may link to any number of addresses. Beyond this they are not kept, and the crawl has not seen all.
ROWS_PER_PAGE_OF_BUDGET = 40
# Counted in rows under the run's lock, so that all shards together try so many (decision 17).
TRIED_OF_A_KIND = 2
CHALLENGE = "challenge"
UNSTABLE = "unstable"
# 429 is about the pace of the crawl; of the pages of a shape it says nothing.
REFUSED = Q(status=states.FAILED, http_status__range=(400, 499)) & ~Q(http_status=TOO_MANY)
SKIPPED_CATEGORIES = frozenset({"blocked", "sign_in", "not_a_page"})


def visited(run: Run, held: Hold, event: PageVisited, seen: Resemblance | None, familiar: Set[str]) -> list[Line]:
    """Stores what a visit showed, and what leads on from there. Duplicates of messages write nothing.

    `familiar` are keys of links that earlier crawls have visited. Raises Outdated where what it was `seen` to resemble
    is not the last word any more.
    """
    page = _mine(run, held, event.page)
    if page is None or seen is None:
        return []
    why = patience.unusual(run, event.troubles)
    if why and patience.put_off(run, page, f"{event.final_url}: {why}"):
        return []
    address = {} if page.path else _address(event, page.role)
    if address and _taken(run, page, address["digest"]):
        _resolve(page, "skip", skip_reason="duplicate", url=address["url"])
        add_links(run, page, (link for link in event.links if link.kind == "link"), familiar)
        return []
    snapshot, alike = event.snapshot, resembling(run, page, seen)
    _resolve(
        page,
        "visit",
        **address,
        title=rows.storable(snapshot.title[:500]),
        http_status=snapshot.status,
        snapshot=rows.storable(snapshot.model_dump(mode="json")),
        **alike,
    )
    lines = patience.settled(run, page, page.url, event.troubles)
    _clear(page)
    # A state that is known leads nowhere but on with what was written on the way to it (decision 17).
    add_links(run, page, (link for link in event.links if alike["same_as"] is None or link.carried), familiar)
    _skip_saturated(run, page)
    return [*lines, ("page", _page_data(run, page))]


def _clear(page: CrawlPage) -> None:
    """What a page answered before it could be visited is none of its own."""
    if page.tries:
        page.error = page.error_category = ""
        page.save(update_fields=["error", "error_category"])


def _address(event: PageVisited, role: str) -> dict[str, Any]:
    """Where a page turned out to be. A state stays at the address that its steps start from."""
    key, url = rows.storable([event.final_key, event.final_url])
    return {"key": key[:2000], "digest": digest_of(key, role), "url": url[:2000]}


def _taken(run: Run, page: CrawlPage, digest: str) -> bool:
    return digest != page.digest and CrawlPage.objects.filter(run=run, digest=digest).exclude(pk=page.pk).exists()


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
    # A site that has not answered anything yet is out of reach, and is said to be so at once.
    if event.passing and (event.status or run.pages.filter(status=states.DONE).exists()):
        if patience.put_off(run, page, event.message, event.wait, **fields | {"error": fields["error"]}):
            return []
        if page.tries:
            fields["error"] = f"{fields['error']} It was asked {page.tries + 1} times."[:1000]
    lines: list[Line] = []
    if event.category == CHALLENGE and not run.pages.filter(error_category=CHALLENGE).exists():
        lines.append(("log", {"level": "warning", "message": event.message[:1000]}))
    if event.category in SKIPPED_CATEGORIES:
        _resolve(page, "skip", skip_reason=event.category, **fields)
    else:
        _resolve(page, "fail", **fields)
        _skip_saturated(run, page)
    if event.category == UNSTABLE:
        _lose_origin(page, event)
    return [*lines, ("page", _page_data(run, page))]


def _lose_origin(page: CrawlPage, event: PageFailed) -> None:
    """Where the way failed before its own last action, the state it starts from cannot be reached again either."""
    origin = page.found_on
    if origin is None or event.step is None or event.step >= len(origin.path) or origin.status != states.DONE:
        return
    _resolve(origin, "lose", error=rows.storable(event.message[:1000]), error_category=UNSTABLE)
    behind = CrawlPage.objects.filter(found_on=origin, status=states.PENDING).exclude(kind="link")
    skip(behind, UNSTABLE)


def add_links(run: Run, page: CrawlPage | None, links: Iterable[Link], familiar: Set[str]) -> None:
    """Puts links and actions into the frontier, each once for each role, within the depth and row limits.

    Of links of one shape enough is visited when they look the same; of actions of one kind two are tried.
    """
    roles = [page.role] if page else run.options.get("roles") or [""]
    # PostgreSQL refuses a key that does not fit its column, and the visit with it; SQLite would take it.
    wanted = [storable(link) for link in links if link.depth <= run.options["max_depth"] and len(link.key) <= 2000]
    room = max(0, (run.options["max_pages"] + _states(run)) * ROWS_PER_PAGE_OF_BUDGET - run.pages.count())
    made = [row for role in roles for row in _rows(run, page, role, _fresh(run, role, wanted), familiar)]
    CrawlPage.objects.bulk_create(made[:room], ignore_conflicts=True)
    if len(made) > room and not is_cut(run):
        note_cut(run)


def storable(link: Link) -> Link:
    """A shape names parameters as they are meant, and `%00` in an address means NUL."""
    texts = link.model_dump(mode="json", include={"url", "key", "group", "path", "action"})
    return link.model_copy(update=rows.storable(texts))


def _rows(run: Run, page: CrawlPage | None, role: str, wanted: Sequence[Link], familiar: Set[str]) -> list[CrawlPage]:
    links, actions = ([link for link in wanted if (link.kind == "link") is plain] for plain in (True, False))
    full = _saturated_groups(run, role, {link.group for link in links})
    enough = _tried_enough(run, role, actions)
    made = [_row(run, page, _sooner(link, familiar), role, link.group in full) for link in links]
    return made + [_row(run, page, link, role, link.key in enough) for link in actions]


def _sooner(link: Link, familiar: Set[str]) -> Link:
    """What an earlier crawl has seen comes before others of its shape, so that the two can be compared."""
    known = link.key in familiar and link.first is not None
    return link.model_copy(update={"priority": link.first}) if known else link


def _states(run: Run) -> int:
    return int(run.options.get("max_states", 0)) if run.options.get("mode") == "states" else 0


def _fresh(run: Run, role: str, links: Sequence[Link]) -> list[Link]:
    """Links and actions that are not in the frontier yet, the first of each key."""
    digests = {digest_of(link.key, role): link for link in reversed(links)}
    if not digests:
        return []
    known = CrawlPage.objects.filter(run=run, digest__in=list(digests)).values_list("digest", flat=True)
    for digest in list(known):
        del digests[digest]
    return list(reversed(digests.values()))


def _tried_enough(run: Run, role: str, actions: Sequence[Link]) -> set[str]:
    """Keys of those actions of whose kind enough are tried, or waiting to be."""
    if not actions:
        return set()
    rows = CrawlPage.objects.filter(run=run, role=role, group__in={link.group[:500] for link in actions})
    rows = rows.exclude(status=states.SKIPPED).order_by()
    tried = Counter(dict(rows.values_list("group").annotate(Count("pk"))))
    enough = set()
    for link in actions:
        tried[link.group[:500]] += 1
        if tried[link.group[:500]] > TRIED_OF_A_KIND:
            enough.add(link.key)
    return enough


def _row(run: Run, page: CrawlPage | None, link: Link, role: str, near_duplicate: bool) -> CrawlPage:
    return CrawlPage(
        run=run,
        role=role,
        key=link.key,
        digest=digest_of(link.key, role),
        url=link.url[:2000],
        group=link.group[:500],
        depth=link.depth,
        priority=link.priority,
        kind=link.kind,
        path=list(link.path),
        action=link.action[:300],
        asked=link.asked,
        found_on=page,
        **(born(CrawlPage, "skip", skip_reason="near_duplicate") if near_duplicate else {}),
    )


def _structure() -> Coalesce:
    """A page's own template rather than that of its like: what differs a little may have a form of its own."""
    return Coalesce(KT("signature__template"), "template", output_field=TextField())


def _saturated_groups(run: Run, role: str, groups: set[str]) -> set[str]:
    pages, limit, done = (
        CrawlPage.objects.filter(run=run, role=role),
        run.options["same_template"],
        Q(status=states.DONE),
    )
    seen = (
        pages.filter(done | REFUSED, group__in=[group[:500] for group in groups if group])
        .order_by()
        .values_list("group")
        .annotate(
            visits=Count("pk", filter=done),
            structures=Count(_structure(), distinct=True, filter=done),
            refusals=Count("pk", filter=REFUSED),
        )
    )
    return {
        group for group, visits, structures, refusals in seen if planning.saturated(visits, structures, refusals, limit)
    }


def _skip_saturated(run: Run, page: CrawlPage) -> None:
    """What is of a shape whose pages look the same, or all answered that there is nothing, is not visited any more."""
    if page.group and not page.path and _saturated_groups(run, page.role, {page.group}):
        group = CrawlPage.objects.filter(run=run, role=page.role, group=page.group)
        skip(group.filter(status=states.PENDING), "near_duplicate")


def _mine(run: Run, held: Hold, page_id: int) -> CrawlPage | None:
    return CrawlPage.objects.filter(pk=page_id, run=run, lease=held.lease, status=states.RUNNING).first()


def _resolve(page: CrawlPage, trigger: str, **fields: Any) -> None:
    shift_one(page, trigger, visited_at=timezone.now(), **fields)


def _page_data(run: Run, page: CrawlPage) -> dict[str, Any]:
    tally = run.pages.tally()
    return {
        "page": page.pk,
        "url": page.url,
        "action": page.action,
        "title": page.title,
        "status": page.status,
        "http_status": page.http_status,
        "template": page.template,
        "error": page.error,
        "done": tally[states.DONE],
        "queued": tally[states.PENDING] + tally[states.RUNNING],
    }
