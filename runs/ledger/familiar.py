"""What a crawl meets that earlier crawls of its application met as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import islice

from django.db.models import Q

from runs import states
from runs.engine.events import Link
from runs.engine.page.volatile import normalised
from runs.insight import application as insight
from runs.ledger import rows
from runs.ledger.opening import digest_of
from runs.models import Application, CrawlPage, Part, Run

CRAWLS_BACK = 10
GONE = (404, 410)


def visited_before(run_id: int, links: Sequence[Link]) -> set[str]:
    """Keys of those links whose pages an earlier crawl has opened and that are not gone.

    They are storable as they will be, and looked up without a lock: this crawl does not change what earlier ones knew.
    """
    if not links:
        return set()
    run = Run.objects.only("project_id", "environment_id").get(pk=run_id)
    names = {digest_of(insight.key_of(link.key)): link.key for link in links}
    pages = Part.objects.filter(application__project=run.project_id, application__environment=run.environment_id)
    known = pages.filter(kind="page", gone_since_run=None, digest__in=list(names))
    return {names[digest] for digest in known.values_list("digest", flat=True)}


def found_before(run: Run, application: Application, seen: insight.Observed) -> set[str]:
    """Names of the pages of a crawl that were in the frontier of one of the ten crawls before, and of the states that
    its actions led to on some page.

    One that was left out there, for it seemed like others or did not fit into the budget, is none that was added to
    the application since.
    """
    known = set(application.parts.filter(kind="page").values_list("key", flat=True))
    news = {raw: name for raw, name in seen.names.items() if name in seen.pages and name not in known}
    crawls = list(
        application.comparisons.filter(run__lt=run.pk).order_by("-pk").values_list("run", flat=True)[:CRAWLS_BACK]
    )
    if not news or not crawls:
        return set()
    pages = {raw: name for raw, name in news.items() if seen.pages[name].kind == "link"}
    found = {pages[raw] for raw in _addresses(crawls, pages, seen.roles)}
    tried = _actions(crawls)
    states_ = set(news.values()) - set(pages.values())
    return found | {name for name in states_ if normalised(seen.pages[name].action) in tried}


def _addresses(crawls: Sequence[int], keys: Iterable[str], roles: Set[str]) -> set[str]:
    digests = {digest_of(key, role): key for key in keys for role in {"", *roles}}
    # A duplicate was opened: it led to a page that is known by its own address.
    left_out = Q(status=states.SKIPPED) & ~Q(skip_reason="duplicate")
    # What answered 404 was not there then: if it is there now, it is news.
    unanswered = Q(status=states.FAILED) & ~Q(http_status__in=GONE)
    not_seen = left_out | unanswered | Q(status=states.DONE, snapshot__settled=False)
    known = CrawlPage.objects.filter(not_seen, run__in=crawls)
    found: set[str] = set()
    for some in batched(digests, rows.MOST_AT_ONCE):
        found.update(known.filter(digest__in=some).values_list("digest", flat=True))
    return {digests[digest] for digest in found}


def batched(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """The names in their order, so many at a time."""
    left = iter(names)
    while some := list(islice(left, size)):
        yield some


def _actions(crawls: Sequence[int]) -> set[str]:
    """What these crawls tried or met to try: which page an action is tried on is chance where many offer it."""
    rows_ = CrawlPage.objects.filter(run__in=crawls).exclude(kind="link").order_by()
    return {normalised(action) for action in rows_.values_list("action", flat=True).distinct()}
