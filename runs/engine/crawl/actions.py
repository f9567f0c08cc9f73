"""What can be tried in a state: its controls, forms and fields as actions, with what their score goes by. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from random import Random
from typing import Any, Literal
from urllib.parse import urlsplit

from runs.engine.crawl.canonical import canonical
from runs.engine.crawl.form_action import Steps, steps_of
from runs.engine.crawl.found_links import FoundLink
from runs.engine.crawl.offers import Offer, Offers
from runs.engine.crawl.scope import Scope
from runs.engine.crawl.score import Features, History, Kind, priority
from runs.engine.events import Action, Form, FormField, Link, PageSnapshot
from runs.engine.lexicon import Intent, intents
from runs.engine.page.filling import valid
from runs.engine.page.naming import pressed
from runs.engine.page.safety import Control, Permit, asks, denied, permit, refusal
from runs.engine.plan import CrawlOptions, PageWork
from runs.engine.steps.click import Click
from runs.engine.steps.fill import Fill
from runs.engine.steps.hover import Hover
from runs.engine.steps.scroll import Scroll
from runs.engine.steps.select import Select

# The ledger counts too, in rows that all shards share (decision 17); this spares it rows that it would skip.
OF_A_CLUSTER = 2
MOST_STEPS = 60
LONGEST_NAME = 120
CHROME = frozenset({"banner", "navigation", "contentinfo", "menu"})
# These repeat as the entries of a list do, but each does something else: their names tell them apart.
NAMED_ALIKE = frozenset({"tab", "menuitem", "menuitemcheckbox", "menuitemradio", "switch"})
COUNTED = re.compile(r"\d+")
ONLY_NUMBER = re.compile(r"[\W\d_]+")
TYPED = frozenset({"text", "search", "number", "textarea", "email", "tel", "url"})


@dataclass(frozen=True, slots=True)
class ReachedState:
    """A state as it was reached.

    `before` are the links shown before the last step; `carried` says that something was written on the way, `sent` that
    it was to the application and not into the visitor's storage alone, `wrote` that it was by the action that led here.
    """

    work: PageWork
    page: PageSnapshot
    offers: Offers
    before: frozenset[tuple[str, str]] = frozenset()
    carried: bool = False
    sent: bool = False
    wrote: bool = False


@dataclass(frozen=True, slots=True)
class ActionCandidate:
    """An action before it is scored: equal `cluster`, equal kind of action.

    `family` is its cluster on whatever page, where there is such a one. `again`: it shows the same things again.
    """

    how: Kind
    steps: Steps
    sentence: str
    cluster: tuple[str, ...]
    family: tuple[str, ...] = ()
    landmark: str = ""
    again: bool = False


class Actions:
    """Turns one state after another into rows of the frontier; remembers which clusters each role was offered twice."""

    def __init__(
        self,
        options: CrawlOptions,
        scope: Scope,
        shape: Callable[[str], str],
        random: Random,
        history: History,
    ) -> None:
        self._options = options
        self._scope = scope
        self._shape = shape
        self._random = random
        self._history = history
        self._known: Counter[tuple[str, str]] = Counter()
        self._templates: dict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)

    def links(self, state: ReachedState) -> tuple[Link, ...]:
        """What to try from here, `max_actions` at most, best first."""
        if len(state.work.path) >= MOST_STEPS:
            return ()
        rows: dict[str, tuple[int, ActionCandidate, Features]] = {}
        here: Counter[str] = Counter()
        for candidate in self._candidates(state):
            group = group_of(candidate)
            tried = here[group] + self._known[state.work.role, group]
            key = key_of(state.work, candidate.steps)
            if tried < OF_A_CLUSTER and key not in rows:
                here[group] += 1
                features = self._features(candidate, group, tried, state)
                rows[key] = (priority(features, self._history), candidate, features)
        best = sorted(rows.items(), key=lambda row: row[1][0])[: self._options.max_actions]
        # What found no place among the best is not counted, so that another state can offer it again.
        for key, (_, _, features) in best:
            self._known[state.work.role, features.cluster] += 1
            self._history.offer(key, features, state.work.role)
        return tuple(_link(state, key, *row) for key, row in best)

    def _features(self, candidate: ActionCandidate, group: str, tried: int, state: ReachedState) -> Features:
        """What many kinds of page offer in one place is a family, one cluster on each of them."""
        cousins = 0
        if candidate.family:
            templates = self._templates[state.work.role, candidate.family]
            templates.add(state.page.template)
            cousins = len(templates) - 1
        return Features(
            candidate.how,
            group,
            candidate.family,
            known=tried,
            cousins=cousins,
            again=candidate.again,
            depth=state.work.depth + 1,
            landmark=candidate.landmark,
        )

    def _candidates(self, state: ReachedState) -> Iterator[ActionCandidate]:
        if state.carried:
            yield from self._onward(state)
        filled = set()
        for form in state.page.forms:
            for candidate in self._form(form, state):
                filled.add(form.submit_css)
                yield candidate
        for offer in state.offers.offers:
            if offer.css not in filled:
                yield from self._offer(offer, state)
        if state.offers.scrolls:
            steps = (Scroll.step(to="bottom"),)
            yield ActionCandidate("scroll", steps, "Scroll to the bottom of the page", ("scroll", state.page.template))

    def _onward(self, state: ReachedState) -> Iterator[ActionCandidate]:
        """Links that were not there before something was written: opened by address they would show it no more."""
        here = canonical(state.page.url)
        for action in state.page.actions:
            link = known_as(action)
            if action.role != "link" or not action.href or link in state.before or action.frame:
                continue
            key = canonical(action.href)
            if key == here or not self._scope.admits(action.href, action.name):
                continue
            target = pressed(action, state.page) or {"css": action.css}
            cluster = ("follow", state.page.template, action.landmark, self._shape(key))
            step = Click.step(target=target)
            how: Literal["follow", "recall"] = "follow" if state.sent else "recall"
            yield ActionCandidate(how, (step,), f"Follow “{action.name}”", cluster, landmark=action.landmark)

    def _form(self, form: Form, state: ReachedState) -> Iterator[ActionCandidate]:
        if not state.offers.usable(form) or any(field.type == "password" for field in form.fields) or _searches(form):
            return
        level, _ = permit(form, self._options, state.offers.control(form), state.page.url)
        steps = steps_of(form, state.page, self._random) if level is Permit.SUBMIT else None
        if steps is None:
            return
        action = self._shape(canonical(form.action)) if form.action else ""
        # What sends to an address of its own is alike on all pages that show it (decision 17).
        own = form.action and urlsplit(form.action).path != urlsplit(state.page.url).path
        fields = ",".join(sorted({COUNTED.sub("#", field.name or field.label) for field in form.fields}))
        place = ("", "") if own else (state.page.template, pattern(form.submit or form.name))
        name = form.name or form.heading or form.submit
        sentence = f"Fill and send “{name}”" if len(steps) > 1 else f"Press “{form.submit or name}”"
        yield ActionCandidate("form", steps, sentence, ("form", form.method, action, fields, *place))

    def _offer(self, offer: Offer, state: ReachedState) -> Iterator[ActionCandidate]:
        if offer.how == "field":
            yield from self._field(offer, state)
        elif offer.how == "hover":
            step = Hover.step(target=target_of(offer))
            yield _of(offer, state, "hover", step, f"Point at “{_said(offer)}”")
        elif not refusal(offer.control(), self._options):
            turns = bool(ONLY_NUMBER.fullmatch(offer.name)) or Intent.NEXT in intents(offer.name)
            again = turns or "grid" in offer.container
            step = Click.step(target=target_of(offer))
            yield _of(offer, state, "press", step, f"Press “{_said(offer)}”", again=again)

    def _field(self, offer: Offer, state: ReachedState) -> Iterator[ActionCandidate]:
        """A field outside of any form, such as one that filters what is shown.

        Boxes to tick select a part of what is shown, each a part of the other's part: two of them on the whole site.
        """
        target, label = target_of(offer), offer.name or offer.hints
        what: dict[str, Any] | None = None
        if offer.type == "select":
            others = tuple(option for option in offer.options if option != offer.chosen)
            option = valid(FormField(tag="select", options=others), self._random)
            what = Select.step(value=option) if option else None
        elif offer.type in ("checkbox", "radio"):
            what = Click.step()
        elif offer.type in TYPED and not offer.chosen:
            what = Fill.step(value=_word(state.page.actions) or "a")
        if what and not self._spared(offer, label, str(what.get("value", ""))):
            candidate = _of(offer, state, "field", what | {"target": target}, f"Use “{label}”")
            if offer.type in ("checkbox", "radio"):
                candidate = replace(candidate, cluster=("ticks", offer.container[:160]), family=(), again=True)
            yield candidate

    def _spared(self, offer: Offer, label: str, value: str) -> bool:
        """A choice may take effect at once, so it is as good as pressed; typing is not."""
        if offer.type in TYPED:
            return denied(label, self._options)
        chosen = [Control(value, label)] if value else []
        return any(refusal(control, self._options) for control in (offer.control(), *chosen))


def known_as(action: Action | FoundLink) -> tuple[str, str]:
    """A link as it is told from others: where it leads and what it says."""
    return (action.href, action.name if isinstance(action, Action) else action.text)


def group_of(candidate: ActionCandidate) -> str:
    """The cluster as a group of rows, which all shards share."""
    return f"act {' | '.join(candidate.cluster)}"[:420] + f" {digest(candidate.cluster)[:12]}"


def key_of(work: PageWork, steps: Steps = ()) -> str:
    """The key of a page, or of the state behind these steps, unique in a crawl."""
    if not work.path and not steps:
        return canonical(work.url)
    return f"{canonical(work.url)[:1900]}#then-{digest([*work.path, *steps])[:32]}"


def digest(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _of(
    offer: Offer, state: ReachedState, how: Kind, step: dict[str, Any], sentence: str, *, again: bool = False
) -> ActionCandidate:
    cluster = cluster_of(offer, state)
    family = (cluster[0], *cluster[2:]) if offer.name else ()
    return ActionCandidate(how, (step,), sentence, cluster, family, offer.landmark, again)


def _link(state: ReachedState, key: str, rank: int, candidate: ActionCandidate, features: Features) -> Link:
    kind: Literal["form", "action"] = "form" if candidate.how == "form" else "action"
    return Link(
        url=state.work.url,
        key=key,
        group=features.cluster,
        priority=rank,
        depth=state.work.depth + 1,
        kind=kind,
        path=(*state.work.path, *candidate.steps),
        action=candidate.sentence[:300],
        carried=state.wrote and candidate.how in ("follow", "recall"),
    )


def cluster_of(offer: Offer, state: ReachedState) -> tuple[str, ...]:
    """What is offered alike: on pages of one template, in one place, under one kind of name; site-wide in a frame.

    What has no name is told by its classes alone, which say how it looks: on each kind of page it may do another thing.
    """
    template = "" if offer.landmark in CHROME and offer.name else state.page.template
    name = offer.tail if offer.repeated and offer.role not in NAMED_ALIKE else pattern(offer.name or offer.hints)
    return (offer.how, template, offer.role, offer.container[:160], name)


def pattern(name: str) -> str:
    """A name without what varies in it."""
    return COUNTED.sub("#", " ".join(name.lower().split()))[:60]


def target_of(offer: Offer) -> dict[str, Any]:
    """How the control is found again: by role and name where it has both, else by its place."""
    if not offer.role or not offer.name or len(offer.name) > LONGEST_NAME or offer.place < 0:
        return _framed({"css": offer.css}, offer)
    target: dict[str, Any] = {"role": offer.role, "name": offer.name, "exact": True}
    return _framed(target | {"nth": offer.place} if offer.twins > 1 else target, offer)


def _framed(target: dict[str, Any], offer: Offer) -> dict[str, Any]:
    return target | {"frame": [{"css": offer.frame}]} if offer.frame else target


def _said(offer: Offer) -> str:
    return (offer.name or offer.hints or offer.css)[:LONGEST_NAME]


def _searches(form: Form) -> bool:
    """Searches by address are among the links already."""
    return asks(form) and len(form.fields) == 1 and form.fields[0].type in ("text", "search")


def _word(actions: Iterable[Action]) -> str:
    """A word that the content shows, to be looked for."""
    named = [action.name for action in actions if action.landmark in ("main", "", "region")]
    found = [word for name in named[-8:] for word in re.findall(r"[^\W\d_]{4,}", name)]
    return max(found, key=len, default="")
