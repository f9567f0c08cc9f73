"""Cases are carried out in the browser, and what came of them is written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable

from runs.engine import traffic
from runs.engine.browser import Browser, BrowserUnavailable, ClaimCode, Error, SignInFailed, asked_for
from runs.engine.deaths import browser_gone
from runs.engine.events import CaseObserved, Event
from runs.engine.generate.case_visit import SAFE, Visit, Visits
from runs.engine.generate.cases import CaseSpec, Crawled, Observation, ResponseFacts, Step
from runs.engine.generate.proposals import FAMILIES
from runs.engine.kinds import kind_of
from runs.engine.page.look import Look
from runs.engine.passing import passes, troubles
from runs.engine.plan import VISITOR, CaseWork, CrawlPlan
from runs.engine.steps.base import StepFailed
from runs.engine.steps.document import InvalidDocument, parse, resolved
from runs.engine.steps.request import Request
from runs.engine.steps.variables import UnknownVariable
from runs.engine.stream import Events, streamed, together

log = logging.getLogger(__name__)
CASE_SECONDS = 8
CASE_SECONDS_PER_STEP = 2
FAILURES = (Error, StepFailed, InvalidDocument, UnknownVariable, TimeoutError, SignInFailed)
UNKNOWN = 401
MOST_OF_A_BODY = 200_000
# No header beside these and the type is kept: observations are stored, and Set-Cookie has sessions.
PROTECTING = frozenset(
    [
        "content-security-policy",
        "strict-transport-security",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "permissions-policy",
        "cross-origin-opener-policy",
    ]
)
Pull = Callable[[], Awaitable[CaseWork | None]]


def observe(
    browser: Browser, plan: CrawlPlan, crawled: Crawled, pull: Pull, *, claim_code: ClaimCode | None = None
) -> AsyncGenerator[Event, None]:
    """Carry out the cases that `pull` gives, `options.parallel` at once, until it gives None.

    Each case ends in one `CaseObserved`, after what it sent that could have changed something. Raises what `pull`
    raises, and `BrowserUnavailable`; when it is closed or cancelled, its contexts are closed.
    """
    events: Events = asyncio.Queue()
    visits = Visits(browser, plan, events.put_nowait, claim_code)

    async def slot() -> None:
        while (work := await pull()) is not None:
            events.put_nowait(await outcome_of(visits, crawled, work))

    slots = range(plan.options.parallel)
    return streamed(events, visits.accounts.masking, lambda: together(*(slot() for _ in slots)))


class SignInAsked(Exception):
    """What a role's visit opens asks to sign in."""


async def outcome_of(visits: Visits, crawled: Crawled, work: CaseWork) -> CaseObserved:
    """What came of a case. What breaks us speaks against that one alone; what ends the browser ends the shard."""
    try:
        return await _outcome_of(visits, crawled, work)
    except BrowserUnavailable:
        raise
    except Exception as error:
        if browser_gone(error):
            raise
        visits.accounts.masking.error(error)
        log.exception("case %s broke", work.case)
        problem = f"Sentri broke here: {type(error).__name__}: {error}"[:300]
        return CaseObserved(work.case, {"case": work.work, "problem": problem}, (), problem)


async def _outcome_of(visits: Visits, crawled: Crawled, work: CaseWork) -> CaseObserved:
    case = CaseSpec.model_validate(work.work)
    heard: list[str] = []
    seen = await tried(visits, case, heard)
    if seen.answer is not None and passes(seen.answer.status):
        fetch = case.fetch or {}
        request = f"{fetch.get('method', 'GET')} {traffic.template(str(fetch.get('path', case.start)))}"
        heard.append(f"{request} answered {seen.answer.status}")
    found = () if seen.problem else tuple(FAMILIES[case.family].deeper(crawled, seen))
    deeper = tuple(case for case in found if not visits.accounts.masking.covers(case))
    outcome = seen.model_dump(mode="json", exclude_defaults=True)
    led_to = tuple(case.model_dump(mode="json", exclude_defaults=True) for case in deeper)
    return CaseObserved(work.case, outcome, led_to, seen.problem, tuple(dict.fromkeys(heard)))


async def tried(visits: Visits, case: CaseSpec, heard: list[str] | None = None) -> Observation:
    """Carry out a case in a fresh context, within 8 seconds and 2 for each step beyond the third.

    Signing in takes its own time before that; where the session turns out to be over, the case begins once more with a
    new one. Never raises for what the application does. `heard` gets what the site answered that may be otherwise soon.
    """
    heard = [] if heard is None else heard
    seconds = CASE_SECONDS + CASE_SECONDS_PER_STEP * max(0, len(case.steps) - 3)
    # Both the turn and the sign-in come before the time of the case begins: waiting is no fault of the application.
    await visits.pace.turn()
    role = case.auth or VISITOR
    try:
        state = await visits.accounts.state(role)
        try:
            return await _within(seconds, visits, case, heard, as_member=state is not None)
        except SignInAsked:
            await visits.accounts.renewed(role, state)
        # A fresh session is not renewed again: a page that still wants a sign-in is observed as it is.
        return await _within(seconds, visits, case, heard)
    except FAILURES as error:
        return Observation(case=case, problem=sentence(error, seconds))


