"""What opens on a page without being one: a dialog, a menu, a tab. Doing the same again opens it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runs.engine.events import PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Draft, Observation
from runs.engine.generate.effects import expected, relisted, visible, whereabouts
from runs.engine.generate.proposals.writing import document, page_name, quoted, say
from runs.engine.kinds import kind_of
from runs.engine.page.look import Look, difference
from runs.engine.page.naming import shown
from runs.engine.page.safety import danger, harmless

_MOST = 20
_PARTS = 2


def cases(crawled: Crawled) -> Iterable[CaseSpec]:
    for state in crawled.states()[:_MOST]:
        name = pressed_name(state)
        if crawled.options.allow_destructive or not danger(name):
            writes = harmless(name) and not crawled.options.read_only
            yield crawled.case("state", state.known_as, state, writes=writes, about={"name": name})


def pressed_name(state: PageSnapshot) -> str:
    """What was pressed last on the way to a state."""
    target = state.way[-1].get("target", {})
    said = state.action.partition("“")[2].rpartition("”")[0]
    return str(target.get("name") or target.get("text") or target.get("label") or said or state.action)


def tests(crawled: Crawled, observations: Sequence[Observation]) -> Iterator[Draft]:
    for rank, seen in enumerate(observations):
        if seen.before is None or seen.after is None or seen.failed_requests:
            continue
        change = difference(seen.before, seen.after)
        found = [*expected(change, seen.after), *_new_parts(seen.before, seen.after)]
        # A filter is known by what it leaves out; messages such as "2 of 3" say less than the entries.
        if not found or kind_of(seen.case.steps[-1]).gesture == "entering":
            found = [*relisted(seen.before, seen.after), *found]
        if not found:
            continue
        state, name = crawled.page_of(seen.case), quoted(seen.case.about["name"])
        start = next((page for page in crawled.pages if page.url == state.begins and not page.way), state)
        goal = quoted(next((text for text in (*seen.after.dialogs, *change.headings) if text), "")) or name
        title = _title(crawled, state, name=name, page=page_name(crawled, start), goal=goal)
        steps = [*seen.case.steps, *whereabouts(change, seen.after), *found]
        why = f"this opened on {state.path} when the crawl tried “{name}”"
        yield Draft("state", title, document(seen.case, steps, title), seen.case, why, rank)


def _title(crawled: Crawled, state: PageSnapshot, *, name: str, page: str, goal: str) -> str:
    last = state.way[-1]
    if kind_of(last).gesture == "entering" and "value" in last:
        value = quoted(str(last["value"]))
        if kind_of(last).free_value:
            return say(crawled, "filter_finds", label=name, word=value)
        return say(crawled, "choice", choice=value, page=page)
    return say(crawled, "state", name=name, page=page, goal=goal)


def _new_parts(before: Look, after: Look) -> list[dict[str, object]]:
    """Buttons and links that were not there before."""
    old = {(control.role, control.name) for control in before.pressables}
    new = [control for control in after.pressables if control.role in ("button", "link", "menuitem", "tab")]
    targets = [shown(control.role, control.name) for control in new if (control.role, control.name) not in old]
    return [visible(target) for target in targets if target and target.get("exact")][:_PARTS]
