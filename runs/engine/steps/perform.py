"""Carrying out a step, so that whatever goes wrong is one `StepFailed` with one sentence."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeout

from projects.origins import trusts
from runs.engine.deaths import page_gone
from runs.engine.inpage import hides
from runs.engine.locate import describe
from runs.engine.masking import texts_of
from runs.engine.masking.trusted_origins import address_of, may_be_told
from runs.engine.plan import Target
from runs.engine.steps.base import Stage, Step, StepFailed, listed, one_line
from runs.engine.steps.seeing import SECONDS, company

LOADING = 3
# As the driver's log of a call puts it. Words that it changes some day cost the reason, and not the failure.
OBSTACLES = {
    "intercepts pointer events": "something else lies over it",
    "element is not enabled": "it is disabled",
    "element is not editable": "it cannot be edited",
    "element is not visible": "it is hidden",
    "element is not stable": "it does not stop moving",
    "element is outside of the viewport": "it cannot be scrolled into view",
    "did not find some options": "it has no such option",
    "Element is not an <input>": "it is not a field",
    "Element is not a <select>": "it is not a list to select from",
    "Not a checkbox or radio button": "it is neither a box to tick nor a radio button",
    "Clicking the checkbox did not change its state": "it does not change when it is clicked",
    "Malformed value": "the field does not take such a value",
}
UNREADABLE = ("while parsing", "is not a valid selector", "is not a valid XPath", "Unknown engine", "Unknown key")


async def perform(step: Step, stage: Stage, timeout_ms: int) -> None:
    """Run the step within its own timeout or `timeout_ms`.

    Raises `StepFailed`; an error of Playwright passes through only when the page, the browser or the driver is gone.
    """
    stage.timeout_ms = patience(step, timeout_ms)
    try:
        await _require_trusted(step, stage)
        await step.run(stage)
    except StepFailed as failure:
        # An expectation that a dead page cannot meet says nothing about the test.
        if stage.opened is not None and stage.opened.is_closed():
            raise Error("The page has been closed") from None
        # Where a page hides the driver's functions, expectations fail as well; that is no news about the test.
        raise await _hidden(step, stage) or failure from None
    except PlaywrightTimeout as error:
        raise await _hidden(step, stage) or await _late(step, stage, error) from error
    except Error as error:
        if page_gone(error):
            raise
        meant = await _meant(step, stage, error)
        if meant is None:
            raise _refused(step, error) from error
        # It comes here once: the step that is meant takes no part of a name any more.
        await perform(meant, stage, timeout_ms)


async def _meant(step: Step, stage: Stage, error: Error) -> Step | None:
    """The step on the one element that matches whole, where a part of a name was asked for and several have it."""
    target = step.aim()
    if target is None or target.exact is not False or "resolved to" not in error.message:
        return None
    whole = target.model_copy(update={"exact": None})
    if await stage.locate(whole).count() != 1:
        return None
    return step.model_copy(update={"target": whole})


async def _require_trusted(step: Step, stage: Stage) -> None:
    """Nothing secret is typed into a page, or a frame, of an origin that it was not entered for."""
    target = step.aim()
    if target is None or stage.opened is None or step.role == "expect":
        return
    # A frame may be of another origin than its page, which only the element itself tells (decision 32).
    if not target.frame and trusts([stage.site.origin], stage.page.url):
        return
    said = texts_of([value for name, value in step if name not in ("do", "note", "target")])
    if not said:
        return
    handle = await stage.locate(target).element_handle(timeout=stage.timeout_ms)
    refusal = may_be_told(stage.site, said, await address_of(handle))
    if refusal:
        raise StepFailed("blocked", f"“{step.sentence()}” was not done: {refusal}")


def patience(step: Step, timeout_ms: int) -> float:
    """Milliseconds that the step may take."""
    return float(step.timeout or timeout_ms * (LOADING if step.loads_page else 1))


async def _late(step: Step, stage: Stage, error: Error) -> StepFailed:
    """An action waited in vain: for the element, or for it to be ready."""
    target = step.aim()
    if target is None:
        return StepFailed("timeout", f"“{step.sentence()}” was not done after {stage.patience}")
    found = await company(stage, target)
    if found.silent:
        message = f"“{step.sentence()}” was not done after {stage.patience}{found.sentence}"
        return StepFailed("timeout", message, received=found.received)
    if found.number > 1:
        return _ambiguous(target, found.number, error)
    obstacle = _obstacle(error.message) or (found.received if found.number else None)
    if obstacle or found.number:
        obstacle = obstacle or "it was not ready"
        message = f"The {describe(target)} could not be used within {stage.patience}: {obstacle}"
        return StepFailed("timeout", message, received=obstacle)
    message = f"There is no {describe(target)} after {stage.patience}{found.sentence}"
    return StepFailed("not_found", message, expected=describe(target), received=found.received)


def _refused(step: Step, error: Error) -> StepFailed:
    hidden = hides(error.message)
    if hidden:
        return _out_of_reach(step, hidden)
    target = step.aim()
    several = re.search(r"resolved to (\d+) elements", error.message)
    if several and target is not None:
        return _ambiguous(target, int(several[1]), error)
    obstacle = _obstacle(error.message) or one_line(error.message.split("Call log", 1)[0].split(": ", 1)[-1])
    if any(sign in error.message for sign in UNREADABLE):
        return StepFailed("document", f"“{step.sentence()}” cannot be done as it is written: {obstacle}")
    return StepFailed("script", f"“{step.sentence()}” failed: {obstacle}", received=obstacle)


async def _hidden(step: Step, stage: Stage) -> StepFailed | None:
    """What failed because elements cannot be looked for on the page, which says nothing about those that are there."""
    target = step.aim()
    if target is None or stage.opened is None:
        return None
    try:
        async with asyncio.timeout(SECONDS):
            await stage.locate(target).count()
    except (Error, TimeoutError) as error:
        said = hides(str(error))
        return _out_of_reach(step, said) if said else None
    return None


def _out_of_reach(step: Step, said: str) -> StepFailed:
    return StepFailed("hidden", f"“{step.sentence()}” was not done: {said}")


def _ambiguous(target: Target, number: int, error: Error) -> StepFailed:
    said = re.findall(r"^[^\S\n]*\d+\) (.*?) aka ", error.message, re.MULTILINE)
    shown = f": {listed([one_line(element, 60) for element in said], 3)}" if said else ""
    message = (
        f"There are {number} elements that match {describe(target)}, and the step needs one{shown}. {_apart(target)}"
    )
    return StepFailed("not_found", message, expected="1", received=str(number))


def _apart(target: Target) -> str:
    """How to say which of several is meant."""
    ways = ["within (what it is in)" if target.within is None else "", "nth (its number)"]
    ways += ["a whole name instead of exact: false" if target.exact is False else ""]
    return f"Say which one by {' or '.join(way for way in ways if way)}."


def _obstacle(message: str) -> str | None:
    return next((words for sign, words in OBSTACLES.items() if sign in message), None)
