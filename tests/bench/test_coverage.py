from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bench.coverage import Found, Part, covered, pages_to, shows
from bench.flows import SHOP_FLOWS, lines, missing_flows, walks
from bench.targets import SHOP, Ground, KnownForm, Template, ground
from runs.engine.events import Form, FormField, PageSnapshot

EMAIL, QUERY = FormField(tag="input", type="email", name="email"), FormField(tag="input", type="search", name="q")


def page(path: str, *forms: Form) -> PageSnapshot:
    return PageSnapshot(url=f"http://shop.test{path}", path=path.partition("?")[0], forms=forms)


def form(name: str, method: str, path: str, **known: Any) -> KnownForm:
    return KnownForm(name, re.compile(path), method, **known)


SITE = Ground(
    "small",
    (
        Template("home", re.compile("^/$")),
        Template("filtered", re.compile(r"^/list\?.*kind="), on_url=True),
        Template("account", re.compile("^/account$"), needs_login=True),
    ),
    (form("sign in", "post", "^/sign-in$"), form("profile", "post", "^/account$", needs_login=True)),
    None,
)


def test_what_was_not_visited_is_told_by_name() -> None:
    parts = covered(SITE, [page("/"), page("/list?kind=a"), page("/sign-in")], signed_in=True)
    assert parts["templates"] == Part(3, ("account",), after=(1, 2))
    assert parts["forms"] == Part(2, ("sign in", "profile"))
    assert str(parts["templates"]) == "66.7% (2/3)"


def test_a_stranger_is_not_asked_for_what_needs_an_account() -> None:
    shown = page("/sign-in", Form(action="http://shop.test/sign-in", method="post", fields=(EMAIL,)))
    parts = covered(SITE, [page("/"), page("/list"), shown], signed_in=False)
    assert parts["templates"] == Part(2, ("filtered",), after=(1,))
    assert parts["forms"] == Part(1, (), after=(3,))


def test_it_is_told_after_how_many_pages_what_was_found_was_there() -> None:
    """What was found in the end is the measure: what was missed is told by name."""
    found = Found("small", True, 9, 1.0, {"a": Part(5, ("x",), (1, 2, 2, 9)), "b": Part(6, (), (1, 3, 3, 4, 5, 6))})
    assert found.after == [1, 1, 2, 2, 3, 3, 4, 5, 6, 9]
    assert (pages_to(found.after, 0.9), pages_to(found.after, 1.0), pages_to([], 0.9)) == (6, 9, 0)


@pytest.mark.parametrize(
    ("shown", "wanted", "found"),
    [
        (Form(action="http://shop.test/x", method="post"), form("any", "post", "^/a$"), True),
        (Form(action="http://shop.test/x", method="post"), form("any", "get", "^/a$"), False),
        (Form(method="get", submit="Save", fields=(EMAIL,)), form("by a script", "post", "^/a$"), True),
        (Form(method="get", submit="Search", fields=(QUERY,)), form("only asks", "post", "^/a$"), False),
        (Form(action="http://shop.test/x", method="post"), form("elsewhere", "post", "^/b$"), False),
        (
            Form(action="http://shop.test/x", method="post", fields=(EMAIL,)),
            form("known", "post", "^/b$", action="/x", fields=("email",)),
            True,
        ),
    ],
)
def test_a_form_is_found_by_method_and_where_more_is_known_by_action_and_fields(
    shown: Form, wanted: KnownForm, found: bool
) -> None:
    assert shows(page("/a", shown), wanted) is found


def test_the_shops_truth_is_read_without_what_robots_forbid() -> None:
    shop = ground(SHOP)
    assert shop.template_of("http://shop.test/products/blue-mug?x=1") == "product"
    assert "private" not in {one.name for one in shop.templates}
    assert len(shop.forms) == 12


def test_a_test_walks_a_flow_when_its_steps_do_so_in_order() -> None:
    document = {
        "start": "/products/blue-mug",
        "steps": [
            {"do": "click", "target": {"role": "button", "name": "Add to cart", "memory": {"css": "#no"}}},
            {"do": "expect_text", "target": {"role": "status"}, "contains": "Added Blue Mug to your cart."},
        ],
    }
    assert list(lines(document))[1] == "click button add to cart"
    assert walks(list(lines(document)), SHOP_FLOWS["add to cart"])
    assert not walks(list(reversed(list(lines(document)))), SHOP_FLOWS["add to cart"])
    assert "add to cart" not in missing_flows(SHOP_FLOWS, [document])
    assert "newsletter" in missing_flows(SHOP_FLOWS, [document])


def test_every_flow_of_the_shops_truth_has_steps() -> None:
    truth = json.loads(Path("tests/site/truth.json").read_text(encoding="utf-8"))
    assert {flow["name"] for flow in truth["flows"]} == SHOP_FLOWS.keys()
