"""Families that go further than one page: records, journeys, states, going on with an order, signing out."""

from __future__ import annotations

from typing import Any

from runs.engine.events import PageSnapshot
from runs.engine.generate.cases import CaseSpec, Crawled, Observation, ResponseFacts, SignInPage
from runs.engine.generate.proposals import FAMILIES, api, form, journey, record, signin, state
from runs.engine.page.boundaries import edges
from runs.engine.page.look import Entry, Look, Pressable
from runs.engine.plan import CrawlOptions
from runs.engine.traffic import infer
from tests.engine.generate import snapshots as literal
from tests.engine.generate.snapshots import button, crawled, field, link, live, look, observed
from tests.engine.generate.test_proposals import SIGN_IN, case_of, expectations, only, steps

NEW = literal.form(field("Title", required=True), name="New task", action="/tasks/new", submit="Save")
MARKER = "Sentri 123456"


def tasks(**options: Any) -> Crawled:
    pages = literal.page("/tasks", "Tasks"), literal.page("/tasks/new", "New task", forms=[NEW])
    return crawled(*pages, options=CrawlOptions(**options))


def sent(after: Look) -> Observation:
    case = case_of(form.cases(tasks()), kind="right")
    before = look("/tasks/new", "New task").model_copy(update={"fields": (live("Title", value=MARKER),)})
    return observed(case, before, after)


def made(case: CaseSpec, after: Look) -> Observation:
    return observed(case, look("/tasks/new", "New task"), after, saved={"marker": MARKER})


def detail(heading: str = MARKER, *pressables: Pressable) -> Look:
    return look("/tasks/7", heading, pressables=pressables)


EDIT = Pressable(role="link", name="Edit", href=f"{literal.SITE}/tasks/7/edit", main=True)
DELETE = Pressable(role="button", name="Delete task", main=True)


def test_a_form_whose_data_comes_back_begins_a_record_with_a_marker() -> None:
    (case,) = FAMILIES["form"].deeper(tasks(), sent(detail()))
    assert case.family == "record"
    assert case.steps[0] == {"do": "save", "name": "marker", "value": "Question {{random.digits(6)}}"}
    assert case.steps[1]["value"] == "{{marker}}"
    draft = only(record.tests(tasks(), [made(case, detail())]))
    assert draft.document["title"] == "What is entered in the “New task” form is shown afterwards"
    assert expectations(draft) == [{"do": "expect_visible", "target": {"text": "{{marker}}", "exact": False}}]


def test_what_is_not_shown_at_once_is_looked_for_in_the_list_above_the_form() -> None:
    (case,) = FAMILIES["form"].deeper(tasks(), sent(look("/done", "Saved")))
    assert case.steps[-1] == {"do": "goto", "path": "/tasks"}
    listed = look("/tasks", "Tasks", listed=(MARKER, "Other"))
    assert only(record.tests(tasks(), [made(case, listed)])).document["title"].endswith("is listed afterwards")
    (there,) = record.deeper(tasks(), made(case, listed))
    assert there.steps[-1]["target"] == {"role": "link", "name": "{{marker}}", "exact": True}


def test_a_form_that_shows_nothing_of_its_data_begins_no_record() -> None:
    alone = crawled(literal.page("/new", "New task", forms=[NEW]))
    case = case_of(form.cases(alone), kind="right")
    before = look("/new", "New task").model_copy(update={"fields": (live("Title", value=MARKER),)})
    assert not list(FAMILIES["form"].deeper(alone, observed(case, before, look("/x", "Thanks"))))


def test_a_record_is_changed_and_taken_away_again_on_its_own_page() -> None:
    (case,) = FAMILIES["form"].deeper(tasks(), sent(detail()))
    editing, removed = record.deeper(tasks(), made(case, detail(MARKER, EDIT, DELETE)))
    edit = literal.form(field("Title", value=MARKER), submit="Save", action="/tasks/7/edit")
    (changed,) = record.deeper(
        tasks(),
        made(
            editing,
            look("/tasks/7/edit", "Edit task", forms=(edit,)).model_copy(
                update={"fields": (live("Title", value=MARKER),)}
            ),
        ),
    )
    assert changed.steps[-2]["value"] == "{{marker}} changed"
    seen = [
        made(case, detail()),
        made(changed, detail(f"{MARKER} changed")),
        made(removed, look("/tasks", "Tasks")),
    ]
    first, second, third = record.tests(tasks(), seen)
    assert expectations(second)[-1]["target"] == {"text": "{{marker}} changed", "exact": False}
    assert expectations(third)[-1] == {"do": "expect_hidden", "target": {"text": "{{marker}}", "exact": False}}
    assert steps(first)[-1]["target"]["name"] == "Delete task", "what was made is taken away at the end"


