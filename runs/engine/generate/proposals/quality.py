"""What a person asked for beside function: answers in time, headers that protect, a language that is declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation, address
from runs.engine.generate.effects import visible
from runs.engine.generate.proposals.writing import document, page_name, say, seen_on
from runs.engine.steps.request import Request

_MOST = 20
_SHORTEST_MS = 1_000
_PATIENCE = 5
_ASKED = frozenset({"performance", "security"})


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    wanted = crawled.options.dials.quality
    for page in crawled.exemplars()[:_MOST]:
        if page.status not in (200, None):
            continue
        if _ASKED.intersection(wanted):
            fetch = Request.step(method="GET", path=address(page.url))
            yield crawled.case("quality", f"asked {page.template}", page, fetch=fetch, about={"kind": "asked"})
        if "localization" in wanted and page.lang:
            yield crawled.case("quality", f"language {page.template}", page, about={"kind": "language"})


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    wanted = crawled.options.dials.quality
    for rank, seen in enumerate(observations):
        if seen.case.about["kind"] == "language":
            yield from _language(crawled, seen, rank)
        elif seen.answer is not None and seen.answer.status == 200:
            if "performance" in wanted:
                yield _in_time(crawled, seen, rank)
            if "security" in wanted:
                yield from _protected(crawled, seen, rank)


def _language(crawled: Crawled, seen: Observation, rank: int) -> Iterator[Draft]:
    page = crawled.page_of(seen.case)
    # The language goes into a selector in quotation marks.
    if seen.after is None or '"' in page.lang:
        return
    title = say(crawled, "language", page=page_name(crawled, page), language=page.lang)
    step = visible({"css": f'html[lang="{page.lang}"]'}) | {"note": f"The page says that it is in {page.lang}"}
    yield Draft("quality", title, document(seen.case, [step], title), seen.case, seen_on(crawled, page), rank)


def _in_time(crawled: Crawled, seen: Observation, rank: int) -> Draft:
    """Five times what it took, a second at least: what is slower is a change and no noise."""
    took = seen.answer.milliseconds if seen.answer else 0
    most = max(_SHORTEST_MS, -(-_PATIENCE * took // 500) * 500)
    page = crawled.page_of(seen.case)
    title = say(crawled, "in_time", page=page_name(crawled, page), seconds=f"{most / 1000:g}")
    step = {**(seen.case.fetch or {}), "expect": {"status": 200, "max_ms": most}}
    why = f"it answered in {took} ms when it was tried; {seen_on(crawled, page)}"
    return Draft("quality", title, document(seen.case, [step], title), seen.case, why, rank)


def _protected(crawled: Crawled, seen: Observation, rank: int) -> Iterator[Draft]:
    sent = seen.answer.headers if seen.answer else {}
    page = crawled.page_of(seen.case)
    if not sent:
        return
    title = say(crawled, "headers", page=page_name(crawled, page))
    # Further parts of a policy may hold a nonce, which is another with each answer.
    expected = {name: value.split(";")[0].split(",")[0].strip() for name, value in sorted(sent.items())}
    step = {**(seen.case.fetch or {}), "expect": {"status": 200, "headers": expected}}
    why = f"these protecting headers came with it; {seen_on(crawled, page)}"
    yield Draft("quality", title, document(seen.case, [step], title), seen.case, why, rank)
