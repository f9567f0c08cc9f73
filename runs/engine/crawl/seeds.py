"""What a site says about itself before the first page: robots.txt and sitemaps, read softly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urljoin

from runs.engine.browser import APIRequestContext, Browser, Error
from runs.engine.crawl.canonical import canonical, resolve
from runs.engine.crawl.robots import Robots, parse_robots
from runs.engine.crawl.scope import same_site
from runs.engine.crawl.sitemap import Sitemap, parse_sitemap
from runs.engine.masking.trusted_origins import headers_to
from runs.engine.passing import broke_off, passes, steadily, wait_of
from runs.engine.plan import CrawlPlan
from runs.engine.unopened import REFUSED_BY_US, too_large

TIMEOUT_MS = 5_000
REDIRECTS = 3
INDEXED = 10
LISTED = 5_000
ALLOWS_ALL = Robots()


@dataclass(frozen=True, slots=True)
class SeedResponse:
    """`status` is 0 where nothing answered; `wait` are the seconds that the site asks to wait.

    `large`: that the answer is too large to be read, as a part of a sentence; nothing where it is not.
    """

    status: int
    body: bytes = b""
    wait: float | None = None
    lost: bool = False
    large: str = ""

    @property
    def passing(self) -> bool:
        return self.lost or passes(self.status)


@dataclass(frozen=True, slots=True)
class Welcome:
    """`pages`: addresses from the sitemaps, absolute, unfiltered.

    `trouble` is what was wrong with robots.txt, `unread` which sitemaps are too large to be read; sentences.
    """

    robots: Robots = ALLOWS_ALL
    pages: tuple[str, ...] = ()
    trouble: str = ""
    unread: tuple[str, ...] = ()


async def read_welcome(browser: Browser, plan: CrawlPlan, *, sitemaps: bool) -> Welcome:
    """robots.txt and, when `sitemaps`, the addresses of its sitemaps or of /sitemap.xml; never raises for the site."""
    requests = await browser.requests(plan.site)
    try:
        robots, trouble = await _robots(requests, plan)
        pages, unread = await _pages(requests, plan, robots) if sitemaps else ((), ())
        return Welcome(robots, pages, trouble, unread)
    finally:
        await requests.dispose()


async def _robots(requests: APIRequestContext, plan: CrawlPlan) -> tuple[Robots, str]:
    url = urljoin(plan.site.origin, "/robots.txt")
    answer = await _get(requests, plan, url)
    if answer.status == 200:
        return parse_robots(answer.body.decode("utf-8", errors="replace")), ""
    if answer.status >= 500:
        return Robots(), f"{url} answered {answer.status}; the crawl goes on as if it allowed everything."
    if answer.large:
        return Robots(), f"{url} is not read: {answer.large}; the crawl goes on as if it allowed everything."
    return Robots(), ""


async def _pages(
    requests: APIRequestContext, plan: CrawlPlan, robots: Robots
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Addresses that sitemaps list, and what is to be said of sitemaps that are not read."""
    start = robots.sitemaps or (urljoin(plan.site.origin, "/sitemap.xml"),)
    unread: list[str] = []
    # One after the other: each may be as large as is read.
    first = [await _sitemap(requests, plan, url, unread) for url in _own(start, plan)[:INDEXED]]
    nested = _own((url for sitemap in first for url in sitemap.sitemaps), plan)[:INDEXED]
    second = [await _sitemap(requests, plan, url, unread) for url in nested]
    listed = (url for sitemap in [*first, *second] for url in sitemap.pages)
    return tuple(dict.fromkeys(listed))[:LISTED], tuple(unread)


async def _sitemap(requests: APIRequestContext, plan: CrawlPlan, url: str, unread: list[str]) -> Sitemap:
    answer = await _get(requests, plan, url)
    if answer.large:
        unread.append(f"The sitemap {url} is not read: {answer.large}.")
    return parse_sitemap(answer.body if answer.status == 200 else b"", LISTED)


def _own(urls: Iterable[str], plan: CrawlPlan) -> list[str]:
    absolute = [resolve(url, plan.site.base_url) for url in urls]
    return list(dict.fromkeys(url for url in absolute if url and same_site(canonical(url), plan.site.base_url)))


async def _get(requests: APIRequestContext, plan: CrawlPlan, url: str) -> SeedResponse:
    """One document of the site, or what it answered at last instead."""
    return await steadily(lambda: _get_once(requests, plan, url))


async def _get_once(requests: APIRequestContext, plan: CrawlPlan, url: str) -> SeedResponse:
    """One document of the site. Redirects are followed by hand, so that the site's headers stay with the site."""
    for _ in range(REDIRECTS + 1):
        try:
            response = await requests.get(url, headers=headers_to(plan.site, url), timeout=TIMEOUT_MS, max_redirects=0)
            location = response.headers.get("location")
            if response.status < 300 or response.status >= 400 or not location:
                body = await response.body()
                # The driver keeps a body until then.
                await response.dispose()
                if body.startswith(REFUSED_BY_US.encode()):
                    return SeedResponse(0)
                return SeedResponse(response.status, body, wait_of(response.headers, datetime.now(UTC)))
        except (Error, TimeoutError) as error:
            said = str(error)
            return SeedResponse(0, lost=isinstance(error, TimeoutError) or broke_off(said), large=too_large(said))
        target = resolve(location, url)
        if target is None or not same_site(canonical(target), plan.site.base_url):
            return SeedResponse(0)
        url = target
    return SeedResponse(0)