def test_nothing_is_taken_away_that_may_be_somebody_elses() -> None:
    (case,) = FAMILIES["form"].deeper(tasks(), sent(detail()))
    for after in (
        detail("All tasks", DELETE).model_copy(update={"texts": (MARKER,)}),
        detail(MARKER, DELETE, DELETE.model_copy(update={"name": "Delete comment"})),
        detail(MARKER, DELETE.model_copy(update={"name": "Delete all tasks"})),
        detail(MARKER, DELETE.model_copy(update={"name": "Delete account"})),
    ):
        assert not list(record.deeper(tasks(), made(case, after)))
    assert not list(record.deeper(tasks(clean_up=False), made(case, detail(MARKER, DELETE))))
    assert not list(record.deeper(tasks(deny_actions=("Delete",)), made(case, detail(MARKER, DELETE))))


def shop() -> Crawled:
    add = literal.form(field("Quantity", "number", value="1"), submit="Add to cart", action="/cart/add")
    return crawled(
        literal.page("/", "Welcome", actions=[link("Shop", "/goods"), link("About", "/about")]),
        literal.page("/about", "About us"),
        literal.page("/goods", "Goods", actions=[link("Mug", "/goods/mug", "main")]),
        literal.page("/goods/mug", "Blue Mug", forms=[add]),
    )


def test_a_journey_goes_by_links_to_where_something_can_be_done() -> None:
    (case,) = journey.cases(shop())
    assert [step["do"] for step in case.steps] == ["click", "expect_visible", "click", "click"]
    assert case.writes
    after = look("/goods/mug", "Blue Mug", messages=(literal.says("Added Blue Mug to your cart."),))
    draft = only(journey.tests(shop(), [observed(case, look("/goods/mug", "Blue Mug"), after)]))
    assert draft.document["start"] == "/"
    assert draft.document["title"].startswith("Journey: home page → “Goods” page → “Blue Mug” page")


def test_a_short_way_without_anything_to_do_is_no_journey() -> None:
    site = crawled(literal.page("/", actions=[link("About", "/about")]), literal.page("/about", "About us"))
    assert not list(journey.cases(site))


def dialog_site() -> Crawled:
    press = {"do": "click", "target": {"role": "button", "name": "Filters", "exact": True}}
    home = literal.page("/", actions=[button("Filters")])
    opened = home.model_copy(update={"template": "dialog", "way": (press,), "action": "press “Filters”"})
    return crawled(home, opened)


def test_a_dialog_is_opened_as_the_crawl_opened_it() -> None:
    site = dialog_site()
    (case,) = state.cases(site)
    assert case.steps[0]["target"]["name"] == "Filters"
    after = look("/", pressables=(Pressable(role="button", name="Apply"),), dialogs=("Filters for goods",))
    draft = only(state.tests(site, [observed(case, look("/"), after)]))
    assert draft.document["title"] == "“Filters” on the home page opens “Filters for goods”"
    targets = [step["target"] for step in expectations(draft)]
    assert {"role": "dialog", "name": "Filters for goods", "exact": True} in targets


def test_what_is_entered_outside_of_a_form_filters_what_the_page_lists() -> None:
    fill = {"do": "fill", "target": {"css": "#filter"}, "value": "Mug"}
    goods = literal.page("/goods", "Goods")
    filtered = goods.model_copy(update={"way": (fill,), "begun_at": goods.url, "action": "Use “Filter by name”"})
    site = crawled(goods, filtered, filtered.model_copy(update={"way": (fill | {"value": "Jug"},)}))
    (case,) = state.cases(site)
    draft = only(state.tests(site, [observed(case, look("/goods"), look("/goods", texts=("Only what is a mug",)))]))
    assert draft.document["title"] in [
        f"Filtering by “Filter by name” with “{word}” lists what matches" for word in ("Mug", "Jug")
    ]
    assert {"text": "Only what is a mug", "exact": False} in [step["target"] for step in expectations(draft)]


def test_a_filter_is_known_by_what_it_leaves_out() -> None:
    fill = {"do": "fill", "target": {"label": "Filter"}, "value": "Mug"}
    goods = literal.page("/goods", "Goods")
    site = crawled(goods, goods.model_copy(update={"way": (fill,), "begun_at": goods.url, "action": "Use “Filter”"}))
    (case,) = state.cases(site)
    all_of_them = look("/goods", listed=("Jug", "Blue Mug", "Red Mug"), messages=(literal.says("3 of 3 goods"),))
    some = look("/goods", listed=("Blue Mug", "Red Mug"), messages=(literal.says("2 of 3 goods"),))
    draft = only(state.tests(site, [observed(case, all_of_them, some)]))
    assert [(step["do"], step["target"].get("name", step.get("contains"))) for step in expectations(draft)] == [
        ("expect_text", "Blue Mug"),
        ("expect_hidden", "Jug"),
    ]


