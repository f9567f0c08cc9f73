"""Actions of a state: what is alike, what comes first, how it is found again."""

from __future__ import annotations

from random import Random
from typing import Any

from runs.engine.crawl.actions import Actions, ReachedState, key_of
from runs.engine.crawl.form_action import steps_of
from runs.engine.crawl.offers import Offer, Offers
from runs.engine.crawl.scope import Scope
from runs.engine.crawl.score import Features, History, Kind, priority
from runs.engine.events import Action, Form, Link, PageSnapshot
from runs.engine.plan import CrawlOptions, PageWork
from runs.engine.steps.document import parse
from tests.engine.generate.snapshots import SITE, field, form, page

WORK = PageWork(page=1, url=f"{SITE}/", depth=1)


def actions(**options: Any) -> Actions:
    chosen = CrawlOptions(mode="states", **options)
    return Actions(chosen, Scope.for_crawl(f"{SITE}/", chosen), lambda key: key, Random(1), History())


def press(name: str, container: str = "main", **more: Any) -> Offer:
    fields = {"role": "button", "twins": 1, "place": 0, "css": f"#{name}", "landmark": "main", **more}
    return Offer(how="press", name=name, container=container, **fields)


def state(*offers: Offer, forms: tuple[Form, ...] = (), template: str = "t", **more: Any) -> ReachedState:
    shown: PageSnapshot = page("/", forms=forms, template=template)
    return ReachedState(
        more.pop("work", WORK), shown, Offers(offers=offers, scrolls=more.pop("scrolls", False)), **more
    )


def first_of(kind: Kind) -> int:
    """The priority of one of a kind that nothing is known of, as deep as what a state of these tests offers."""
    return priority(Features(kind, depth=2), History())


def waits(link: Link, kind: Kind) -> bool:
    """Whether it comes after the second of a cluster."""
    return link.priority > priority(Features(kind, depth=2, known=1), History())


def said(links: tuple[Link, ...]) -> list[str]:
    return [link.action for link in links]


def test_an_action_is_a_way_with_a_sentence_and_a_key_of_its_own() -> None:
    first, second = actions().links(state(press("Menu"), press("Help")))
    assert (first.kind, first.action, first.depth, first.url) == ("action", "Press “Menu”", 2, f"{SITE}/")
    assert first.path == ({"do": "click", "target": {"role": "button", "name": "Menu", "exact": True}},)
    assert first.key != second.key
    assert first.key.startswith(f"{SITE}/#then-")


def test_whoever_visits_a_row_knows_by_what_key_it_was_offered() -> None:
    """So that the history learns what came of it."""
    here = state(press("Menu"), forms=(form(field("Title"), submit="Save", action="/notes"),))
    for link in actions().links(here):
        assert key_of(PageWork(page=2, url=link.url, depth=link.depth, path=link.path)) == link.key
    assert key_of(WORK) == f"{SITE}/"


def test_where_presses_lead_to_nothing_choices_come_before_the_next_of_them() -> None:
    options, history = CrawlOptions(mode="states"), History()
    seen = Actions(options, Scope.for_crawl(f"{SITE}/", options), lambda key: key, Random(1), history)
    colour, size = (
        Offer(how="field", type="select", name=name, options=("1", "2"), chosen="1", css=f"#{name}")
        for name in ("Colour", "Size")
    )
    assert said(seen.links(state(colour, press("One")))) == ["Press “One”", "Use “Colour”"]
    for number in range(60):
        [link] = seen.links(state(press("Open", f"main>section{number}"), template=f"t{number}"))
        history.learn(link.key, "nothing")
    assert said(seen.links(state(size, press("Two"), template="u"))) == ["Use “Size”", "Press “Two”"]


def test_a_state_goes_on_from_the_way_that_leads_to_it() -> None:
    way = ({"do": "click", "target": {"role": "button", "name": "Menu"}},)
    [link] = actions().links(state(press("Help"), work=WORK.model_copy(update={"path": way})))
    assert link.path[:1] == way
    assert len(link.path) == 2


def test_two_of_a_kind_are_tried_on_one_page_and_on_the_next() -> None:
    seen = actions()
    rows = [
        press(f"Add {name}", "main>list>listitem", repeated=True, tail="button>") for name in ("mug", "pen", "lamp")
    ]
    assert said(seen.links(state(*rows))) == ["Press “Add mug”", "Press “Add pen”"]
    assert seen.links(state(*rows, work=WORK.model_copy(update={"url": f"{SITE}/other"}))) == ()
    assert len(seen.links(state(*rows, template="another"))) == 2


