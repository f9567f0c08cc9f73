"""Links lead where they say: from the landmarks to each section, from lists to one page of each kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urljoin, urlsplit

from runs.engine.events import Action, PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, address
from runs.engine.generate.effects import at, expected
from runs.engine.generate.proposals.writing import document, page_name, quoted, say
from runs.engine.page.look import difference
from runs.engine.page.naming import pressed
from runs.engine.page.safety import pressable
from runs.engine.steps.click import Click

_MOST = 24
_SECTIONS = 4
_FRAME = ("navigation", "banner", "contentinfo")
_PAGING = re.compile(r"[?&](?:page|p|offset|start|cursor)=", re.IGNORECASE)


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    known = {address(page.url): page for page in crawled.pages if page.status in (200, None) and not page.way}
    reached: Counter[str] = Counter()
    for page in crawled.exemplars():
        for action in page.actions:
            target = known.get(goal_of(page, action))
            if target is None or target.path == page.path or not worth(action, crawled):
                continue
            framed = action.landmark.startswith(_FRAME)
            there = address(target.url)
            # A link counts twice in `reached`, by its kind of page and by its address.
            full = reached[target.template] >= (_SECTIONS if framed else 1) or reached.total() >= 2 * _MOST
            link = pressed(action, page)
            if full or reached[there] or link is None:
                continue
            reached.update((target.template, there))
            auth = crawled.auth_of(page) or crawled.auth_of(target)
            about = {"name": action.name, "framed": framed}
            step = Click.step(target=link)
            yield crawled.case("navigation", there, page, (step,), auth=auth, about=about)


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for rank, seen in enumerate(observations):
        if seen.before is None or seen.after is None:
            continue
        change = difference(seen.before, seen.after)
        found = expected(change, seen.after)
        if not found or not change.moved:
            continue
        page = crawled.page_of(seen.case)
        name = quoted(seen.case.steps[-1]["target"].get("name") or seen.case.about["name"])
        goal = quoted(seen.after.main_heading) or seen.after.path
        title = say(crawled, "link", name=name, page=page_name(crawled, page), goal=goal)
        steps = [*seen.case.steps, at(seen.after), *found]
        where = "its navigation" if seen.case.about["framed"] else "its content"
        why = f"a link in {where} of {page.path} led there when it was pressed"
        yield Draft("navigation", title, document(seen.case, steps, title), seen.case, why, rank)


def goal_of(page: PageSnapshot, action: Action) -> str:
    """The address that a link of the same site leads to, or ""."""
    if action.role != "link" or not action.href or action.frame or action.href.startswith("#"):
        return ""
    url = urljoin(page.url, action.href)
    same = urlsplit(url)[:2] == urlsplit(page.url)[:2]
    return address(url) if same else ""


def worth(action: Action, crawled: Crawled) -> bool:
    named = 0 < len(action.name.strip()) <= 80
    return named and not _PAGING.search(action.href) and pressable(action.name, action.href, crawled.options)
