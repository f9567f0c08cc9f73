"""Journeys: from the entrance by links through two to four pages, and what a person would do at the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from runs.engine.events import PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, Step, address
from runs.engine.generate.effects import at, expected, visible
from runs.engine.generate.proposals import entering
from runs.engine.generate.proposals.following import may_press
from runs.engine.generate.proposals.form_kinds import kind
from runs.engine.generate.proposals.navigation import goal_of, worth
from runs.engine.generate.proposals.writing import document, outcome, page_name, quoted, say
from runs.engine.page.look import difference
from runs.engine.page.naming import pressed, shown
from runs.engine.steps.click import Click

_MOST = 8
_LONGEST = 4
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Trail:
    """Pages one after the other, and the link from each to the next."""

    pages: tuple[PageSnapshot, ...]
    links: tuple[Step, ...] = ()


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    ends = list(_ends(crawled))
    chosen = sorted(ends, key=lambda end: (end[1] is None, -len(end[0].pages)))[:_MOST]
    for trail, action in chosen:
        first, last = trail.pages[0], trail.pages[-1]
        auth = next((auth for page in trail.pages if (auth := crawled.auth_of(page))), "")
        steps = [*_along(trail), *([action] if action else [])]
        about = {"pages": [page.known_as for page in trail.pages], "acts": action is not None}
        yield crawled.case("journey", last.template, first, steps, auth=auth, writes=action is not None, about=about)


def _ends(crawled: Crawled) -> Iterator[tuple[Trail, Step | None]]:
    """The way to each kind of page that is far enough, with the small thing that can be done there."""
    for trail in trails(crawled):
        action = _action(crawled, trail.pages[-1])
        if len(trail.pages) >= (_SHORTEST - 1 if action else _SHORTEST):
            yield trail, action


def trails(crawled: Crawled) -> list[Trail]:
    """The shortest way from the entrance to each kind of page, each kind once on a way."""
    known: dict[str, PageSnapshot] = {}
    for page in crawled.pages:
        # A test signs in once, so that pages which other roles have seen lie on no way.
        if page.status in (200, None) and not page.way and not page.role:
            known.setdefault(address(page.url), page)
    entrance = next(iter(crawled.exemplars()), None)
    if entrance is None:
        return []
    found: list[Trail] = []
    reached, waiting = {entrance.template}, deque([Trail((entrance,))])
    while waiting:
        trail = waiting.popleft()
        for page, link in _onward(trail.pages[-1], known, crawled):
            if page.template not in reached and len(trail.pages) < _LONGEST:
                reached.add(page.template)
                longer = Trail((*trail.pages, page), (*trail.links, link))
                found.append(longer)
                waiting.append(longer)
    return found


def _onward(
    page: PageSnapshot, known: dict[str, PageSnapshot], crawled: Crawled
) -> Iterator[tuple[PageSnapshot, Step]]:
    """Links of the content before those of the frame: a person goes deeper, not round in circles."""
    for action in sorted(page.actions, key=lambda action: not action.landmark.startswith("main")):
        goal = known.get(goal_of(page, action))
        if goal is None or goal.template == page.template or not worth(action, crawled):
            continue
        target = pressed(action, page)
        if target:
            yield goal, Click.step(target=target)


def _action(crawled: Crawled, page: PageSnapshot) -> Step | None:
    for form in page.forms:
        if kind(form) == "press" and not form.frame and may_press(form, crawled):
            return entering.sending(form, page)
    return None


def _along(trail: Trail) -> Iterator[Step]:
    """The links, with the heading of each page that is passed."""
    for place, link in enumerate(trail.links, start=1):
        yield link
        target = _heading(trail.pages[place])
        if target and place < len(trail.links):
            yield visible(target)


def _heading(page: PageSnapshot) -> Step | None:
    top = [heading.text for heading in page.headings if heading.level == 1]
    return shown("heading", top[0]) if len(top) == 1 else None


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for rank, seen in enumerate(observations):
        if seen.before is None or seen.after is None or seen.failed_requests:
            continue
        change = difference(seen.before, seen.after)
        found = expected(change, seen.after)
        if not found or not (change.moved or seen.case.about["acts"]):
            continue
        names = {page.known_as: page for page in crawled.pages}
        pages = [names[name] for name in seen.case.about["pages"] if name in names]
        stops = " → ".join(page_name(crawled, page) for page in pages)
        effect = outcome(crawled, found[0]) if seen.case.about["acts"] else ""
        title = say(crawled, "journey_acts" if effect else "journey", stops=stops, outcome=effect)
        steps = [*seen.case.steps, at(seen.after), *found]
        goal = quoted(pages[-1].path) if pages else seen.after.path
        why = f"the shortest way by links from the entrance to {goal}"
        yield Draft("journey", title, document(seen.case, steps, title, "high"), seen.case, why, rank)