def test_what_one_role_tried_is_left_to_the_other_as_well() -> None:
    seen = actions()
    rows = [press(f"Add {name}", "main>list>listitem", repeated=True, tail="button>") for name in ("mug", "pen")]
    offered = [
        len(seen.links(state(*rows, work=WORK.model_copy(update={"role": role}))))
        for role in ("visitor", "editor", "editor")
    ]
    assert offered == [2, 2, 0]


def test_entries_of_a_menu_are_not_alike() -> None:
    tabs = [press(name, "main>tablist", role="tab", repeated=True, tail="a>") for name in ("One", "Two", "Three")]
    assert len(actions().links(state(*tabs))) == 3


def test_what_stands_in_the_frame_of_the_site_is_the_same_on_all_its_pages() -> None:
    seen = actions()
    theme = press("Theme", "banner", landmark="banner")
    for number in range(2):
        seen.links(state(theme, template=f"t{number}", work=WORK.model_copy(update={"url": f"{SITE}/{number}"})))
    assert seen.links(state(theme, template="t9", work=WORK.model_copy(update={"url": f"{SITE}/9"}))) == ()


def test_what_has_no_name_may_do_another_thing_on_each_kind_of_page() -> None:
    seen = actions()
    icon = press("", "banner", role="", place=-1, landmark="banner", hints="button outline plus", css="#add")
    for number in range(4):
        [link] = seen.links(state(icon, template=f"t{number}"))
        assert link.priority < first_of("scroll")


def test_what_many_kinds_of_page_offer_is_tried_after_what_only_one_does() -> None:
    seen = actions()
    for number in range(2):
        seen.links(
            state(
                press("Home", "aside"), template=f"t{number}", work=WORK.model_copy(update={"url": f"{SITE}/{number}"})
            )
        )
    links = seen.links(state(press("Home", "aside"), press("Add a limit", "main"), template="t9"))
    assert said(tuple(sorted(links, key=lambda link: link.priority))) == ["Press “Add a limit”", "Press “Home”"]


def test_what_only_the_visitor_keeps_is_followed_after_what_the_application_was_told() -> None:
    shown = page("/", actions=(Action(role="link", name="Basket 1", href=f"{SITE}/cart", css="#c"),), template="t")
    [told] = actions().links(ReachedState(WORK, shown, Offers(), carried=True, sent=True))
    [kept] = actions().links(ReachedState(WORK, shown, Offers(), carried=True))
    assert told.priority < first_of("press") < kept.priority


def test_pages_of_a_list_and_days_of_a_calendar_come_late() -> None:
    day = press("17", "main>grid>row>gridcell")
    links = actions().links(state(press("2"), press("Next"), day, press("Help")))
    assert said(links)[0] == "Press “Help”"
    assert all(waits(link, "press") for link in links[1:])


def test_a_state_offers_no_more_than_it_may_and_forms_first() -> None:
    note = form(field("Title"), submit="Save", action="/notes", name="New note")
    links = actions(max_actions=2).links(state(press("Menu"), press("Help"), forms=(note,)))
    assert said(links) == ["Fill and send “New note”", "Press “Menu”"]


def test_the_button_of_a_form_that_is_filled_is_not_pressed_by_itself() -> None:
    note = form(field("Title"), submit="Create", submit_css="#Create", action="/notes", name="New note")
    links = actions().links(state(press("Create"), press("Close"), forms=(note,)))
    assert said(links) == ["Fill and send “New note”", "Press “Close”"]


def test_one_of_several_of_a_name_is_told_by_its_place_and_what_has_no_role_by_its_path() -> None:
    links = actions().links(state(press("Edit", twins=3, place=1), press("Card", role="", place=-1, css="div > b")))
    assert [link.path[-1]["target"] for link in links] == [
        {"role": "button", "name": "Edit", "exact": True, "nth": 1},
        {"css": "div > b"},
    ]


def test_what_is_in_a_frame_is_looked_for_there() -> None:
    [link] = actions().links(state(press("Within", frame="#frame")))
    assert link.path[0]["target"]["frame"] == [{"css": "#frame"}]


def test_what_destroys_is_not_offered_nor_what_signs_in() -> None:
    forms = (form(submit="Delete account", action="/x"), form(field("Password", "password"), submit="Sign in"))
    assert actions().links(state(press("Delete"), press("", hints="trash"), forms=forms)) == ()