async def _within(
    seconds: int, visits: Visits, case: CaseSpec, heard: list[str], *, as_member: bool = False
) -> Observation:
    """Raises `SignInAsked` before a step is done in the browser, where a member's visit is asked to sign in."""
    because = f"tried for a test: {case.family}, {case.start}"
    async with (
        asyncio.timeout(seconds),
        visits.open(auth=case.auth or VISITOR, writes=case.writes, because=because) as visit,
    ):
        try:
            return await _carried_out(visit, case, as_member=as_member)
        finally:
            # Also where the case failed, for a failure behind a passing 500 is tried once more later.
            heard += troubles(visit.stage.watch.requests, visit.stage.site.origin)


async def _carried_out(visit: Visit, case: CaseSpec, *, as_member: bool) -> Observation:
    if case.fetch:
        seen = await _answered(visit, case, case.fetch)
        # An API shows no form when a session is over; 401 is how HTTP says it.
        if as_member and seen.answer is not None and seen.answer.status == UNKNOWN:
            raise SignInAsked
        return seen
    await visit.start(case.start)
    if as_member and await asked_for(visit.stage.page):
        raise SignInAsked
    return await _tried(visit, case)


async def glance(visits: Visits, path: str) -> Look | None:
    """What a stranger sees at a path; None when it does not open."""
    await visits.pace.turn()
    try:
        async with asyncio.timeout(CASE_SECONDS), visits.open() as visit:
            await visit.start(path)
            return await visit.look()
    except FAILURES:
        return None


def sentence(error: BaseException, seconds: int = CASE_SECONDS) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else f"it took longer than {seconds} seconds"


def single(step: Step, look: Look) -> Step:
    """The step with the first of several links of one name, where all of them lead to the same place."""
    target = step.get("target", {})
    follows = kind_of(step).gesture == "pressing" and target.get("role") == "link"
    # The driver refuses a target that several elements fit; links to one place do the same, whichever is pressed.
    if not follows or "nth" in target or not target.get("exact"):
        return step
    goals = [
        pressable.href for pressable in look.pressables if (pressable.role, pressable.name) == ("link", target["name"])
    ]
    return step | {"target": target | {"nth": 0}} if len(goals) > 1 and len(set(goals)) == 1 else step


async def _tried(visit: Visit, case: CaseSpec) -> Observation:
    before, held = None, visit.held_back
    if case.steps:
        for step in case.steps[:-1]:
            await visit.do(step)
        if len(case.steps) > 1:
            await visit.settle()
        # What earlier steps sent is none of the last step's doing.
        before, held = await visit.look(), visit.held_back
        case = case.model_copy(update={"steps": (*case.steps[:-1], single(case.steps[-1], before))})
        await visit.do(case.steps[-1])
        await visit.settle()
    after = await visit.look()
    watch = visit.stage.watch
    # Requests to other sites fail for reasons of their own.
    failed = tuple(traffic.blanked_line(line) for line in watch.failed_requests if visit.stage.site.origin in line)
    return Observation(
        case=case,
        before=before,
        after=after,
        saved={name: str(value)[:300] for name, value in visit.stage.saved.items()},
        console_errors=tuple(traffic.blanked_line(line) for line in watch.console_errors),
        failed_requests=failed,
        held_back=visit.held_back > held,
    )


async def _answered(visit: Visit, case: CaseSpec, fetch: Step) -> Observation:
    writes = case.writes and not visit.read_only
    # The driver's own requests go past the routes of a context, so read-only has to be kept here.
    if not writes and any(step.get("method", "GET") not in SAFE for step in (*case.steps, fetch)):
        raise StepFailed("blocked", "it would write, which it must not")
    for step in case.steps:
        await visit.do(step)
    request = resolved(parse({"title": "case", "kind": "api", "steps": [fetch]}).steps[0], visit.variables)
    if not isinstance(request, Request):
        raise InvalidDocument([("fetch", "what is asked is a request")])
    answer = await request.answer(visit.stage)
    kind = answer.headers.get("content-type", "").split(";")[0].strip()
    readable = "json" in kind and len(answer.body) <= MOST_OF_A_BODY
    try:
        body = answer.document() if readable else None
    except StepFailed:
        body = None
    mismatch = ""
    try:
        request.expect.verify(answer)
    except StepFailed as failed:
        # Without `expect` any answer from 400 on would count as a broken promise that nobody has made.
        mismatch = failed.message[:300] if "expect" in fetch else ""
    facts = ResponseFacts(
        status=answer.status,
        content_type=kind,
        shape=None if body is None else traffic.infer(body),
        headers={name: value[:200] for name, value in answer.headers.items() if name in PROTECTING},
        milliseconds=int(answer.milliseconds),
        mismatch=mismatch,
    )
    return Observation(case=case, answer=facts)
