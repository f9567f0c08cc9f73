"""Each family against literals: what it tries, and what it concludes from what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from runs.engine.generate import propose
from runs.engine.generate.cases import CaseSpec, Draft, Observation, SignInPage, Survey
from runs.engine.generate.proposals import action, filtering, following, form, navigation, pagination, search, signin
from runs.engine.generate.proposals import page as pages
from runs.engine.page.look import Pressable
from runs.engine.plan import CrawlOptions
from tests.engine.generate import snapshots as literal
from tests.engine.generate.snapshots import button, crawled, field, link, live, look, observed, says

CONTACT = literal.form(
    field("Email", "email", required=True),
    field("Message", "textarea", required=True),
    name="Contact",
    action="/contact",
)
SEARCH = literal.form(
    field("Search products", "search", name="q"), submit="Search", method="get", action="/search", role="search"
)


def steps(draft: Draft) -> list[dict[str, Any]]:
    return list(draft.document["steps"])


def expectations(draft: Draft) -> list[dict[str, Any]]:
    return [step for step in steps(draft) if step["do"].startswith("expect_")]


def only(drafts: Any) -> Draft:
    (draft,) = drafts
    return draft  # type: ignore[no-any-return]


def first(cases: Iterable[CaseSpec]) -> CaseSpec:
    return next(iter(cases))


def case_of(cases: Iterable[CaseSpec], **about: Any) -> CaseSpec:
    return next(case for case in cases if all(case.about.get(key) == value for key, value in about.items()))


def test_a_page_test_expects_what_the_page_has() -> None:
    home = literal.page("/", "Welcome", actions=[button("Subscribe")])
    site = crawled(home)
    seen = look(pressables=(Pressable(role="button", name="Subscribe", main=True),), listed=("Mug", "Bowl"))
    draft = only(pages.tests(site, [observed(first(pages.cases(site)), None, seen)]))
    found = expectations(draft)
    assert {"do": "expect_visible", "target": {"role": "heading", "name": "Welcome", "exact": True}} in found
    assert {"do": "expect_visible", "target": {"role": "contentinfo"}} in found
    assert {"do": "expect_visible", "target": {"role": "button", "name": "Subscribe", "exact": True}} in found
    assert {"do": "expect_visible", "target": {"role": "listitem", "nth": 1, "within": {"role": "main"}}} in found
    assert {"do": "expect_no_console_errors"} in found
    assert draft.document["title"] == "The home page shows its content"


def test_proposing_beats_at_each_draft_and_stops_with_what_the_beat_raises() -> None:
    site = crawled(literal.page("/", "Welcome"), literal.page("/about", "About us"))
    seen = [observed(case, None, look(case.start)) for case in pages.cases(site)]
    beats: list[int] = []
    found = propose(site, seen, (), beat=lambda: beats.append(1))
    assert found.counted["drafts"] == 2
    assert len(beats) == 4, "once as it is drafted, once as it is compared"
    with pytest.raises(ZeroDivisionError):
        propose(site, seen, (), beat=lambda: 1 / 0)


def test_a_page_that_was_not_silent_is_not_expected_to_be() -> None:
    site = crawled(literal.page("/", console_errors=("TypeError",)))
    seen = observed(first(pages.cases(site)), None, look(), failed_requests=("GET /x.css → 404",))
    kinds = {step["do"] for step in steps(only(pages.tests(site, [seen])))}
    assert not kinds & {"expect_no_console_errors", "expect_no_failed_requests"}


def test_each_template_is_tested_once_by_its_healthiest_page() -> None:
    ill = literal.page("/a", template="t", console_errors=("boom",))
    well = literal.page("/products/b", template="t")
    lost = literal.page("/lost", template="t").model_copy(update={"status": 404})
    assert [case.start for case in pages.cases(crawled(ill, lost, well))] == ["/products/b"]


def test_a_page_behind_the_sign_in_is_opened_with_the_account() -> None:
    site = crawled(literal.page("/account", "Your account", template="t"), account=True, protected=frozenset({"t"}))
    draft = only(pages.tests(site, [observed(first(pages.cases(site)), None, look("/account", "Your account"))]))
    assert draft.document["auth"] == "account"


def test_where_the_account_does_not_get_in_the_pages_of_other_roles_are_tested_all_the_same() -> None:
    seen = [literal.page(f"/{role}", template="t", role=role) for role in ("", "account", "editor")]
    site = crawled(*seen).surveyed(Survey(account=False, protected=frozenset({"t"})))
    assert [(case.start, case.auth) for case in pages.cases(site)] == [("/editor", "editor")]


def test_a_link_is_followed_to_the_heading_of_the_page_it_leads_to() -> None:
    home = literal.page("/", actions=[link("About", "/about"), link("Log out", "/logout"), link("Lost", "/lost")])
    lost = literal.page("/lost").model_copy(update={"status": 404})
    site = crawled(home, literal.page("/about", "About us"), literal.page("/logout", "Bye"), lost)
    (case,) = navigation.cases(site)
    draft = only(navigation.tests(site, [observed(case, look("/"), look("/about", "About us"))]))
    assert steps(draft) == [
        {"do": "click", "target": {"role": "link", "name": "About", "exact": True}},
        {"do": "expect_url", "path": "/about"},
        {"do": "expect_visible", "target": {"role": "heading", "name": "About us", "exact": True}},
    ]


def test_a_link_that_shows_nothing_new_proves_nothing() -> None:
    home = literal.page("/", actions=[link("About", "/about")])
    site = crawled(home, literal.page("/about"))
    (case,) = navigation.cases(site)
    assert not list(navigation.tests(site, [observed(case, look("/"), look("/about"))]))


def search_site() -> Any:
    names = ("Blue Mug", "Red Mug", "Green Lamp", "Red Lamp")
    home = literal.page("/", forms=[SEARCH], actions=[link(name, f"/p/{name}", "main") for name in names])
    return crawled(home)


def searched(results: dict[str, tuple[str, ...]], *, silent: bool = False) -> list[Observation]:
    site = search_site()
    before = look("/", listed=("Blue Mug", "Red Mug", "Green Lamp", "Red Lamp"))
    seen = []
    for case in search.cases(site):
        listed = results.get(case.about["word"], ())
        texts = () if listed or silent else ("We found nothing for that.",)
        seen.append(
            observed(case, before, look(f"/search?q={case.about['word']}", "Search", listed=listed, texts=texts))
        )
    return seen


def test_a_search_must_list_what_matches_and_not_what_does_not() -> None:
    seen = searched({"lamp": ("Green Lamp", "Red Lamp"), "mug": ("Blue Mug", "Red Mug")})
    drafts = {draft.document["title"]: draft for draft in search.tests(search_site(), seen)}
    lamps = expectations(drafts["Searching for “lamp” lists what matches"])
    assert lamps[0] == {"do": "expect_url", "path": "/search", "query": {"q": "lamp"}}
    assert {"do": "expect_visible", "target": {"role": "link", "name": "Green Lamp", "exact": True}} in lamps
    assert {"do": "expect_hidden", "target": {"role": "link", "name": "Blue Mug", "exact": True}} in lamps


def test_a_search_for_nothing_says_so_and_lists_none_of_what_another_found() -> None:
    seen = searched({"lamp": ("Green Lamp", "Red Lamp"), "mug": ("Blue Mug", "Red Mug")})
    nothing = next(draft for draft in search.tests(search_site(), seen) if "nowhere" in draft.document["title"])
    assert {"do": "expect_visible", "target": {"text": "We found nothing for that.", "exact": False}} in expectations(
        nothing
    )
    assert any(step["do"] == "expect_hidden" for step in expectations(nothing))


def test_a_search_that_ignores_the_word_gives_no_test() -> None:
    everything = ("Blue Mug", "Red Mug", "Green Lamp", "Red Lamp")
    results: dict[str, tuple[str, ...]] = {case.about["word"]: everything for case in search.cases(search_site())}
    assert not list(search.tests(search_site(), searched(results)))


def contact_site(options: CrawlOptions | None = None) -> Any:
    return crawled(literal.page("/contact", "Contact", forms=[CONTACT]), options=options)


def test_a_form_is_tried_right_and_with_each_required_field_missing_and_wrong() -> None:
    tried = [
        (case.about["kind"], case.about["field"]["label"] if case.about["field"] else "", case.about["how"])
        for case in form.cases(contact_site())
    ]
    assert tried == [
        ("right", "", ""),
        ("missing", "Email", ""),
        ("missing", "Message", ""),
        ("wrong", "Email", ""),
        ("refuses", "Message", "blank"),
        ("accepts", "Message", "foreign"),
        ("copes", "Message", "overlong"),
    ]
    right = next(iter(form.cases(contact_site())))
    assert right.writes
    assert [step["do"] for step in right.steps] == ["fill", "fill", "click"]


def test_a_form_on_every_page_is_one_form() -> None:
    site = crawled(*(literal.page(f"/{name}", name, forms=[CONTACT]) for name in ("a", "b", "c")))
    assert len({case.start for case in form.cases(site)}) == 1
    assert len(list(form.cases(site))) == 7


def test_what_sending_showed_is_expected_without_what_was_typed() -> None:
    case = case_of(form.cases(contact_site()), kind="right")
    before = look("/contact", "Contact").model_copy(
        update={"fields": (live("Email", value="sentri-123456@example.com"),)}
    )
    after = look("/thanks", "Thank you", messages=(says("Sent to sentri-123456@example.com with reference HL-88211"),))
    found = expectations(only(form.tests(contact_site(), [observed(case, before, after)])))
    assert found == [
        {"do": "expect_url", "path": "/thanks"},
        {"do": "expect_text", "target": {"role": "status"}, "contains": "with reference"},
        {"do": "expect_visible", "target": {"role": "heading", "name": "Thank you", "exact": True}},
    ]


def test_a_form_that_answers_with_nothing_to_see_gives_no_test() -> None:
    case = case_of(form.cases(contact_site()), kind="right")
    same = look("/contact", "Contact")
    assert not list(form.tests(contact_site(), [observed(case, same, same)]))


def test_a_missing_field_is_refused_by_the_browser_or_by_the_page() -> None:
    site = contact_site()
    case = next(case for case in form.cases(site) if case.about["kind"] == "missing")
    before = look("/contact", "Contact")
    native = look("/contact", "Contact", fields=(live("Email", submitted_invalid=True),))
    told = look(
        "/contact",
        "Contact",
        fields=(live("Email", aria_invalid=True, explained="Enter your email"),),
        texts=("Enter your email",),
    )
    by_browser = only(form.tests(site, [observed(case, before, native)]))
    by_page = only(form.tests(site, [observed(case, before, told)]))
    assert by_browser.document["title"] == "The “Contact” form asks for “Email”"
    assert expectations(by_browser)[0]["target"] == {"css": "#id_email:user-invalid"}
    assert expectations(by_page)[0]["target"] == {"text": "Enter your email", "exact": False}
    assert expectations(by_page)[1]["target"] == {"css": '#id_email[aria-invalid="true"]'}


def test_a_form_that_takes_it_without_the_field_gives_no_test() -> None:
    case = next(case for case in form.cases(contact_site()) if case.about["kind"] == "missing")
    after = look("/thanks", "Thank you", texts=("Thank you very much",))
    assert not list(form.tests(contact_site(), [observed(case, look("/contact", "Contact"), after)]))


def test_a_sign_up_is_only_tried_where_the_browser_holds_it_back() -> None:
    sign_up = literal.form(
        field("Email", "email", required=True), field("Password", "password", required=True), submit="Create account"
    )
    cases = list(form.cases(crawled(literal.page("/join", forms=[sign_up]))))
    assert {case.about["kind"] for case in cases} == {"missing"}
    assert not any(case.writes for case in cases)


def test_what_a_request_that_was_held_back_showed_gives_no_test_of_a_form() -> None:
    case = next(case for case in form.cases(contact_site()) if case.about["kind"] == "missing")
    fields = (live("Email", aria_invalid=True, explained="Enter your email"),)
    told = look("/contact", "Contact", fields=fields, texts=("Enter your email",))
    seen = observed(case, look("/contact", "Contact"), told)
    assert len(list(form.tests(contact_site(), [seen]))) == 1
    assert not list(form.tests(contact_site(), [seen.model_copy(update={"held_back": True})]))


def test_payment_and_deletion_are_not_tried_at_all() -> None:
    pay = literal.form(field("Card number", required=True), submit="Continue")
    delete = literal.form(field("Reason", required=True), submit="Delete account", action="/x")
    site = crawled(literal.page("/x", forms=[pay, delete], actions=[button("Delete account")]))
    assert not [*form.cases(site), *action.cases(site)]


def test_a_read_only_crawl_tries_only_what_asks() -> None:
    options = CrawlOptions(read_only=True)
    site = crawled(literal.page("/", forms=[CONTACT, SEARCH], actions=[link("Mug", "/m", "main")]), options=options)
    assert not list(form.cases(site))
    assert list(search.cases(site))


SIGN_IN = literal.form(field("Email"), field("Password", "password"), submit="Sign in", action="/sign-in")


def signin_site() -> Any:
    entrance = literal.page("/sign-in", "Sign in", forms=[SIGN_IN])
    account = literal.page("/account", "Your account", template="t", signed_in=True)
    return crawled(
        entrance, account, account=True, sign_in=SignInPage(page=entrance, form=SIGN_IN), protected=frozenset({"t"})
    )


def test_signing_in_uses_the_account_and_expects_what_was_seen() -> None:
    case = case_of(signin.cases(signin_site()), kind="right")
    after = look("/account", "Your account", messages=(says("Welcome back"),))
    draft = only(signin.tests(signin_site(), [observed(case, look("/sign-in", "Sign in"), after)]))
    assert [step["value"] for step in steps(draft)[:2]] == ["{{account.username}}", "{{account.password}}"]
    assert {"do": "expect_text", "target": {"role": "status"}, "contains": "Welcome back"} in expectations(draft)
    assert "auth" not in draft.document


def test_a_wrong_password_must_be_answered_in_words() -> None:
    case = case_of(signin.cases(signin_site()), kind="wrong")
    before = look("/sign-in", "Sign in", fields=(live("Password", type="password"),))
    silent = before
    told = before.model_copy(update={"messages": (says("Email or password is incorrect", "alert"),)})
    assert not list(signin.tests(signin_site(), [observed(case, before, silent)]))
    draft = only(signin.tests(signin_site(), [observed(case, before, told)]))
    assert {
        "do": "expect_text",
        "target": {"role": "alert"},
        "contains": "Email or password is incorrect",
    } in expectations(draft)


def test_a_page_of_the_account_leads_strangers_to_the_sign_in() -> None:
    case = case_of(signin.cases(signin_site()), kind="closed")
    draft = only(signin.tests(signin_site(), [observed(case, None, look("/sign-in?next=/account", "Sign in"))]))
    assert draft.document["start"] == "/account"
    assert expectations(draft)[0] == {"do": "expect_url", "path": "/sign-in", "query": {"next": "/account"}}


def test_without_an_account_nothing_is_signed_in_to() -> None:
    entrance = literal.page("/sign-in", "Sign in", forms=[SIGN_IN])
    cases = list(signin.cases(crawled(entrance, sign_in=SignInPage(page=entrance, form=SIGN_IN))))
    assert [case.about["kind"] for case in cases] == ["empty"]


def test_the_next_page_lists_others() -> None:
    site = crawled(
        literal.page("/products", "Products", actions=[link("2", "/products?page=2"), link("Next", "/products?page=2")])
    )
    (case,) = pagination.cases(site)
    assert case.steps[0]["target"]["name"] == "Next"
    before, after = (
        look("/products", "Products", listed=("A mug", "A bowl")),
        look("/products?page=2", "Products", listed=("A lamp", "A vase")),
    )
    found = expectations(only(pagination.tests(site, [observed(case, before, after)])))
    assert found[0] == {"do": "expect_url", "path": "/products", "query": {"page": "2"}}
    assert {"do": "expect_visible", "target": {"role": "link", "name": "A lamp", "exact": True}} in found
    assert {"do": "expect_hidden", "target": {"role": "link", "name": "A mug", "exact": True}} in found


def test_the_same_entries_on_the_next_page_give_no_test() -> None:
    site = crawled(literal.page("/products", "Products", actions=[link("Next", "/products?page=2")]))
    (case,) = pagination.cases(site)
    before, after = (
        look("/products", "Products", listed=("A", "B")),
        look("/products?page=2", "Products", listed=("A", "B")),
    )
    assert not list(pagination.tests(site, [observed(case, before, after)]))


def test_sorting_expects_the_first_entry() -> None:
    sort = literal.form(
        field("Sort by", "select", options=("Name", "Price"), value="Name"),
        submit="Sort",
        method="get",
        action="/products",
    )
    site = crawled(literal.page("/products", "Products", forms=[sort]))
    (case,) = filtering.cases(site)
    assert case.steps[0] == {"do": "select", "target": {"label": "Sort by"}, "value": "Price"}
    before, after = look("/products", listed=("Apple", "Bowl")), look("/products?sort=price", listed=("Bowl", "Apple"))
    seen = observed(case, before, after)
    assert not list(filtering.tests(site, [seen.model_copy(update={"held_back": True})]))
    found = expectations(only(filtering.tests(site, [seen])))
    assert found[1]["target"] == {"role": "listitem", "nth": 0, "within": {"role": "main"}}
    assert found[1]["contains"] == "Bowl"


def test_adding_to_a_cart_leads_to_the_cart_and_to_changing_it() -> None:
    add = literal.form(field("Quantity", "number", value="1"), submit="Add to cart", action="/cart/add")
    site = crawled(literal.page("/products/mug", "Blue Mug", forms=[add]))
    (case,) = action.cases(site)
    cart = Pressable(role="link", name="Cart 1 item", href=f"{literal.SITE}/cart", landmark="banner")
    empty = cart.model_copy(update={"name": "Cart 0 items"})
    before = look("/products/mug", "Blue Mug", pressables=(empty,))
    after = look("/products/mug", "Blue Mug", messages=(says("Added Blue Mug to your cart."),), pressables=(cart,))
    added = observed(case, before, after)
    assert expectations(only(action.tests(site, [added]))) == [
        {"do": "expect_text", "target": {"role": "status"}, "contains": "Added Blue Mug to your cart."},
        {"do": "expect_visible", "target": {"role": "link", "name": "Cart 1 item", "exact": True}},
    ]
    (there,) = following.deeper(site, added)
    update = literal.form(
        field("Quantity of Blue Mug", "select", options=("1", "2", "3"), value="1"),
        submit="Update",
        action="/cart/update",
    )
    remove = literal.form(submit="Remove", action="/cart/remove")
    held = look("/cart", "Your cart", listed=("Blue Mug", "Other"), forms=(remove, update))
    assert there.steps[-1] == {"do": "click", "target": {"role": "link", "name": "Cart", "exact": False}}
    assert {"do": "expect_visible", "target": {"role": "link", "name": "Blue Mug", "exact": True}} in expectations(
        only(action.tests(site, [observed(there, after, held)]))
    )
    (changed,) = following.deeper(site, observed(there, after, held))
    assert [step["do"] for step in changed.steps] == ["click", "click", "select", "click"]
    assert changed.steps[-1]["target"]["name"] == "Update"


def test_a_button_that_does_not_say_what_it_does_may_not_write() -> None:
    site = crawled(literal.page("/about", actions=[button("Show answer"), button("Run now")]))
    writes = {case.about["name"]: case.writes for case in action.cases(site)}
    assert writes == {"Show answer": True, "Run now": False}
