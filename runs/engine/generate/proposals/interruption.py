"""People who go back: after a link, back, the page is as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation
from runs.engine.generate.effects import at, visible
from runs.engine.generate.proposals import navigation
from runs.engine.generate.proposals.writing import document, page_name, quoted, say
from runs.engine.page.naming import shown
from runs.engine.steps.back import Back

_MOST = 10


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    """Only where interrupted flows were asked for."""
    if "interrupted_flows" not in crawled.options.dials.perspectives:
        return
    for case in list(navigation.cases(crawled))[:_MOST]:
        steps = (*case.steps, Back.step())
        yield case.model_copy(update={"family": "interruption", "steps": steps})


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for rank, seen in enumerate(observations):
        page, after = crawled.page_of(seen.case), seen.after
        if seen.before is None or after is None or after.path != page.path or after.main_heading == "":
            continue
        target = shown("heading", after.main_heading)
        if target is None or after.main_heading == seen.before.main_heading:
            continue
        name = quoted(seen.case.about["name"])
        title = say(crawled, "back", name=name, page=page_name(crawled, page))
        steps = [*seen.case.steps, at(after), visible(target)]
        why = f"this is what going back to {page.path} showed"
        yield Draft("interruption", title, document(seen.case, steps, title), seen.case, why, rank, "edge")
