"""Turning the page of a list shows other entries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urljoin, urlsplit

from runs.engine.events import Action, PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, query_of
from runs.engine.generate.effects import absence, at, expected, presence
from runs.engine.generate.proposals.writing import document, page_name, say, seen_on
from runs.engine.lexicon import Intent, Topic, alone, topics
from runs.engine.page.look import difference
from runs.engine.page.naming import pressed
from runs.engine.page.safety import pressable
from runs.engine.steps.click import Click

_ARROW = re.compile(r"^[^\w\u203a»→]*[\u203a»→]\W*$")
_PAGE = re.compile(r"[?&](?:page|p|pg|offset|start|cursor|after)=", re.IGNORECASE)
_MOST = 6


def is_paging(action: Action) -> bool:
    """A link to another page of the same list, by its words or its address."""
    numbered = action.name.strip().isdecimal() or action.name.strip() == ""
    return action.role == "link" and bool(
        _is_next(action) or (_PAGE.search(action.href) and (numbered or Topic.PAGE in topics(action.name)))
    )


def _is_next(action: Action) -> bool:
    """Called "Next", with an arrow or a number beside it at most; or an arrow alone."""
    return alone(action.name, Intent.NEXT) or bool(_ARROW.match(action.name))


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    tried: set[str] = set()
    for page in crawled.exemplars():
        for action in sorted(page.actions, key=lambda action: not _is_next(action)):
            goal = urlsplit(urljoin(page.url, action.href))
            here = urlsplit(page.url)
            leads_on = goal[:2] == here[:2] and (goal.path, goal.query) != (here.path, here.query)
            if page.template in tried or action.frame or not is_paging(action) or not leads_on:
                continue
            link = pressed(action, page)
            if link and pressable(action.name, action.href, crawled.options) and len(tried) < _MOST:
                tried.add(page.template)
                step = Click.step(target=link)
                yield crawled.case("pagination", page.template, page, (step,))


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for rank, seen in enumerate(observations):
        if seen.before is None or seen.after is None:
            continue
        change = difference(seen.before, seen.after)
        found = [*presence(change.appeared, 2), *absence(change.vanished, seen.after, 2)]
        found = found or expected(change, seen.after)
        if not found:
            continue
        page = crawled.page_of(seen.case)
        title = say(crawled, "next_page", page=_list_name(crawled, page))
        steps = [*seen.case.steps, at(seen.after), *found]
        yield Draft(
            "pagination",
            title,
            document(seen.case, steps, title),
            seen.case,
            seen_on(crawled, page),
            rank,
        )


def _list_name(crawled: Crawled, page: PageSnapshot) -> str:
    query = query_of(page.url)
    topic = next(
        (value for key, value in query.items() if key in ("q", "query", "search", "category", "month") and value), ""
    )
    name = page_name(crawled, page)
    return say(crawled, "list_for", page=name, topic=topic) if topic else name
