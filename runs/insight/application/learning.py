"""One crawl folded into what was known: the parts to remember, and what is otherwise than before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from runs.engine.page.volatile import normalised
from runs.engine.plan import ACCOUNT
from runs.insight.application import clauses
from runs.insight.application.api_endpoint import ON, SeenEndpoint, endpoints, remembered
from runs.insight.application.form import joined
from runs.insight.application.form_headings import FormKeys, ShownForm, under_one_heading
from runs.insight.application.observing import MOST_SENTENCES, Observed, SeenPage
from runs.insight.application.page_kinds import by_signature, kinds, name_of, pattern_of
from runs.insight.application.parts import Kind, KnownPart, PartDifference, What

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part as pages showed it, and what is otherwise than it was known, in clauses.

    `pages` are those that showed it, `supersedes` the known endpoints that it takes the place of.
    """

    name: str
    facts: Json
    said: Sequence[str]
    templates: set[str]
    pages: Set[str] = frozenset()
    supersedes: Set[str] = frozenset()


@dataclass(slots=True)
class Learnt:
    """`parts` replace those of the same kind and key. `changed` are structures of this crawl whose kind of page is new
    or has changed, None where nothing was known before. `lost` says of pages that are gone why."""

    parts: dict[tuple[Kind, str], KnownPart] = field(default_factory=dict)
    differences: list[PartDifference] = field(default_factory=list)
    changed: frozenset[str] | None = None
    lost: dict[str, str] = field(default_factory=dict)


def learn(known: Sequence[KnownPart], seen: Observed) -> Learnt:
    """What is known after a crawl. What the crawl could not have seen stays as it is."""
    return _Lesson(known, seen).learnt()


