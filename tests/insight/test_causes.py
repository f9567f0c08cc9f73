from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from runs.insight import causes, keys, known
from runs.report import FailedTest
from tests.insight.failures import answered, failure, missing

CART = answered("POST", "/api/cart", 500)


def labels(*failures: FailedTest, harmless: Any = ()) -> dict[str, list[int]]:
    return {cause.label: list(cause.results) for cause in causes(failures, harmless)}


def test_three_tests_with_different_messages_fail_for_one_reason() -> None:
    found = causes(
        [
            failure(1, error='Expected status to contain "Added", but after 5.0 s it is "Try again"', requests=(CART,)),
            missing(2, 'link "Checkout"', requests=(CART,)),
            failure(3, kind="timeout", error="The test was stopped after 60 s, which is its limit", requests=(CART,)),
            failure(4, error="Expected the title to be “Home”", page="/"),
        ]
    )
    assert [(cause.label, cause.size, cause.tests) for cause in found] == [
        ("POST /api/cart answers 500", 3, ("TC-1", "TC-2", "TC-3")),
        ("Expected the title to be “Home”", 1, ("TC-4",)),
    ]
    assert (found[0].place, found[0].category) == ("POST /api/cart", "product_bug")


def test_an_element_that_is_gone_from_several_pages_is_one_cause() -> None:
    pages = ("/cart", "/products/blue-mug", "/account")
    found = causes([missing(n, 'link "Cart" in navigation', page) for n, page in enumerate(pages)])
    assert [(cause.label, cause.size) for cause in found] == [("link “Cart” in navigation is gone", 3)]


def test_two_elements_gone_from_two_pages_are_two_causes() -> None:
    other = missing(2, 'button "Pay"', "/checkout", 'There is no button "Pay" after 5.0 s (nor is there dialog "Cart")')
    found = labels(missing(1, 'button "Send"', "/contact"), other)
    assert found == {"button “Send” is gone": [1], "button “Pay” is gone": [2]}


def test_one_message_about_two_endpoints_is_two_causes() -> None:
    error = 'Expected status below 400, but the answer was 404 ("not here")'
    found = labels(*(failure(n, step="request", error=error, target=f"GET /api/{n}x") for n in (1, 2)))
    assert found == {"GET /api/1x answers 404": [1], "GET /api/2x answers 404": [2]}


def test_numbers_ids_times_and_hosts_in_a_message_do_not_part_failures() -> None:
    said = (
        "Expected order 3fa85f64-5717-4562-b3fc-2c963f66afa6 of http://a.test/o/1 at 2026-01-02 10:11, took 5.0 s",
        "Expected order 7c9e6679-7425-40de-944b-e07fc1f90ae7 of https://b.test/o/22 at 2026-11-12 03:01, took 7.25 s",
    )
    assert [cause.size for cause in causes([failure(n, error=text) for n, text in enumerate(said)])] == [2]


def test_what_also_fails_in_passing_tests_explains_nothing() -> None:
    noise = answered("GET", "/api/ads", 500)
    both = (failure(1, page="/", requests=(noise,)), missing(2, 'button "Pay"', requests=(noise,)))
    assert set(labels(*both)) == {"GET /api/ads answers 500"}
    assert len(labels(*both, harmless=keys((noise,), ()))) == 2


def test_an_unreachable_host_is_one_cause_whatever_was_opened() -> None:
    refused = "could not be opened: the connection was refused"
    found = causes(
        [
            failure(n, kind="navigation", error=f"{path} {refused}", received="net::ERR_CONNECTION_REFUSED")
            for n, path in enumerate(("/", "/cart", "/account"))
        ]
    )
    assert [(cause.label, cause.size, cause.category) for cause in found] == [
        ("shop.test cannot be reached: the connection is refused", 3, "unreachable")
    ]


def test_an_uncaught_error_is_told_by_its_place_in_the_code() -> None:
    line = "Uncaught TypeError: cart.add is not a function\n    at add (http://shop.test/static/cart.js:{}:7)"
    found = causes([failure(n, console=(line.format(at),), error=f"odd {n}") for n, at in enumerate((12, 12, 80))])
    assert [(cause.place, cause.size) for cause in found] == [("cart.js:12", 2), ("cart.js:80", 1)]


def test_many_addresses_below_one_parent_that_fail_alike_are_one_cause() -> None:
    pages = [
        failure(n, requests=(answered("GET", f"/products/{name}", 500, kind="document"),))
        for n, name in enumerate("abc")
    ]
    assert labels(*pages) == {"GET /products/* answers 500": [0, 1, 2]}
    assert len(labels(*pages[:2])) == 2


