from runs.engine.generate.cases import CaseSpec, Draft
from runs.engine.generate.proposals import form
from runs.engine.generate.proposals import page as pages
from runs.engine.generate.propose import propose
from runs.engine.generate.selecting import asserts_something_visible, in_turns, titled
from runs.engine.plan import Preferences
from tests.engine.generate import snapshots as literal
from tests.engine.generate.snapshots import crawled, field, live, look, observed, says


def draft(family: str, title: str, rank: int = 0, path: str = "/") -> Draft:
    case = CaseSpec(family=family, key=title, page=literal.page(path).known_as, start=path)
    return Draft(family, title, {"title": title, "steps": []}, case, "why", rank)


def test_families_take_turns_so_that_a_limit_cuts_none_out() -> None:
    families = {
        "page": [draft("page", f"p{n}", n) for n in range(5)],
        "form": [draft("form", "f1", 1), draft("form", "f0", 0)],
        "api": [],
    }
    assert [one.title for one in in_turns(families, Preferences())] == ["p0", "f0", "p1", "f1", "p2", "p3", "p4"]


def test_no_two_tests_have_one_title() -> None:
    drafts = [draft("page", "The page opens", path=path) for path in ("/", "/a", "/b")] + [draft("page", "x" * 120)] * 3
    titles = [title for title, _ in titled(drafts)]
    assert titles[1] == "The page opens, from /a"
    assert len(set(titles)) == 6
    assert max(map(len, titles)) <= 120


def test_an_address_or_silence_alone_is_not_worth_a_test() -> None:
    address, silence = {"do": "expect_url", "path": "/"}, {"do": "expect_no_console_errors"}
    assert not asserts_something_visible([address, silence, {"do": "click"}])
    assert not asserts_something_visible([{"do": "request", "path": "/"}])
    assert asserts_something_visible([address, {"do": "expect_visible"}])
    assert asserts_something_visible([{"do": "request", "expect": {"status": 200}}])


def test_a_proposal_may_write_where_its_case_did_or_where_it_only_opens_a_page() -> None:
    sign_up = literal.form(
        field("Email", "email", required=True), field("Password", "password", required=True), submit="Create account"
    )
    contact = literal.form(field("Email", "email", required=True), name="Contact", action="/contact")
    site = crawled(literal.page("/join", "Join", forms=[sign_up]), literal.page("/contact", "Contact", forms=[contact]))
    tried = {(case.start, case.about["kind"]): case for case in reversed(list(form.cases(site)))}
    shown = next(case for case in pages.cases(site) if case.start == "/join")
    held, let = tried["/join", "missing"], tried["/contact", "right"]
    native = look("/join", "Join", fields=(live("Email", submitted_invalid=True),))
    seen = [
        observed(held, look("/join", "Join"), native),
        observed(let, look("/contact", "Contact"), look("/thanks", "Thank you", messages=(says("Message sent."),))),
        observed(shown, None, look("/join", "Join")),
    ]
    found = {(one.family, one.page_url): one.writes for one in propose(site, seen, []).proposals}
    at = literal.SITE
    assert found == {("form", f"{at}/join"): False, ("form", f"{at}/contact"): True, ("page", f"{at}/join"): True}
