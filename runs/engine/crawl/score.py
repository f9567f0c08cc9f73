"""How much a link or an action is worth trying next: the novelty to be expected of it per second. Pure.

Expected novelty is a product of posterior means, each with a Beta prior that is given as pseudo-observations
(m-estimates: B. Cestnik, Estimating probabilities, ECAI 1990): what first ones of the kind lead to; how likely another
one of the family is unlike those before; how likely another one of the cluster is. The latter two are, before anything
is learnt, the chance of a new species in the urn of Blackwell and MacQueen (Ferguson distributions via Pólya urn
schemes, 1973): strength / (strength + seen). There what was offered and not visited yet counts as if it had led to
nothing (the constant liar of Ginsbourger, Le Riche and Carraro, 2010), or of a hundred equal links the last were as
good as the first.

Each shard's process learns from what it offered and visited itself. That is enough: all of them see the same site.
Seconds are nominal: how busy a machine is ranks nothing. Which visit ends first still does, a little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from math import log2
from typing import Literal

from runs.engine.events import PageSnapshot

Kind = Literal["link", "search", "follow", "recall", "form", "press", "field", "hover", "scroll"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is believed of a kind before the crawl has tried it: novelty of the first of a cluster, what it costs.

    `spread` is how many of a family it takes until another one is half as likely to be unlike them.
    """

    novelty: float
    seconds: float
    spread: float


# An action is a page load as well, in a fresh context, and each step waits for the page to rest: two of them. What lies
# behind an action counts with it, for nothing else leads there: crawls of the shop, datasette, Oscar and Prefect had a
# new kind of page from half of the first links of a shape, from a third of what was followed, from a sixth of the forms
# and presses; but there is more behind those, one after another, and it takes the longer the later it is begun.
EXPECTED: dict[Kind, Expectation] = {
    # Families are learnt shapes: the rows of /books/* and of /orders/* are held alike, and need not be.
    "link": Expectation(0.50, 1.0, 6),
    # It leads to one page with entries, whatever is asked: a kind of its own like the first of any shape.
    "search": Expectation(0.50, 1.0, 6),
    # The link was not there before something was sent: a basket, what was created.
    "follow": Expectation(0.90, 2.0, 0.5),
    # What only the browser keeps shows mostly a page that is known, with a number more.
    "recall": Expectation(0.50, 2.0, 0.5),
    # What is sent leads to a page of its own, writes, or shows the form again with complaints. Filling takes steps.
    "form": Expectation(1.00, 2.5, 0.5),
    # Families of controls are those that several kinds of page show in one place: they do the same on each of them.
    "press": Expectation(0.70, 2.0, 0.5),
    # A choice mostly narrows or orders what is shown.
    "field": Expectation(0.40, 2.0, 0.5),
    # Pointing opens a menu, most of whose links are in the document already.
    "hover": Expectation(0.35, 2.0, 0.5),
    # More of the same list.
    "scroll": Expectation(0.30, 2.0, 0.5),
}
# How much it is worth that is learnt: a kind of page counts whole, a write most of it, a new control half.
Outcome = Literal["template", "write", "control", "nothing"]
WORTH: dict[Outcome, float] = {"template": 1.0, "write": 0.8, "control": 0.5, "nothing": 0.0}

