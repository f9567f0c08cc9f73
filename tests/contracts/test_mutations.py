"""Every kind of mutation, put to what one test touched and to a real page."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.events import Heading
from runs.engine.page.look import LiveField, Look, Message, Pressable
from runs.engine.plan import Target
from runs.engine.prove import mutations
from runs.engine.prove.mutations import MUTATIONS, Mutation, MutationEffect
from runs.engine.prove.touched import Act, Touched, TouchedCall
from runs.engine.steps import STEPS
from runs.engine.steps.document import parse
from tests.engine.pages import Answer, Pages, pages
from tests.engine.prove.proofs import plan_of, proofs, proposal, proved, told

BEFORE = Look(
    path="/",
    headings=(Heading(level=1, text="Shop"),),
    pressables=(Pressable(role="link", name="Cart 0 items"),),
    texts=("Shop",),
)
AFTER = Look(
    path="/cart",
    headings=(Heading(level=1, text="Your cart"),),
    messages=(Message(role="status", text="It is in your cart"),),
    pressables=(Pressable(role="link", name="Cart 1 item"),),
    fields=(LiveField(tag="input", label="Quantity", value="1"),),
    texts=("Your cart", "It is in your cart", "$14.00"),
    has_main=True,
)
DOCUMENT = parse(
    {
        "title": "T",
        "start": "/?sort=name",
        "steps": [
            {"do": "click", "target": {"role": "link", "name": "Mugs"}},
            {"do": "fill", "target": {"label": "Quantity"}, "value": "1"},
            {"do": "click", "target": {"role": "button", "name": "Add"}},
            {"do": "press", "target": {"label": "Quantity"}, "key": "ArrowUp"},
            {"do": "expect_visible", "target": {"role": "heading", "name": "Your cart"}},
            {"do": "expect_hidden", "target": {"role": "alert"}},
            {"do": "expect_no_console_errors"},
        ],
    }
)
LINK, BUTTON = {"tag": "a", "href": "/mugs"}, {"tag": "button", "type": "submit", "in_form": True}
TOUCHED = Touched(
    dict(enumerate(DOCUMENT.steps)),
    frozenset({4, 5, 6}),
    (
        TouchedCall("document", "GET", "http://shop.test/?sort=name", -1, 200),
        TouchedCall("script", "GET", "http://shop.test/shop.js", -1, 200),
        TouchedCall("api", "GET", "http://shop.test/api/mugs", -1, 200, (200, {}, b'[{"name": "Blue mug"}]')),
        TouchedCall("document", "GET", "http://shop.test/mugs", 0, 200),
        TouchedCall(
            "document", "POST", "http://shop.test/add", 2, 303, (303, {"location": "/cart"}, b""), followed=True
        ),
        TouchedCall("document", "GET", "http://shop.test/cart", 2, 200),
    ),
    (
        Act(0, "click", Target(role="link", name="Mugs"), "Click", LINK),
        Act(1, "fill", Target(label="Quantity"), "Fill", {"tag": "input", "in_form": True}),
        Act(2, "click", Target(role="button", name="Add"), "Click", BUTTON),
        Act(3, "press", Target(label="Quantity"), "Press", {"tag": "input"}),
    ),
    BEFORE,
    AFTER,
    (("$14.00", 1),),
)


@pytest.mark.parametrize("kind", MUTATIONS)
def test_a_kind_is_one_file_and_one_line_and_says_what_it_is(kind: str) -> None:
    mutation = MUTATIONS[kind]
    assert mutation.kind == kind
    assert Path(inspect.getfile(mutation)).stem == kind
    assert (mutation.__doc__ or "").strip().endswith(".")
    assert mutation.challenges <= {step.about for step in STEPS.values() if step.role == "expect"}


def test_no_kind_stands_beside_the_registry() -> None:
    files = {path.stem for path in Path(mutations.__file__).parent.glob("*.py")}
    assert files - {"__init__", "base", "json_mutant", "swallowing"} == set(MUTATIONS)


@pytest.mark.parametrize("kind", MUTATIONS)
def test_every_kind_finds_a_way_to_break_what_is_touched(kind: str) -> None:
    found = list(MUTATIONS[kind].ways(TOUCHED))
    assert found
    for one in found:
        assert isinstance(one, Mutation)
        assert 3 < len(one.what) < 200
        assert all(-1 <= place <= len(DOCUMENT.steps) for place in one.before_steps)


@pytest.mark.parametrize("kind", MUTATIONS)
def test_what_touches_nothing_cannot_be_broken(kind: str) -> None:
    assert list(MUTATIONS[kind].ways(Touched({}, frozenset()))) == []


def test_what_is_not_sent_is_known() -> None:
    ways = [one for kind in MUTATIONS.values() for one in kind.ways(TOUCHED)]
    held = {one.what for one in ways if one.holds_writes}
    assert {
        "POST /add answers 500",
        "GET / answers 404",
        "Sending the form with “Add” does nothing",
        "Pressing “Mugs” does nothing",
        "POST /add is answered, but not carried out",
    } <= held
    assert "GET /cart answers 500" not in held
    assert "“Your cart” is gone" not in held


SHOP = """<!doctype html><title>Shop</title><header><a href="/cart">Cart %s items</a></header>
<main><h1>Shop</h1><a href="/mugs?sort=name">Mugs</a>
<form method=post action=/add><button>Add</button></form><label>Filter <input id=filter></label><p id=hint></p>
<p id=total>%s</p></main>
<script src="/shop.js"></script>"""
SCRIPT = """fetch('/api/mugs').then(r => r.json()).then(mugs => {
  const list = document.body.appendChild(document.createElement('ul'));
  mugs.forEach(mug => list.appendChild(document.createElement('li')).textContent = mug.name);
});
filter.oninput = () => hint.textContent = filter.value ? 'Only some are shown' : '';"""


@pytest.fixture(scope="module")
def site() -> Iterator[Pages]:
    def shop(asked: object) -> Answer:
        holds = "cart=1" in getattr(asked, "headers", {}).get("cookie", "")
        said = "<p role=status>It is in your cart</p>" if holds else ""
        return Answer(SHOP % (("1", "$14.00") if holds else ("0", "")) + said)

    def mugs(asked: object) -> Answer:
        order = "by name" if "sort=name" in getattr(asked, "path", "") else "as they come"
        return Answer(f"<!doctype html><main><h1>Mugs</h1><p>Listed {order}</p></main>")

    answers = {
        "/": shop,
        "/mugs": mugs,
        "/add": Answer("", 303, {"Location": "/", "Set-Cookie": "cart=1; Path=/"}),
        "/shop.js": Answer(SCRIPT, type="text/javascript"),
        "/api/mugs": Answer('[{"name": "Blue mug"}, {"name": "Red mug"}]', type="application/json"),
    }
    with pages(answers) as site:  # type: ignore[arg-type]
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


def says(words: str) -> dict[str, Any]:
    return {"do": "expect_visible", "target": {"text": words}}


def heading(words: str) -> dict[str, Any]:
    return {"do": "expect_visible", "target": {"role": "heading", "name": words, "exact": True}}


def press(role: str, name: str) -> dict[str, Any]:
    return {"do": "click", "target": {"role": role, "name": name, "exact": True}}


FILTERED = [{"do": "fill", "target": {"label": "Filter"}, "value": "mug"}, says("Only some are shown")]
ADDED = [
    press("button", "Add"),
    {"do": "expect_text", "target": {"role": "status"}, "contains": "It is in your cart"},
    says("Cart 1 items"),
    says("$14.00"),
]
LISTED = [heading("Shop"), says("Blue mug"), {"do": "expect_no_console_errors"}]
FOLLOWED = [press("link", "Mugs"), heading("Mugs"), says("Listed by name")]


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="module")
async def test_every_kind_is_applied_to_a_real_page_and_noticed_by_a_test_that_looks(
    browser: Browser, site: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.engine.prove.choosing.informative", lambda left, *_: list(left))
    monkeypatch.setattr("runs.engine.prove.choosing.MOST_WRITING", 100)
    flows: tuple[list[dict[str, Any]], ...] = (FILTERED, ADDED, LISTED, FOLLOWED)
    works = [proposal(*steps, result=number) for number, steps in enumerate(flows)]
    ends = proofs(await proved(browser, plan_of(site, tmp_path, max_breakages=100), *works))
    assert [end.outcome for end in ends.values()] == ["passed"] * 4
    noticed = {kind for end in ends.values() for kind in MUTATIONS if True in told(end.proof, kind)}
    assert noticed == set(MUTATIONS)


LOADED = [name for name, kind in MUTATIONS.items() if kind.of_load_alone]


@pytest.mark.parametrize("kind", LOADED)
async def test_once_it_is_over_requests_go_their_own_way_again(kind: str) -> None:
    """One that goes on would be held against the next mutation, and against the unbroken load at last."""
    found = next(iter(MUTATIONS[kind].ways(TOUCHED)), None)
    if found is None or found.call is None:
        pytest.fail(f"{kind} finds no way in what the test touched, so that nothing is known of it")
    context, effect, request = Mock(route=AsyncMock()), MutationEffect(), Mock()
    await found.prepare(context, effect)
    _, take = context.route.await_args.args
    request.method, request.resource_type, request.url = found.call.method, found.call.kind, found.call.url
    route = Mock(request=request, fallback=AsyncMock(), fulfill=AsyncMock(), continue_=AsyncMock())
    effect.over = True
    await take(route)
    route.fallback.assert_awaited_once_with()
    assert (effect.hits, effect.answered) == (0, set())
