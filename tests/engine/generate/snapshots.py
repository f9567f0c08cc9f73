"""Small snapshots and looks, as a crawl and a visit would bring them home."""

from __future__ import annotations

from typing import Any

from runs.engine.events import Action, Form, FormField, Heading, Landmark, PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Observation, Survey
from runs.engine.page.look import Entry, LiveField, Look, Message, Pressable
from runs.engine.plan import CrawlOptions

SITE = "https://shop.example"


def field(label: str = "", kind: str = "text", **more: Any) -> FormField:
    tag = {"select": "select", "textarea": "textarea"}.get(kind, "input")
    name = more.pop("name", label.lower().replace(" ", "_"))
    return FormField(tag=tag, type=kind, label=label, name=name, id=f"id_{name}", css=f"#id_{name}", **more)


def form(*fields: FormField, submit: str = "Send", method: str = "post", action: str = "/send", **more: Any) -> Form:
    return Form(fields=fields, submit=submit, method=method, action=f"{SITE}{action}", css="form", **more)


def link(name: str, href: str, landmark: str = "navigation") -> Action:
    return Action(role="link", name=name, href=f"{SITE}{href}", landmark=landmark)


def button(name: str, landmark: str = "main") -> Action:
    return Action(role="button", name=name, landmark=landmark)


def page(path: str = "/", heading: str = "Welcome", *, actions: Any = (), forms: Any = (), **more: Any) -> PageSnapshot:
    plain, _, _query = path.partition("?")
    more.setdefault("template", f"template of {plain}")
    landmarks = tuple(Landmark(role=role) for role in ("banner", "navigation", "main", "contentinfo"))
    return PageSnapshot(
        url=f"{SITE}{path}",
        path=plain,
        title=f"{heading} · Shop",
        status=200,
        headings=(Heading(level=1, text=heading),) if heading else (),
        landmarks=landmarks,
        actions=tuple(actions),
        forms=tuple(forms),
        **more,
    )


def crawled(*pages: PageSnapshot, options: CrawlOptions | None = None, **survey: Any) -> Crawled:
    return Crawled(pages, options or CrawlOptions(), Survey(**survey))


def look(path: str = "/", heading: str = "Welcome", *, listed: tuple[str, ...] = (), **more: Any) -> Look:
    """A page whose main part lists links by these names."""
    plain, _, query = path.partition("?")
    entries = tuple(Entry(role="link", name=name, position=place) for place, name in enumerate(listed))
    shown = tuple(Pressable(role="link", name=name, main=True) for name in listed)
    return Look(
        path=plain,
        query=query,
        headings=(Heading(level=1, text=heading),) if heading else (),
        entries={"listitem": entries},
        pressables=(*shown, *more.pop("pressables", ())),
        has_main=True,
        **more,
    )


def says(text: str, role: str = "status") -> Message:
    return Message(role=role, text=text, main=True)


def live(label: str, **more: Any) -> LiveField:
    plain = field(label)
    return LiveField(**{**plain.model_dump(), **more})


def observed(case: CaseSpec, before: Look | None, after: Look | None, **more: Any) -> Observation:
    return Observation(case=case, before=before, after=after, **more)