# Of one cluster the second is a sixth as likely to be new as the first, the third an eleventh.
ALIKE = 0.2
# Paging, sorting, filters and calendars wait behind the second of a cluster and come before the third.
AGAIN = 0.12
# Other orders and parts of one list are alike sooner than addresses of one folder are.
AGAIN_SPREAD = 3
# More of a family than this say nothing more.
MOST_OF_A_FAMILY = 20
# Observations that the prior of a kind is worth, and how fast those of the crawl are forgotten: a kind of action that
# leads to nothing any more keeps four ninths, and is found again when it does.
BELIEF = 40
KEPT = 0.98
# Rows keep the priority that they were born with. So the kinds by which all others are measured keep their prior: if
# they learnt, a deep link would come before a shallow one for having been found in better times.
MEASURE = ("link", "search")
# Breadth over depth, and the frame of a page over its content, among what is equal otherwise.
PER_DEPTH = 0.98
PLACE = {"banner": 0.999, "main": 0.995, "complementary": 0.993, "contentinfo": 0.991, "sitemap": 0.991}
PLACE |= {"navigation": 1.0, "menu": 1.0}
HIDDEN = 0.997
# Priorities are whole numbers: 1000 for each halving of the score.
PER_HALVING = 1000


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of a link or an action before it is tried.

    `cluster` is what it is equal with, `family` what it is like; `known` and `cousins` are how many of each were
    offered before it. `again`: it shows the same things in another order, part or selection.
    """

    kind: Kind
    cluster: str = ""
    family: Hashable = ""
    known: int = 0
    cousins: int = 0
    again: bool = False
    depth: int = 1
    landmark: str = "main"
    hidden: bool = False

    def as_first(self) -> Features:
        """As if no other of its cluster was known."""
        return replace(self, known=0)


@dataclass(slots=True)
class Tally:
    tried: float = 0.0
    worth: float = 0.0

    def add(self, worth: float, kept: float = 1.0) -> None:
        self.tried, self.worth = self.tried * kept + 1, self.worth * kept + worth


@dataclass(slots=True)
class History:
    """What came of earlier links and actions: of the first of each cluster by kind, of later ones by cluster."""

    _kinds: dict[tuple[Kind, bool], Tally] = field(default_factory=lambda: defaultdict(Tally))
    _later: dict[Hashable, float] = field(default_factory=lambda: defaultdict(float))
    _offered: dict[tuple[str | None, str], Features] = field(default_factory=dict)
    _shown: dict[str, set[Hashable]] = field(default_factory=lambda: defaultdict(set))

    def offer(self, key: str, features: Features, role: str | None = None) -> None:
        """Remember what a row of the frontier is, until its visit has ended; None: whichever role visits it first."""
        self._offered.setdefault((role, key), features)

    def visited(
        self, key: str, page: PageSnapshot, controls: Iterable[str], *, role: str = "", wrote: bool = False
    ) -> None:
        """Learn from a visit as `role`: what it was shown before is nothing new to it.

        `controls` are clusters of what the page offers; forms are controls as well.
        """
        template = ("template", page.template)
        shown = {template, *((form.method, *(field.name for field in form.fields)) for form in page.forms), *controls}
        fresh = shown - self._shown[role]
        self._shown[role] |= shown
        outcome: Outcome = "control" if fresh else "nothing"
        if page.is_error:
            outcome = "nothing"
        elif template in fresh:
            outcome = "template"
        elif wrote:
            outcome = "write"
        self.learn(key, outcome, role)

    def learn(self, key: str, outcome: Outcome, role: str = "") -> None:
        """What came of a row that this process offered; of those that other shards offered it knows nothing."""
        features = self._offered.pop((role, key), None) or self._offered.pop((None, key), None)
        if features is None:
            return
        worth = WORTH[outcome]
        if features.kind not in MEASURE and not features.known and not features.cousins:
            self._kinds[features.kind, features.again].add(worth, KEPT)
        if features.known:
            self._later[features.cluster] += worth
        elif features.cousins:
            self._later[features.family] += worth

    def of_kind(self, kind: Kind, again: bool) -> Tally:
        return self._kinds.get((kind, again), Tally())

    def later(self, cluster: Hashable) -> float:
        """How much those of a cluster, or clusters of a family, that were not its first were worth together."""
        return self._later.get(cluster, 0.0)


def score(features: Features, history: History) -> float:
    """Expected novelty per nominal second."""
    kind, tally = EXPECTED[features.kind], history.of_kind(features.kind, features.again)
    novelty = (kind.novelty * BELIEF + tally.worth) / (BELIEF + tally.tried)
    spread = AGAIN_SPREAD if features.again else kind.spread
    unlike = _unlike(spread, min(features.cousins, MOST_OF_A_FAMILY), history.later(features.family))
    unlike *= _unlike(ALIKE, features.known, history.later(features.cluster))
    place = PLACE.get(features.landmark, PLACE["main"]) * (HIDDEN if features.hidden else 1)
    waits = AGAIN if features.again else 1
    return novelty / kind.seconds * unlike * waits * place * PER_DEPTH**features.depth


def priority(features: Features, history: History) -> int:
    """The score as the frontier keeps it: a whole number, lower first."""
    return round(-PER_HALVING * log2(score(features, history)))


def _unlike(strength: float, seen: int, later: float) -> float:
    """How likely the next of these is unlike those seen; less than 1 where any was, however new they were."""
    return (strength + min(later, max(0, seen - 1))) / (strength + seen)
