from typing import Any

import pytest

from runs.insight import CATEGORIES, diagnose, keys
from runs.report import Past
from tests.insight.failures import answered, failure

REFUSED = {"kind": "navigation", "error": "/ could not be opened: the connection was refused"}

FAILURES: list[tuple[str, dict[str, Any]]] = [
    ("internal", {"kind": "crash", "error": "Sentri broke here: KeyError: 'x'"}),
    ("crash", {"kind": "crash", "error": "The page crashed"}),
    ("sign_in", {"kind": "blocked", "error": "The test starts signed in. No password field was found on /login."}),
    ("blocked", {"kind": "blocked", "error": "http://10.0.0.1 is a private address"}),
    ("test_error", {"kind": "document", "error": "{{ nobody }} is not a variable"}),
    ("page_hides", {"kind": "hidden", "error": "“Send” was not done: the page has a field called “getAttribute”"}),
    ("unreachable", REFUSED),
    ("unreachable", {**REFUSED, "error": "/ could not be opened: odd", "received": "net::ERR_CONNECTION_RESET"}),
    (
        "unreachable",
        {"kind": "navigation", "step": "request", "error": "GET /x could not be sent: connect ECONNREFUSED"},
    ),
    ("unreachable", {"requests": (answered("GET", "/", 502, kind="document"),)}),
    ("product_bug", {"requests": (answered("POST", "/api/cart", 500),), "kind": "timeout"}),
    ("product_bug", {"console": ("Uncaught TypeError: x is null",), "kind": "not_found"}),
    ("slow", {"kind": "navigation", "error": "/slow did not finish loading within 15.0 s"}),
    ("slow", {"kind": "timeout", "error": "The test was stopped after 60 s, which is its limit"}),
    ("slow", {"error": "Expected an answer within 200 ms, but it took 900 ms"}),
    ("product_bug", {"kind": "timeout", "error": "The button “Pay” could not be used within 5.0 s: it is disabled"}),
    ("test_outdated", {"kind": "not_found", "error": "There is no button “Pay” after 5.0 s"}),
    ("test_outdated", {"kind": "script", "error": "“Fill it” failed: it is not a field"}),
    ("product_bug", {"kind": "navigation", "error": "/ could not be opened: the site redirects in a circle"}),
    ("product_bug", {}),
    ("unknown", {"kind": "", "error": ""}),
]


@pytest.mark.parametrize(("category", "fields"), FAILURES)
def test_a_failure_is_told_in_plain_words(category: str, fields: dict[str, Any]) -> None:
    found = diagnose(failure(**fields))
    assert found.category == category
    assert found.words.endswith(".")


def test_every_category_has_an_example_here() -> None:
    assert {category for category, _ in FAILURES} == set(CATEGORIES)


def test_a_refused_connection_that_a_page_merely_speaks_of_is_no_unreachable_application() -> None:
    said = 'Expected status to contain "Sent", but it is "connect ECONNREFUSED 127.0.0.1:11434 (ollama)"'
    assert diagnose(failure(error=said, received=said)).category == "product_bug"


def test_what_passing_tests_show_as_well_is_not_the_kind_of_a_failure() -> None:
    noise = answered("GET", "/api/ads", 500)
    found = failure(kind="not_found", error="There is no button “Pay” after 5.0 s", requests=(noise,))
    assert diagnose(found).category == "product_bug"
    assert diagnose(found, keys((noise,), ())).category == "test_outdated"


@pytest.mark.parametrize(
    ("past", "flaky", "told"),
    [
        ("", False, ("first", "")),
        ("passed failed", False, ("new", "RUN-9")),
        ("flaky failed", False, ("new", "RUN-9")),
        ("failed failed passed failed", False, ("known", "RUN-8")),
        ("failed", False, ("known", "RUN-9")),
        ("failed passed", True, ("flaky", "")),
    ],
)
def test_the_past_of_a_test_tells_new_failures_from_known_ones(past: str, flaky: bool, told: tuple[str, str]) -> None:
    earlier = tuple(Past(f"RUN-{9 - age}", status) for age, status in enumerate(past.split()))
    found = diagnose(failure(past=earlier, is_flaky=flaky))
    assert (found.standing, found.since) == told


@pytest.mark.parametrize(
    ("cause", "fields"),
    [
        ("POST /cart/add answered 500", {"requests": (answered("POST", "/cart/add", 500),), "kind": "not_found"}),
        ("GET /api/:id got no answer", {"requests": (answered("GET", "/api/1234", None, "net::ERR_ABORTED"),)}),
        ("The page's script failed: TypeError: x is null", {"console": ("Uncaught TypeError: x is null",)}),
        ("shop.test cannot be reached: the connection is refused", REFUSED),
        ("", {"kind": "not_found", "error": "There is no button “Pay” after 5.0 s"}),
    ],
)
def test_what_explains_a_failure_is_said_as_it_happened(cause: str, fields: dict[str, Any]) -> None:
    assert diagnose(failure(**fields)).cause == cause


def test_of_requests_that_explain_a_failure_alike_the_last_before_it_is_named() -> None:
    requests = (answered("GET", "/early", 500), answered("POST", "/late", 503), answered("GET", "/logo.css", 404))
    assert diagnose(failure(requests=requests)).cause == "POST /late answered 503"


def test_what_passing_tests_see_as_well_explains_nothing() -> None:
    noise = (answered("POST", "/beacon", 500),)
    assert diagnose(failure(requests=noise), keys(noise, ())).cause == ""


def test_a_failure_of_a_kind_that_never_came_and_went_is_new_although_the_test_is_flaky() -> None:
    past = (Past("RUN-9", "passed"),)
    known = diagnose(failure(past=past, is_flaky=True, kind="timeout", intermittent=("timeout",)))
    other = diagnose(failure(past=past, is_flaky=True, kind="expectation", intermittent=("timeout",)))
    unknown = diagnose(failure(past=past, is_flaky=True, kind="expectation", intermittent=("",)))
    assert [(found.standing, found.since) for found in (known, other, unknown)] == [
        ("flaky", ""),
        ("new", "RUN-9"),
        ("flaky", ""),
    ]
