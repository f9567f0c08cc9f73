"""What must be known before anything is tried: the account, what only it may see, and where one signs in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from urllib.parse import urljoin

from runs.engine.browser import SignInFailed
from runs.engine.events import Log, PageSnapshot
from runs.engine.generate.case_visit import Visits
from runs.engine.generate.cases import Crawled, SignInPage, Survey, address
from runs.engine.generate.observe import glance
from runs.engine.generate.parallel import in_parallel
from runs.engine.generate.proposals.form_kinds import kind
from runs.engine.lexicon import Intent, intents
from runs.engine.page.look import Look, page_of
from runs.engine.page.safety import Permit, permit
from runs.engine.plan import ACCOUNT, CrawlPlan


async def surveyed(visits: Visits, pages: Sequence[PageSnapshot]) -> tuple[Crawled, list[Log]]:
    """The crawl with what a stranger sees of it, and what the story should say about it."""
    plan = visits.plan
    crawled = Crawled(tuple(pages), plan.options)
    account, logs = await _account(visits)
    survey = Survey(account=account, sign_in=_sign_in_form(pages))
    closed: set[str] = set()
    if any(page.signed_in for page in pages):
        async for page, look in _as_stranger(visits, crawled):
            # Applications close a page in two ways: by leading elsewhere, or by a form in its place.
            if look is None or look.path != page.path or _asks_to_sign_in(look, page):
                closed.add(page.template)
                survey = _with_form(survey, look, plan)
    if plan.site.credentials and survey.sign_in is None:
        survey = await _looked_for_form(visits, survey)
    return crawled.surveyed(survey.model_copy(update={"protected": frozenset(closed)})), logs


async def _account(visits: Visits) -> tuple[bool, list[Log]]:
    """Whether the account gets in; a warning where it is refused."""
    if visits.plan.site.credentials is None:
        return False, []
    try:
        await visits.accounts.state(ACCOUNT)
    except SignInFailed as refusal:
        return False, [Log("warning", f"No tests of signed-in pages: {refusal}")]
    return True, []


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
            level, why = permit(form, crawled.options, on=page.url)
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


def _sign_in_form(pages: Sequence[PageSnapshot]) -> SignInPage | None:
    found = [
        SignInPage(page=page, form=form)
        for page in pages
        for form in page.forms
        if not page.way and kind(form) == "sign_in" and not form.frame
    ]
    return min(found, key=lambda candidate: (len(candidate.page.forms), len(candidate.page.url)), default=None)


def _with_form(survey: Survey, look: Look | None, plan: CrawlPlan) -> Survey:
    if look is None or survey.sign_in is not None:
        return survey
    # The query of a sign-in page names the page that led there, which is another for each.
    met = _sign_in_form([page_of(look.model_copy(update={"query": ""}), plan.site.origin)])
    return survey.model_copy(update={"sign_in": met})


async def _looked_for_form(visits: Visits, survey: Survey) -> Survey:
    """The sign-in page was not crawled: it is where the credentials say, or where the start page's links lead to."""
    site = visits.plan.site
    given = site.credentials.login_url if site.credentials else None
    start = await glance(visits, address(urljoin(site.base_url, given or "")))
    survey = _with_form(survey, start, visits.plan)
    shown = start.pressables if start else ()
    links = [link.href for link in shown if link.href and Intent.SIGN_IN in intents(link.name)]
    for url in dict.fromkeys(links[:3]):
        if survey.sign_in is None and url.startswith(site.origin):
            survey = _with_form(survey, await glance(visits, address(url)), visits.plan)
    return survey
