from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engine.crawl.canonical import canonical, resolve


@pytest.mark.parametrize(
    ("spelling", "key"),
    [
        ("HTTP://Shop.TEST:80", "http://shop.test/"),
        ("https://shop.test:443/a", "https://shop.test/a"),
        ("http://shop.test:8080/a", "http://shop.test:8080/a"),
        ("http://user:secret@shop.test/a", "http://shop.test/a"),
        ("http://shop.test./a", "http://shop.test/a"),
        ("http://shop.test/a/./b/../c//d", "http://shop.test/a/c/d"),
        ("http://shop.test/a/", "http://shop.test/a/"),
        ("http://shop.test/%7euser/caf%c3%a9", "http://shop.test/~user/caf%C3%A9"),
        ("http://shop.test/café", "http://shop.test/caf%C3%A9"),
        ("http://shop.test/a%2fb", "http://shop.test/a%2Fb"),
        ("http://shop.test/a;jsessionid=77AF?b=1", "http://shop.test/a?b=1"),
        ("http://shop.test/a?utm_source=x&utm_medium=y&gclid=1&fbclid=2", "http://shop.test/a"),
        ("http://shop.test/a?PHPSESSID=abc&sid=1&page=2", "http://shop.test/a?page=2"),
        ("http://shop.test/a?b=2&a=1&b=1", "http://shop.test/a?a=1&b=1&b=2"),
        ("http://shop.test/a?q=", "http://shop.test/a?q="),
        ("http://shop.test/a#reviews", "http://shop.test/a"),
        ("http://shop.test/#/cart", "http://shop.test/#/cart"),
        ("http://shop.test/#!/cart", "http://shop.test/#!/cart"),
        ("http://shop.test/#/", "http://shop.test/"),
        ("http://shop.test/login?next=/account", "http://shop.test/login"),
        ("http://shop.test/shop?next=200", "http://shop.test/shop?next=200"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
    ],
)
def test_spellings_of_one_page_have_one_key(spelling: str, key: str) -> None:
    assert canonical(spelling) == key


@pytest.mark.parametrize("link", ["mailto:a@b.test", "javascript:void(0)", "tel:1", "data:text/html,x", "http://[bad"])
def test_links_that_lead_to_no_page_resolve_to_nothing(link: str) -> None:
    assert resolve(link, "http://shop.test/") is None


def test_relative_links_resolve_against_the_page() -> None:
    assert resolve("../b?c=1#top", "http://shop.test/a/d/") == "http://shop.test/a/b?c=1"
    assert resolve("//other.test/x", "https://shop.test/") == "https://other.test/x"
    assert resolve("?page=2", "http://shop.test/a?page=1") == "http://shop.test/a?page=2"


@given(
    st.text("abcXYZ019/.~%é ;=", max_size=30),
    st.text("abc=&%+é_", max_size=20),
    st.sampled_from(["", "#top", "#/route"]),
)
def test_a_key_is_its_own_key(path: str, query: str, fragment: str) -> None:
    key = canonical(f"http://shop.test/{path}?{query}{fragment}")
    assert canonical(key) == key