class _Lesson:
    def __init__(self, known: Sequence[KnownPart], seen: Observed) -> None:
        self.seen = seen
        self.known: dict[tuple[Kind, str], KnownPart] = {(part.kind, part.key): part for part in known}
        self.first = not known
        self.kind_of = kinds(self._of("template"), self._of("page"), seen)
        self.visited = {self.kind_of[page.signature] for page in seen.pages.values()}
        self.newcomers = self._newcomers()
        self.compared = self._compared()
        self.living: dict[str, list[str]] = {}
        self.touched: set[str] = set()
        self.out = Learnt()

    def learnt(self) -> Learnt:
        # Pages come first: whether a form, a way or a kind is gone depends on which of them are left.
        self._pages()
        self.living = self._living_pages()
        self._forms()
        self._endpoints()
        self._actions()
        self._edges()
        self._templates()
        if not self.first:
            touched = (signature for signature, key in self.kind_of.items() if key in self.touched)
            self.out.changed = frozenset(self.seen.clusters.get(signature, signature) for signature in touched)
        return self.out

    def _compared(self) -> set[str]:
        """Pages of which a part says something when it is new there: seen before as well, or new themselves.

        What a page shows that was there before and is opened for the first time, or by somebody for whom no crawl
        opened any page before, is no change of the application.
        """
        old = {key: page for key, page in self.seen.pages.items() if not page.roles & self.newcomers}
        return {key for key in old if ("page", key) in self.known or not self._was_there(key)}

    def _newcomers(self) -> set[str]:
        """Roles that no earlier crawl has opened a page as. The crawl's own is that of the account."""
        known = {role or ACCOUNT for part in self._of("page") for role in part.roles}
        return {role for role in self.seen.roles if (role or ACCOUNT) not in known}

    def _was_there(self, key: str) -> bool:
        """Whether a page that is not known was there before as well, or is there because a crawl put it there.

        What only such a page leads to could not be known either.
        """
        met: set[str] = set()
        while key in self.seen.pages and ("page", key) not in self.known and key not in met:
            page = self.seen.pages[key]
            if key in self.seen.before or page.by_search or page.own:
                return True
            met.add(key)
            key = page.found_on or ""
        return False

    def _of(self, kind: Kind) -> list[KnownPart]:
        return [part for part in self.known.values() if part.kind == kind]

    def _alive(self, kind: Kind) -> list[KnownPart]:
        return [part for part in self._of(kind) if part.gone_since is None]

    def _keep(self, part: KnownPart) -> None:
        self.out.parts[part.kind, part.key] = part

    def _tell(self, part: KnownPart, what: What, said: Iterable[str] = ()) -> None:
        if not self.first:
            self.out.differences.append(PartDifference(part.kind, what, part.key, part.name, tuple(said)))

    def _seen(self, kind: Kind, key: str, name: str, facts: dict[str, Any], **more: Any) -> KnownPart:
        """The part as it is remembered from this crawl on; told as new where it was not known or was gone."""
        before = self.known.get((kind, key))
        first = before.first_seen if before else self.seen.run
        part = KnownPart(kind, key, name, facts=facts, first_seen=first, last_seen=self.seen.run, **more)
        self._keep(part)
        return part

    def _is_news(self, part: KnownPart) -> bool:
        before = self.known.get((part.kind, part.key))
        return before is None or before.gone_since is not None

    # Pages

    def _pages(self) -> None:
        for key, page in self.seen.pages.items():
            before = self.known.get(("page", key))
            roles = {*page.roles, *(self._roles_left(before) if before else ())}
            facts = {"url": page.url, "kind": page.kind, "action": page.action, "depth": page.depth}
            # `asked` is what stored parts call it.
            facts |= {"asked": page.by_search, "own": page.own}
            part = self._seen(
                "page",
                key,
                page.title or page.action or key,
                facts | {"found_on": page.found_on},
                template=self.kind_of[page.signature],
                roles=tuple(sorted(roles)),
            )
            # A page that was found before and is opened for the first time is remembered, and is no news (decision 41).
            if before is None and (self._was_there(key) or page.roles <= self.newcomers):
                continue
            if self._is_news(part):
                self._tell(part, "new")
            elif before and before.template != part.template:
                self._tell(part, "changed", ["it is of another kind now"])
        # By depth, for a page is missed only after the page that led to it was looked at.
        for part in sorted(self._alive("page"), key=lambda part: part.facts["depth"]):
            if part.key not in self.seen.pages:
                self._missing(part)

    def _roles_left(self, page: KnownPart) -> set[str]:
        """Roles that reached the page before, and may still: this crawl did not try, or did not get everywhere."""
        tried = self.seen.roles if self.seen.scope.complete else set()
        return set(page.roles) - tried - self.seen.closed.get(page.key, set())

    def _missing(self, page: KnownPart) -> None:
        """A known page that this crawl did not visit with success."""
        why = self.seen.lost.get(page.key)
        if why is None and self._would_have_been_found(page):
            why = "the crawl found no way to it any more"
        left = self._roles_left(page) if why is None else set()
        if why is None and page.roles and not left and self.seen.closed.get(page.key):
            why = "nobody may see it any more"
        if why is not None:
            self.out.lost[page.key] = why
            self._keep(replace(page, gone_since=self.seen.run))
            if not page.facts.get("own"):
                self._tell(page, "removed", [why])
        elif left != set(page.roles) and left:
            self._keep(replace(page, roles=tuple(sorted(left))))

    def _would_have_been_found(self, page: KnownPart) -> bool:
        scope, facts = self.seen.scope, page.facts
        if not scope.complete or page.key in self.seen.found or facts["depth"] > scope.max_depth:
            return False
        if (facts["kind"] != "link" and not scope.states) or not set(page.roles) <= self.seen.roles:
            return False
        # Nothing need link to what only a search of the crawl's own led to.
        if facts.get("asked") or (facts["kind"] != "link" and normalised(facts["action"]) in self.seen.tried):
            return False
        origin = facts["found_on"]
        return origin is None or origin in self.seen.pages or origin in self.out.lost

    # Forms, endpoints, actions: each is on some kinds of pages

    def _forms(self) -> None:
        found: dict[str, list[ShownForm]] = {}
        forms = [(signature, on) for signature, by_template in self.seen.forms.items() for on in by_template.values()]
        keys = FormKeys.made(self._of("form"), (form for _, on in forms for form in on.values()))
        for signature, on in forms:
            template = self.kind_of.get(signature)
            for page, form in on.items() if template else ():
                shown = ShownForm(str(template), page, form)
                found.setdefault(keys.key(shown), []).append(shown)
        found = under_one_heading(found, self._alive("form"), keys)
        for key, seen in found.items():
            form = joined(shown.form for shown in seen)
            before = self.known.get(("form", key))
            facts = {"method": form.method, "action": form.path, "submit": form.submit}
            kept, said = self._fields(before, seen) if before else (form.fields, [])
            name = before.name if before else form.name
            templates, pages = {shown.template for shown in seen}, {shown.page for shown in seen}
            self._on_templates("form", key, ShownPart(name, facts | {"fields": kept}, said, templates, pages))
        self._absent("form", set(found))

    def _fields(self, before: KnownPart, seen: Sequence[ShownForm]) -> tuple[list[Json], list[str]]:
        """The fields to remember, and what is otherwise on pages that showed the form before.

        Fields that some page of a sample shows are not gone because another sample does not.
        """
        had, known = before.facts.get("on"), before.facts["fields"]
        comparable = [shown.form for shown in seen if had is None or shown.page in had]
        complete = self._all(before) and set(had or ()) <= set(self.seen.pages)
        kept, said = clauses.fields(known, joined(comparable).fields, complete=complete) if comparable else (known, [])
        return clauses.fields(kept, joined(shown.form for shown in seen).fields, complete=False)[0], said

    def _all(self, part: KnownPart) -> bool:
        """Whether all kinds of pages that had the part were visited anew."""
        return set(part.templates) <= self.visited

    def _endpoints(self) -> None:
        calls = (
            (self.kind_of[signature], call)
            for signature, listed in self.seen.calls.items()
            if signature in self.kind_of
            for call in listed
        )
        found = endpoints(calls, self._of("endpoint"))
        for key, endpoint in found.items():
            before = self.known.get(("endpoint", key))
            facts, said = remembered(before, endpoint)
            self._on_templates(
                "endpoint", key, ShownPart(key, facts, said, endpoint.templates, endpoint.pages, endpoint.supersedes)
            )
        self._absent("endpoint", {*found, *(key for endpoint in found.values() for key in self._superseded(endpoint))})

    def _superseded(self, endpoint: SeenEndpoint) -> set[str]:
        """Known endpoints that turned out to be one with others, remembered no more on their own."""
        gone = [self.known["endpoint", key] for key in endpoint.supersedes if ("endpoint", key) in self.known]
        for part in gone:
            self._keep(replace(part, gone_since=self.seen.run))
        return {part.key for part in gone}

    def _actions(self) -> None:
        found: dict[str, tuple[str, str, set[str]]] = {}
        for signature, offered in self.seen.actions.items():
            for role, name in offered if signature in self.kind_of else ():
                key = f"{role} {name}"
                found.setdefault(key, (role, name, set()))[2].add(self.kind_of[signature])
        for key, (role, name, templates) in found.items():
            self._on_templates("action", key, ShownPart(name, {"role": role}, (), templates))
        self._absent("action", set(found))

    def _on_templates(self, kind: Kind, key: str, shown: ShownPart) -> None:
        before = self.known.get((kind, key))
        had = before.templates if before else ()
        elsewhere = {template for template in had if template not in self.visited and not self._is_gone(template)}
        facts = {**shown.facts, "templates": sorted(shown.templates | elsewhere)}
        if kind != "action":
            facts["on"] = [*sorted(shown.pages), *(page for page in self._left(before) if page not in shown.pages)][:ON]
            facts["own"] = all(self._is_own(page) for page in facts["on"])
        part = self._seen(kind, key, shown.name, facts)
        # That actions come and go is not told: there are too many (decision 21).
        if kind == "action":
            return
        if self._is_news(part):
            self.touched |= shown.templates
            known = facts["own"] or any(("endpoint", endpoint_key) in self.known for endpoint_key in shown.supersedes)
            if not known and (before is not None or self.compared & shown.pages):
                self._tell(part, "new")
        elif shown.said:
            self._tell(part, "changed", shown.said)
            self.touched |= shown.templates

    def _left(self, part: KnownPart | None) -> list[str]:
        """Living pages that showed a part and were not visited anew by all who saw them before and still may."""
        on = part.facts.get("on", ()) if part else ()
        return [page for page in on if not self._looked_at(page) and self._lives(page)]

    def _looked_at(self, key: str) -> bool:
        seen, known = self.seen.pages.get(key), self.known.get(("page", key))
        before = set(known.roles) - self.seen.closed.get(key, set()) if known else set()
        return seen is not None and {role or ACCOUNT for role in before} <= {role or ACCOUNT for role in seen.roles}

    def _is_own(self, key: str) -> bool:  # a search, or a record, of a crawl's own led to it
        part = self.out.parts.get(("page", key)) or self.known.get(("page", key))
        return part is not None and bool(part.facts.get("asked") or part.facts.get("own"))

    def _lives(self, page: str) -> bool:
        part = self.out.parts.get(("page", page)) or self.known.get(("page", page))
        return part is not None and part.gone_since is None

    def _absent(self, kind: Kind, found: set[str]) -> None:
        """Parts that none of the pages has any more that were visited anew; elsewhere they may still be."""
        for part in self._alive(kind):
            still = {self._template_of(page) for page in self._left(part)}
            left = [
                key for key in part.templates if key in still or (key not in self.visited and not self._is_gone(key))
            ]
            if part.key in found or len(left) == len(part.templates):
                continue
            facts = {**part.facts, "templates": left}
            self._keep(replace(part, facts=facts, gone_since=None if left else self.seen.run))
            if not left and kind != "action" and not part.facts.get("own"):
                self._tell(part, "removed")
                self.touched |= set(part.templates) & self.visited

    def _is_gone(self, template: str) -> bool:
        """Whether no page of this kind is left."""
        return template not in self.visited and template not in self.living

    def _edges(self) -> None:
        for (signature, target), sentences in self.seen.edges.items():
            origin, leads_to = self.kind_of.get(signature), self._template_of(target)
            if origin is None or leads_to is None or origin == leads_to:
                continue
            key = f"{origin} → {leads_to}"
            known = self.out.parts.get(("edge", key))
            said = [
                *(known.facts["sentences"] if known else ()),
                *(sentence for sentence, _ in sentences.most_common()),
            ]
            facts = {"to": leads_to, "sentences": list(dict.fromkeys(said))[:MOST_SENTENCES]}
            self._seen("edge", key, key, facts, template=origin)
        for part in self._alive("edge"):
            if (part.kind, part.key) not in self.out.parts and self._lost_way(part):
                self._keep(replace(part, gone_since=self.seen.run))

    def _lost_way(self, edge: KnownPart) -> bool:
        if self._is_gone(edge.template) or self._is_gone(edge.facts["to"]):
            return True
        return self.seen.scope.complete and edge.template in self.visited

    def _template_of(self, key: str) -> str | None:
        part = self.out.parts.get(("page", key)) or self.known.get(("page", key))
        return part.template if part and part.gone_since is None else None

    # Kinds of pages

    def _templates(self) -> None:
        groups: dict[str, list[SeenPage]] = {}
        signatures: dict[str, set[str]] = {}
        for signature, keys in by_signature(self.seen.pages).items():
            template = self.kind_of[signature]
            groups.setdefault(template, []).extend(self.seen.pages[key] for key in keys)
            signatures.setdefault(template, set()).add(signature)
        for alias in self.seen.aliases:
            signatures.get(self.kind_of.get(alias, ""), set()).add(alias)
        counts = self.living
        for template, pages in groups.items():
            self._template(template, pages, signatures[template], counts.get(template, []))
        for part in self._alive("template"):
            if part.key not in groups and self._is_gone(part.key):
                self._keep(replace(part, gone_since=self.seen.run))
                self._tell(part, "removed")
            elif part.key not in groups and len(counts[part.key]) != part.facts["pages"]:
                self._keep(replace(part, facts={**part.facts, "pages": len(counts[part.key])}))

    def _template(self, key: str, pages: list[SeenPage], now: set[str], keys: list[str]) -> None:
        before = self.known.get(("template", key))
        had = set(before.facts["signatures"]) if before else set()
        pattern = pattern_of(sorted(keys))
        facts = {
            "signatures": [*(before.facts["signatures"] if before else ()), *sorted(now - had)],
            "url": pages[0].url,
            "pattern": pattern,
            "pages": len(keys),
            "depth": min(page.depth for page in pages),
            "state": all(page.kind != "link" for page in pages),
        }
        part = self._seen("template", key, name_of(pages, pattern), facts)
        if self._is_news(part):
            self.touched.add(key)
            if before is not None or self.compared & self._of_template(key):
                self._tell(part, "new")
        elif now.isdisjoint(had):
            self._tell(part, "changed", ["its structure is another one"])
            self.touched.add(key)

    def _of_template(self, template: str) -> set[str]:
        return {key for key, page in self.seen.pages.items() if self.kind_of[page.signature] == template}

    def _living_pages(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for (kind, key), part in {**self.known, **self.out.parts}.items():
            if kind == "page" and part.gone_since is None:
                found.setdefault(part.template, []).append(key)
        return found