def test_links_that_are_new_after_something_was_written_are_followed_by_pressing_them() -> None:
    cart, old = Action(role="link", name="Basket 1", href=f"{SITE}/cart", css="#c"), f"{SITE}/about"
    bye = Action(role="link", name="Log out", href=f"{SITE}/logout")
    shown = page("/", actions=(cart, Action(role="link", name="About", href=old), bye), template="t")
    before = frozenset({(old, "About"), (f"{SITE}/cart", "Basket 0")})
    here = ReachedState(WORK, shown, Offers(), before, carried=True, wrote=True)
    [link] = actions().links(here)
    assert (link.action, link.carried) == ("Follow “Basket 1”", True)
    assert actions().links(ReachedState(WORK, shown, Offers(), before)) == ()


def test_facets_are_tried_twice_on_the_whole_site_and_late() -> None:
    seen = actions()
    facets = [Offer(how="field", type="checkbox", name=f"Size {n}", container="main", css=f"#f{n}") for n in range(9)]
    first = seen.links(state(*facets))
    assert [waits(link, "field") for link in first] == [True, True]
    assert seen.links(state(*facets, template="narrowed", work=WORK.model_copy(update={"url": f"{SITE}/x"}))) == ()


def test_a_choice_is_as_good_as_pressed_and_refused_like_a_button() -> None:
    tick = Offer(how="field", type="checkbox", name="Deactivate account", css="#a")
    choice = Offer(how="field", type="select", name="Do", options=("…", "Delete account"), chosen="…", css="#b")
    fine = Offer(how="field", type="select", name="Do", options=("…", "Sort"), chosen="…", css="#c")
    assert said(actions().links(state(tick, choice, fine))) == ["Use “Do”"]
    assert actions(deny_actions=("Sort",)).links(state(fine)) == ()
    assert len(actions(allow_destructive=True).links(state(tick))) == 1


def test_scrolling_is_tried_where_something_waits_for_it() -> None:
    [link] = actions().links(state(scrolls=True))
    assert link.path == ({"do": "scroll", "to": "bottom"},)


def test_every_way_is_made_of_steps_of_the_test_language() -> None:
    lone = Offer(how="field", type="select", name="Sort", options=("Name", "Price"), chosen="Name", css="#sort")
    hover = Offer(how="hover", name="Tools", css="#tools")
    note = form(field("Title"), field("Kind", "select", options=("Choose", "Red")), submit="Save", action="/notes")
    for link in actions().links(state(lone, hover, press("Menu"), forms=(note,), scrolls=True)):
        assert parse({"title": "t", "start": "/", "steps": list(link.path)})


def test_a_choice_that_is_still_open_is_made_by_keyboard() -> None:
    team = field("Team", "choice", value="Choose a team")
    found = form(team, field("Colour", "choice", value="Red"), action="/notes")
    steps = steps_of(found, page("/", forms=(found,)), Random(1)) or ()
    assert [step.sentence() for step in parse({"title": "t", "start": "/", "steps": list(steps)}).steps] == [
        'Press Space in the field "Team"',
        "Click the 1st option in listbox",
        'Click the button "Send"',
    ]


def entered(*fields: Any, **more: Any) -> list[Any]:
    found = form(*fields, action="/notes", **more)
    steps = steps_of(found, page("/", forms=(found,)), Random(1))
    return [step.get("value", step["do"]) for step in steps or ()]


def test_a_form_that_asks_is_asked_one_thing_and_what_it_requires() -> None:
    """A name beside the words that are searched for may be what the search is kept by: a GET that writes."""
    order = field("Order", "select", options=("Choose…", "Newest"))
    values = entered(order, field("Title"), field("Keep as"), field("Place", required=True), method="get")
    assert (len(values), values[-1], "Newest" in values) == (3, "click", False)
    assert len(entered(field("Title"), field("Keep as"), method="post")) == 3
    assert entered(order, method="get") == ["Newest", "click"]


def test_a_form_is_filled_where_it_is_empty_and_what_it_creates_carries_our_mark() -> None:
    values = entered(field("Name"), field("Colour", value="blue"), field("Kind", "select", options=("Choose…", "Red")))
    assert values == ["Sentri {{random.digits(6)}}", "Red", "click"]


def test_a_form_that_only_asks_needs_no_mark() -> None:
    assert "Sentri" not in " ".join(entered(field("Name"), method="get"))


def test_a_form_that_cannot_be_filled_is_left_alone() -> None:
    assert entered(field("Passport", "file", required=True)) == []
    assert entered(field("Code", pattern="(?=x)", required=True)) == []


def test_a_choice_that_is_all_a_form_asks_for_is_changed() -> None:
    assert entered(field("Quantity", "select", options=("1", "2"), value="1")) == ["2", "click"]
