from runs.engine.generate.cases import Case, Draft
from runs.engine.generate.selecting import in_turns, telling, titled
from runs.engine.plan import Dials
from tests.engine.generate import snapshots as literal


def draft(family: str, title: str, rank: int = 0, path: str = "/") -> Draft:
    case = Case(family=family, key=title, page=literal.page(path).known_as, start=path)
    return Draft(family, title, {"title": title, "steps": []}, case, "why", rank)


def test_families_take_turns_so_that_a_limit_cuts_none_out() -> None:
    families = {
        "page": [draft("page", f"p{n}", n) for n in range(5)],
        "form": [draft("form", "f1", 1), draft("form", "f0", 0)],
        "api": [],
    }
    assert [one.title for one in in_turns(families, Dials())] == ["p0", "f0", "p1", "f1", "p2", "p3", "p4"]


def test_no_two_tests_have_one_title() -> None:
    drafts = [draft("page", "The page opens", path=path) for path in ("/", "/a", "/b")] + [draft("page", "x" * 120)] * 3
    titles = [title for title, _ in titled(drafts)]
    assert titles[1] == "The page opens, from /a"
    assert len(set(titles)) == 6
    assert max(map(len, titles)) <= 120


def test_an_address_or_silence_alone_is_not_worth_a_test() -> None:
    address, silence = {"do": "expect_url", "path": "/"}, {"do": "expect_no_console_errors"}
    assert not telling([address, silence, {"do": "click"}])
    assert not telling([{"do": "request", "path": "/"}])
    assert telling([address, {"do": "expect_visible"}])
    assert telling([{"do": "request", "expect": {"status": 200}}])