def test_a_fact_that_explains_more_failures_comes_first() -> None:
    pair = (answered("GET", "/api/a", 500), answered("GET", "/api/z", 500))
    found = labels(failure(1, requests=pair), failure(2, requests=pair[1:]), failure(3, requests=pair[1:]))
    assert found == {"GET /api/z answers 500": [1, 2, 3]}


def test_messages_that_are_alike_on_one_page_are_one_cause_and_on_two_pages_two() -> None:
    def said(number: int, page: str, last: str) -> FailedTest:
        text = f"Expected the list of orders to show the newest order first, but it shows the {last} one first"
        return failure(number, error=text, page=page)

    assert [cause.size for cause in causes([said(1, "/orders", "oldest"), said(2, "/orders", "cheapest")])] == [2]
    assert [cause.size for cause in causes([said(1, "/orders", "oldest"), said(2, "/offers", "cheapest")])] == [1, 1]


def test_messages_that_only_share_a_page_stay_apart() -> None:
    one = failure(1, page="/cart", error="Expected the address to be /thanks, but after 5.0 s it is /cart")
    other = failure(2, page="/cart", error="Expected 3 rows in table “Basket”, but there are none")
    assert [cause.size for cause in causes([one, other])] == [1, 1]


def test_a_cause_has_the_same_signature_in_another_run_and_says_since_when() -> None:
    early = causes([missing(1, 'button "Pay"'), failure(2, requests=(CART,)), failure(3, page="/x", error="odd")])
    late = causes(
        [missing(11, 'button "Pay"', "/checkout"), missing(12, 'button "Pay"'), failure(13, requests=(CART,))]
    )
    signatures = [cause.signature for cause in early]
    told = known(late, [("RUN-9", []), ("RUN-8", signatures), ("RUN-5", signatures[:1]), ("RUN-2", ["other"])])
    assert {cause.label: cause.since for cause in told} == {
        "button “Pay” is gone": "RUN-5" if signatures[0] == told[0].signature else "RUN-8",
        "POST /api/cart answers 500": "RUN-5" if signatures[0] == told[1].signature else "RUN-8",
    }
    assert all(cause.since for cause in told)
    assert known(causes([failure(1, page="/new", error="never seen")]), [("RUN-8", signatures)])[0].since == ""


def test_no_failure_is_no_cause() -> None:
    assert causes([]) == ()


WORDS = ("orders", "basket", "total", "price", "hidden", "visible", "newest", "first", "list")
requests = st.lists(
    st.builds(
        answered,
        st.sampled_from(["GET", "POST"]),
        st.sampled_from(["/a", "/p/x", "/p/y", "/p/z"]),
        st.sampled_from([500, 404, None]),
    ),
    max_size=2,
).map(tuple)
some = st.builds(
    failure,
    error=st.lists(st.sampled_from(WORDS), max_size=9).map(lambda said: "Expected " + " ".join(said)),
    kind=st.sampled_from(["expectation", "not_found", "timeout"]),
    target=st.sampled_from(["", "main", 'button "Pay"', 'button "Send"']),
    page=st.sampled_from(["", "/cart", "/orders/7", "/orders/8"]),
    requests=requests,
    console=st.sampled_from([(), ("Uncaught Error: no\n at f (http://shop.test/a.js:1:2)",)]),
)


@settings(max_examples=200, deadline=None)
@given(found=st.lists(some, max_size=25), seed=st.integers(0, 2**16))
def test_the_causes_do_not_depend_on_the_order_of_the_failures(found: list[FailedTest], seed: int) -> None:
    numbered = [replace(one, result=number, test=f"TC-{number}") for number, one in enumerate(found)]
    shuffled = numbered.copy()
    Random(seed).shuffle(shuffled)
    said = causes(numbered)
    assert causes(shuffled) == said
    assert sorted(result for cause in said for result in cause.results) == list(range(len(found)))
    assert len({cause.signature for cause in said}) == len(said)
    assert all(cause.size == len(cause.results) and cause.label for cause in said)
    assert [cause.size for cause in said] == sorted((cause.size for cause in said), reverse=True)


def test_a_place_is_a_page_as_people_call_it_and_never_the_identity_of_its_structure() -> None:
    found = causes([failure(number, page="9f3c2b1a77de01", path=f"/p/{number}") for number in range(3)])
    assert [(cause.place, cause.size) for cause in found] == [("/p/:id", 3)]