def test_the_way_to_a_state_begins_where_the_crawl_began_it() -> None:
    add, goods = {"do": "click", "target": {"role": "button", "name": "Add to cart"}}, literal.page("/goods/mug", "Mug")
    cart = literal.page("/cart", "Your cart").model_copy(update={"way": (add,), "begun_at": goods.url, "action": "add"})
    assert [(case.start, case.steps) for case in state.cases(crawled(goods, cart))] == [("/goods/mug", (add,))]


def test_a_state_that_opens_nothing_gives_no_test_and_is_no_page() -> None:
    site = dialog_site()
    (case,) = state.cases(site)
    assert not list(state.tests(site, [observed(case, look("/"), look("/"))]))
    assert len(site.exemplars()) == 1


def test_signing_out_happens_in_a_sign_in_of_its_own() -> None:
    entrance = literal.page("/sign-in", "Sign in", forms=[SIGN_IN])
    site = crawled(entrance, account=True, sign_in=SignInPage(page=entrance, form=SIGN_IN))
    right = case_of(signin.cases(site), kind="right")
    out = Pressable(role="button", name="Sign out")
    inside = look("/account", "Your account", pressables=(out,))
    (case,) = signin.deeper(site, observed(right, look("/sign-in", "Sign in"), inside))
    assert (case.auth, case.steps[-1]["target"]["name"]) == ("", "Sign out")
    outside = look("/", "Welcome", pressables=(Pressable(role="link", name="Sign in"),))
    draft = only(signin.tests(site, [observed(case, inside, outside)]))
    assert {"do": "expect_visible", "target": {"role": "link", "name": "Sign in", "exact": True}} in expectations(draft)
    assert expectations(draft)[-1]["do"] == "expect_hidden"


def test_an_order_is_taken_as_far_as_its_first_form_and_no_further() -> None:
    site = shop()
    add = next(case for case in FAMILIES["action"].cases(site))
    cart = Pressable(role="link", name="Cart 1 item", href=f"{literal.SITE}/cart", landmark="banner")
    empty = cart.model_copy(update={"name": "Cart 0 items"})
    at = look("/goods/mug", "Blue Mug", pressables=(empty,))
    added = observed(add, at, at.model_copy(update={"pressables": (cart,)}))
    (holds,) = FAMILIES["action"].deeper(site, added)
    checkout = Pressable(role="link", name="Check out", href=f"{literal.SITE}/checkout", main=True)
    remove = Pressable(role="button", name="Remove Blue Mug", main=True)
    held = look("/cart", "Your cart", listed=("Blue Mug",), pressables=(checkout, remove))
    removed, onward = FAMILIES["action"].deeper(site, observed(holds, added.after, held))
    assert removed.steps[-1]["target"]["name"] == "Remove Blue Mug"
    shipping = literal.form(field("Name", required=True), submit="Continue", action="/checkout")
    pay = literal.form(field("Card number", required=True), submit="Continue", action="/pay")
    order = literal.form(field("Note", required=True), submit="Place order", action="/order")
    there = look("/checkout", "Checkout", forms=(shipping, pay, order))
    cases = list(FAMILIES["action"].deeper(site, observed(onward, held, there)))
    assert [(case.family, case.about["kind"], case.about["name"]) for case in cases] == [
        ("form", "missing", "“Continue” form")
    ]


def test_an_empty_cart_says_so_after_the_last_thing_was_taken_out() -> None:
    about = {"kind": "removed", "name": "Add to cart", "thing": "Blue Mug", "link": "Cart", "button": "Remove"}
    press = {"do": "click", "target": {"text": "Remove"}}
    case = CaseSpec(family="action", key="k", page="", start="/", steps=(press,), about=about)
    before = look("/cart", "Your cart", listed=("Blue Mug", "Shop"))
    after = look("/cart", "Your cart", texts=("Your cart is empty.",))
    draft = only(FAMILIES["action"].tests(shop(), [observed(case, before, after)]))
    assert draft.document["title"] == "Removing “Blue Mug” takes it out of “Cart”"
    assert {"do": "expect_visible", "target": {"text": "Your cart is empty.", "exact": False}} in expectations(draft)


def test_edges_of_fields_are_those_that_they_speak_of() -> None:
    def of(**more: Any) -> list[tuple[str, str, bool | None]]:
        return [(edge.how, edge.value[:10], edge.takes) for edge in edges(field(**more))]

    assert of(label="Age", kind="number", min="18", max="99") == [
        ("at_least", "18", True),
        ("below", "17", False),
        ("at_most", "99", True),
        ("above", "100", False),
    ]
    assert of(label="Day", kind="date", max="2030-12-31") == [
        ("at_most", "2030-12-31", True),
        ("above", "2031-01-01", False),
    ]
    assert [how for how, _, _ in of(label="Name", required=True, max_length=40, min="3")] == [
        "at_most",
        "at_least",
        "below",
        "blank",
        "foreign",
    ]
    assert len(edges(field("Name", max_length=40))[0].value) == 40
    assert of(label="Colour", kind="color") == []


