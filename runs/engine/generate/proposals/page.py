"""One test per kind of page: it opens, says what it is, has its parts, and nothing breaks while it loads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from runs.engine.events import PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, Step
from runs.engine.generate.effects import at, visible
from runs.engine.generate.proposals.writing import document, page_name, say, seen_on
from runs.engine.page.look import Look
from runs.engine.page.naming import field_of, shown
from runs.engine.steps.expect_no_console_errors import ExpectNoConsoleErrors
from runs.engine.steps.expect_no_failed_requests import ExpectNoFailedRequests

_PARTS = 5
_CONTROLS = 4
_FIELDS = 4
_MANY = 5  # times as many names are expected where accessibility was asked for


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    for page in crawled.exemplars():
        if page.status in (200, None):
            yield crawled.case("page", page.template, page)


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    common = _common(crawled)
    for rank, seen in enumerate(observations):
        page, look = crawled.page_of(seen.case), seen.after
        if look is None:
            continue
        # The first page stands for what all of them share.
        shared = set() if rank == 0 else common
        most = _MANY if "accessibility" in crawled.options.dials.quality else 1
        parts = [*_heading(page, look), *_landmarks(page, most), *_list(look)]
        parts += [*_fields(page, shared, most), *_controls(page, look, shared, most)]
        if not parts:
            continue
        steps = [at(look), *parts, *_quiet(page, seen)]
        title = say(crawled, "page", page=page_name(crawled, page))
        yield Draft(
            "page",
            title,
            document(seen.case, steps, title, "high" if page.path == "/" else "medium"),
            seen.case,
            seen_on(crawled, page),
            rank,
        )


def _common(crawled: Crawled) -> set[str]:
    """Names of buttons and fields that most pages have: one test of them is enough."""
    pages = crawled.exemplars()
    counts = Counter(name for page in pages for name in {*_buttons(page), *_labels(page)})
    return {name for name, count in counts.items() if count > max(2, len(pages) // 2)}


def _buttons(page: PageSnapshot) -> set[str]:
    return {action.name for action in page.actions if action.role == "button"}


def _labels(page: PageSnapshot) -> set[str]:
    return {field.label for form in page.forms for field in form.fields}


def _heading(page: PageSnapshot, look: Look) -> list[Step]:
    name = look.main_heading
    if not name or name not in {heading.text for heading in page.headings}:
        return []
    target = shown("heading", name)
    return [visible(target)] if target else []


def _landmarks(page: PageSnapshot, most: int) -> list[Step]:
    steps = []
    for landmark in page.landmarks:
        same_role = [other for other in page.landmarks if other.role == landmark.role]
        if len(same_role) == 1:
            steps.append(visible({"role": landmark.role}))
        elif landmark.name and sum(1 for other in same_role if other.name == landmark.name) == 1:
            steps.append(visible({"role": landmark.role, "name": landmark.name, "exact": True}))
    return steps[: _PARTS * most]


def _list(look: Look) -> list[Step]:
    """A list is not empty: its second entry is there too, so that one left-over entry does not pass for a list."""
    if not look.list_role:
        return []
    target: Step = {"role": look.list_role, "nth": 1}
    return [visible(target | {"within": {"role": "main"}} if look.has_main else target)]


def _fields(page: PageSnapshot, shared: set[str], most: int) -> list[Step]:
    found = []
    for form in page.forms:
        for field in form.fields:
            target = field_of(field, form, page)
            if (
                not form.frame
                and field.label not in shared
                and target
                and "css" not in target
                and field.type != "hidden"
            ):
                found.append(visible(target))
    return found[: _FIELDS * most]


def _controls(page: PageSnapshot, look: Look, shared: set[str], most: int) -> list[Step]:
    """Buttons first, those of the main part before others: they are what a page is for."""
    steps = []
    buttons = [button for button in look.pressables if button.role == "button"]
    known = _buttons(page) - shared
    for button in sorted(buttons, key=lambda button: not button.main):
        target = shown("button", button.name)
        if target and button.name in known and visible(target) not in steps:
            steps.append(visible(target))
    return steps[: _CONTROLS * most]


def _quiet(page: PageSnapshot, seen: Observation) -> list[Step]:
    """Silence is expected only where the page was silent, both when crawled and when looked at again."""
    steps: list[Step] = []
    if not page.console_errors and not seen.console_errors:
        steps.append(ExpectNoConsoleErrors.step())
    if not page.failed_requests and not seen.failed_requests:
        steps.append(ExpectNoFailedRequests.step())
    return steps
