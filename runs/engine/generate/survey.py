"""What must be known before anything is tried: the account, what only it may see, and where one signs in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from runs.engine.browser import Accounts, Browser, SignInFailed
from runs.engine.events import Form, Log, PageSnapshot
from runs.engine.generate.cases import Crawled, address
from runs.engine.generate.observe import glance
from runs.engine.generate.parallel import in_parallel
from runs.engine.generate.proposals.kinds import kind
from runs.engine.generate.visit import Visits
from runs.engine.page.look import Look, page_of
from runs.engine.page.safety import Permit, permit
from runs.engine.page.vocabulary import whole, words
from runs.engine.plan import ACCOUNT, CrawlPlan

_MEMBERS = whole(words("sign_in"))


async def account_state(browser: Browser, plan: CrawlPlan) -> tuple[dict[str, Any] | None, list[Log]]:
    """The storage state of the signed-in account; None without credentials, and with a warning when it is refused."""
    if plan.site.credentials is None:
        return None, []
    try:
        accounts = Accounts(
            browser, plan.site, plan.options, allow_private=plan.allow_private, emit=lambda _signed_in: None
        )
        return await accounts.state(ACCOUNT), []
    except SignInFailed as refusal:
        return None, [Log("warning", f"No tests of signed-in pages: {refusal}")]


async def surveyed(visits: Visits, pages: Sequence[PageSnapshot]) -> Crawled:
    """The crawl with what a stranger sees of it."""
    plan = visits.plan
    account = visits.state is not None
    crawled = Crawled(tuple(pages), plan.options, account=account, sign_in=_sign_in_form(pages))
    closed: set[str] = set()
    if any(page.signed_in for page in pages):
        async for page, look in _as_stranger(visits, crawled):
            if look is None or look.path != page.path or _asks_to_sign_in(look, page):
                closed.add(page.template)
                crawled = _with_form(crawled, look, plan)
    if plan.site.credentials and crawled.sign_in is None:
        crawled = await _looked_for_form(visits, crawled)
    if not account:
        crawled = replace(crawled, pages=tuple(page for page in crawled.pages if page.template not in closed))
    return replace(crawled, protected=frozenset(closed))


def concerns(crawled: Crawled) -> list[Log]:
    """What a person should know about the material: pages that were not well, forms that are left alone."""
    logs = []
    for page in crawled.exemplars():
        ills = [*page.console_errors[:1], *page.failed_requests[:1]]
        if ills:
            message = f"{page.path} is tested without expecting silence, for it was not silent: {ills[0][:200]}"
            logs.append(Log("warning", message))
    left: dict[tuple[str, str], str] = {}
    for page in crawled.exemplars():
        for form in page.forms:
            level, why = permit(form, crawled.options)
            if level is not Permit.SUBMIT:
                what = form.submit or form.name
                message = f"The form “{what}” on {page.path} is not submitted: {why}"
                left.setdefault((form.action, form.submit), message)
    return logs + [Log("info", message) for message in left.values()]


async def _as_stranger(visits: Visits, crawled: Crawled) -> AsyncIterator[tuple[PageSnapshot, Look | None]]:
    async def seen(page: PageSnapshot) -> Look | None:
        return await glance(visits, address(page.url))

    async for pair in in_parallel(crawled.exemplars(), seen, crawled.options.parallel):
        yield pair


def _asks_to_sign_in(look: Look, page: PageSnapshot) -> bool:
    """The address stays, but a sign-in form stands where the page was."""
    known = any(field.type == "password" for form in page.forms for field in form.fields)
    return not known and any(field.type == "password" for field in look.fields)


def _sign_in_form(pages: Sequence[PageSnapshot]) -> tuple[PageSnapshot, Form] | None:
    found = [(page, form) for page in pages for form in page.forms if kind(form) == "sign_in" and not form.frame]
    return min(found, key=lambda pair: (len(pair[0].forms), len(pair[0].url)), default=None)


def _with_form(crawled: Crawled, look: Look | None, plan: CrawlPlan) -> Crawled:
    if look is None or crawled.sign_in is not None:
        return crawled
    return replace(crawled, sign_in=_sign_in_form([page_of(look.model_copy(update={"query": ""}), plan.site.origin)]))


async def _looked_for_form(visits: Visits, crawled: Crawled) -> Crawled:
    """The sign-in page was not crawled: it is where the credentials say, or where the start page's links lead to."""
    site = visits.plan.site
    given = site.credentials.login_url if site.credentials else None
    start = await glance(visits, address(urljoin(site.base_url, given or "")))
    crawled = _with_form(crawled, start, visits.plan)
    links = [one.href for one in start.pressables if one.href and _MEMBERS.search(one.name)] if start else []
    for url in dict.fromkeys(links[:3]):
        if crawled.sign_in is None and url.startswith(site.origin):
            crawled = _with_form(crawled, await glance(visits, address(url)), visits.plan)
    return crawled
