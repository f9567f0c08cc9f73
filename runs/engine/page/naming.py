"""How an element is named in a generated test: the way a person would, and without two meanings."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from urllib.parse import urljoin

from runs.engine.events import Action, Form, FormField, PageSnapshot
from runs.engine.page.look import Look
from runs.engine.page.volatile import is_steady, leading

Target = dict[str, Any]
_ID = re.compile(r"^#[\w-]+$")
_ROLES = {
    **dict.fromkeys(("", "text", "email", "tel", "url", "textarea"), "textbox"),
    "search": "searchbox",
    "number": "spinbutton",
    "checkbox": "checkbox",
    "range": "slider",
}
_LANDMARKS = frozenset({"navigation", "banner", "contentinfo", "main", "complementary", "search", "region", "form"})


def pressed(action: Action, page: PageSnapshot) -> Target | None:
    """A link or button to press, scoped by its landmark where its name is not unique; None if that is not enough."""
    like = [other for other in page.actions if other.role == action.role and _overlap(action.name, other.name)]
    target = _by_name(action.role, action.name)
    if target is None or len(like) == 1:
        return target
    place, title = _landmark(action.landmark)
    within = [other for other in like if other.landmark == action.landmark]
    alike = sum(1 for landmark in page.landmarks if landmark.role == place)
    if len(within) > 1 and not _same_goal(within, page):
        return None
    if len(within) > 1 or place not in _LANDMARKS or (alike > 1 and not title):
        # Which of several comes first may change by tomorrow, which is no harm where all lead to one place.
        return target | {"nth": like.index(action)} if _same_goal(like, page) else None
    scope = {"role": place, "name": title, "exact": True} if alike > 1 else {"role": place}
    return target | {"within": scope}


def shown(role: str, name: str) -> Target | None:
    """An element to be expected, by what names it; None when its name changes altogether."""
    return _by_name(role, name)


def only(role: str, name: str, look: Look) -> Target | None:
    """An element to be pressed in a look: the first, where several are called so."""
    target = _by_name(role, name)
    if target is None:
        return None
    names = look.names(role)
    count = names[name] if target.get("exact") else _containing(names, target["name"])
    return target | {"nth": 0} if count > 1 else target


def said(text: str) -> Target:
    """Where a text stands, among others as well."""
    return {"text": text, "exact": False}


def field_of(field: FormField, form: Form, page: PageSnapshot) -> Target | None:
    """A form's field by label, role or placeholder; by its attributes only where it has no name for people."""
    label = _bare(field.label)
    others = [other for page_form in page.forms for other in page_form.fields if other is not field]
    labels = [_bare(other.label) for other in others]
    # `get_by_label` asks every element for its aria-label: buttons, forms and landmarks as well.
    buttons = [action.name for action in page.actions if not action.css or action.css != field.css]
    titles = [*buttons, *(page_form.name for page_form in page.forms), *(landmark.name for landmark in page.landmarks)]
    if label and not any(label.lower() in other.lower() for other in (*labels, *titles)):
        return {"label": label}
    if label and field.label == label and label not in labels and label not in titles:
        return {"label": label, "exact": True}
    if label and (target := _by_role(field, form, page)):
        return target
    if field.placeholder and not any(field.placeholder.lower() in other.placeholder.lower() for other in others):
        return {"placeholder": field.placeholder}
    return {"css": field.css} if field.css else None


def _by_role(field: FormField, form: Form, page: PageSnapshot) -> Target | None:
    """By role and name, within its form where another form has the like."""
    role, label = _role(field), _bare(field.label)
    if not role or not is_steady(label):
        return None
    target = {"role": role, "name": label}
    everywhere = [other for page_form in page.forms for other in page_form.fields if _is_like(other, role, label)]
    if len(everywhere) == 1:
        return target
    scope = form_scope(form, page)
    here = [other for other in form.fields if _is_like(other, role, label)]
    return target | {"within": scope} if scope and len(here) == 1 else None


def _is_like(field: FormField, role: str, label: str) -> bool:
    return _role(field) == role and label.lower() in field.label.lower()


def _role(field: FormField) -> str:
    if field.tag == "select":
        return "listbox" if field.type == "select-multiple" else "combobox"
    return _ROLES.get(field.type, "")


def submit_of(form: Form, page: PageSnapshot) -> Target | None:
    """The button that sends a form."""
    like = [action for action in page.actions if action.role == "button" and _overlap(form.submit, action.name)]
    twins = [other for other in page.forms if _overlap(form.submit, other.submit)]
    target = _by_name("button", form.submit) if form.submit else None
    if target is None:
        return {"css": form.submit_css} if form.submit_css else None
    if len(like) <= 1 and len(twins) <= 1:
        return target
    scope = form_scope(form, page)
    if scope and sum(1 for other in twins if form_scope(other, page) == scope) == 1:
        return target | {"within": scope}
    if twins and twins[0] == form:
        return target | {"nth": 0}
    return {"css": form.submit_css} if _ID.match(form.submit_css) else None


def form_scope(form: Form, page: PageSnapshot) -> Target | None:
    """The form itself as a scope, where it has a name or an id, or is the only search of the page."""
    if form.role == "search" and sum(1 for other in page.forms if other.role == "search") == 1:
        return {"role": "search"}
    if form.name and sum(1 for other in page.forms if other.name == form.name) == 1:
        return {"role": "search" if form.role == "search" else "form", "name": form.name, "exact": True}
    if _ID.match(form.css) and sum(1 for other in page.forms if other.css == form.css) == 1:
        return {"css": form.css}
    return None


def _by_name(role: str, name: str) -> Target | None:
    if not role or not name or len(name) > 120:
        return None
    if is_steady(name):
        return {"role": role, "name": name, "exact": True}
    part = leading(name)
    return {"role": role, "name": part, "exact": False} if part else None


def _overlap(name: str, other: str) -> bool:
    """Whether a target made from `name` would also find `other`."""
    return name == other if is_steady(name) else bool(part := leading(name)) and part.lower() in other.lower()


def _same_goal(actions: list[Action], page: PageSnapshot) -> bool:
    return len({urljoin(page.url, action.href) if action.href else None for action in actions}) == 1 and bool(
        actions[0].href
    )


def _landmark(text: str) -> tuple[str, str]:
    role, _, name = text.partition(" ")
    return role.rstrip(":"), name.strip("\"' ")


def _containing(names: Counter[str], part: str) -> int:
    return sum(count for name, count in names.items() if part.lower() in name.lower())


def _bare(label: str) -> str:
    # Forms mark what is required by a star and end a label with a colon (decision 38).
    return label.strip().rstrip("*: ").strip()