def test_an_api_answers_with_status_type_and_shape() -> None:
    requests = tuple(
        {"method": method, "url": f"{literal.SITE}{path}", "status": 200, "type": "fetch"}
        for method, path in (
            ("GET", "/api/products?page=1"),
            ("GET", "/api/products?page=2"),
            ("POST", "/api/cart"),
            ("GET", "/api/delete/3"),
        )
    )
    site = crawled(literal.page("/stock", "Stock", requests=requests))
    known, nonsense = api.cases(site)
    assert (known.fetch, nonsense.fetch) == (
        {"do": "request", "method": "GET", "path": "/api/products?page=1"},
        {"do": "request", "method": "GET", "path": "/api/products?page=x"},
    )
    shape = infer({"items": [{"slug": "mug", "cents": 100}], "total": 1})
    seen = Observation(case=known, answer=ResponseFacts(status=200, content_type="application/json", shape=shape))
    draft = only(api.tests(site, [seen]))
    request = steps(draft)[0]
    assert draft.document["kind"] == "api"
    assert "start" not in draft.document
    assert request["expect"]["status"] == 200
    assert request["expect"]["schema"]["required"] == ["items", "total"]
    assert request["expect"]["schema"]["properties"]["items"]["items"]["properties"] == {
        "slug": {"type": "string"},
        "cents": {"type": "number"},
    }
    refused = Observation(case=nonsense, answer=ResponseFacts(status=400, content_type="application/json"))
    assert only(api.tests(site, [refused])).document["title"] == "GET /api/products?page answers nonsense with 400"


def test_answers_at_alike_addresses_are_seen_together() -> None:
    bodies = ({"price": 14, "sale": None}, {"price": 9.5, "sale": 7}, {"price": 3, "sale": 2, "note": "new"})
    requests = tuple(
        asked(f"/api/products/{number}", response={"schema": infer(body)}) for number, body in enumerate(bodies, 101)
    )
    site = crawled(literal.page("/stock", "Stock", requests=requests))
    known = next(case for case in api.cases(site) if case.about["kind"] == "known")
    answer = ResponseFacts(status=200, content_type="application/json", shape=infer(bodies[0]))
    draft = only(api.tests(site, [Observation(case=known, answer=answer)]))
    assert steps(draft)[0]["expect"]["schema"] == {
        "type": "object",
        "properties": {"note": {"type": "string"}, "price": {"type": "number"}, "sale": {"type": ["null", "number"]}},
        "required": ["price", "sale"],
    }


def asked(url: str, **more: Any) -> dict[str, Any]:
    return {"method": "GET", "url": f"{literal.SITE}{url}", "status": 200, "type": "fetch", **more}


def stock(**more: Any) -> PageSnapshot:
    requests = (
        asked("/api/orders/17", template="/api/orders/{id}"),
        asked("/graphql", method="POST", operation_type="query", operation="Orders"),
        asked("/graphql", method="POST", operation_type="mutation", operation="Pay"),
    )
    return literal.page("/orders", "Orders", template="t", requests=requests, **more)


def test_an_api_of_the_account_is_asked_for_nonsense_and_by_strangers() -> None:
    site = crawled(stock(signed_in=True), account=True, protected=frozenset({"t"}))
    cases = {case.about["kind"]: case for case in api.cases(site)}
    assert (cases["known"].auth, cases["closed"].auth) == ("account", "")
    assert (cases["nonsense"].fetch or {})["path"] == "/api/orders/987654321"
    assert cases["known"].about["template"] == "/api/orders/{id}"


def test_graphql_is_asked_queries_only() -> None:
    cases = [case for case in api.cases(crawled(stock())) if "graph" in case.about["kind"]]
    assert [(case.fetch or {})["json"]["query"] for case in cases] == ["{ __typename }", "{ sentriNowhere }"]
    read_only = crawled(stock(), options=CrawlOptions(read_only=True))
    assert not [case for case in api.cases(read_only) if "graph" in case.about["kind"]]


def test_cases_and_what_came_of_them_survive_json() -> None:
    site = shop()
    for family in FAMILIES.values():
        for case in family.cases(site):
            assert CaseSpec.model_validate_json(case.model_dump_json(exclude_defaults=True)) == case
    seen = observed(case, None, look(listed=("A", "B")).model_copy(update={"entries": {"row": (Entry(name="x"),)}}))
    assert Observation.model_validate_json(seen.model_dump_json(exclude_defaults=True)) == seen
