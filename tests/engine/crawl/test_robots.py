from __future__ import annotations

import pytest

from runs.engine.crawl.robots import parse_robots

SITE = "http://shop.test"


def allows(text: str, path: str) -> bool:
    return parse_robots(text).allows(SITE + path)


def test_no_rules_allow_everything() -> None:
    assert allows("", "/a")
    assert allows("<html>not found</html>", "/a")
    assert allows("User-agent: *\nDisallow:", "/a")


def test_the_longest_match_decides_and_allow_wins_a_tie() -> None:
    text = "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\nAllow: /a/b/c"
    assert not allows(text, "/a")
    assert allows(text, "/a/b")
    assert allows(text, "/a/b/c")


@pytest.mark.parametrize(
    ("rule", "path", "allowed"),
    [
        ("/fish", "/fish.html", False),
        ("/fish", "/Fish", True),
        ("/fish/", "/fish", True),
        ("/*.php", "/a/index.php?x=1", False),
        ("/*.php$", "/a/index.php?x=1", True),
        ("/*.php$", "/a/index.php", False),
        ("/fish*.php", "/fishheads/catfish.php", False),
        ("/a?b=", "/a?b=1", False),
        ("/%7Ejoe", "/~joe/x", False),
        ("/ü", "/%C3%BC", False),
        ("/a%2Fb", "/a/b", True),
        ("*", "/a", False),
        ("/$", "/", False),
        ("/$", "/a", True),
    ],
)
def test_stars_ends_and_spellings(rule: str, path: str, allowed: bool) -> None:
    assert allows(f"User-agent: *\nDisallow: {rule}", path) is allowed


def test_our_own_group_replaces_the_one_for_all() -> None:
    text = "User-agent: *\nDisallow: /\n\nUser-agent: Sentri/2.0\nDisallow: /private"
    assert allows(text, "/a")
    assert not allows(text, "/private")


def test_groups_of_one_agent_add_up_and_one_group_can_have_several_agents() -> None:
    text = "User-agent: other\nUser-agent: sentri\nDisallow: /a\n\nUser-agent: sentri\nDisallow: /b"
    assert not allows(text, "/a")
    assert not allows(text, "/b")
    assert allows(text, "/c")


def test_groups_of_others_do_not_concern_us() -> None:
    assert allows("User-agent: Googlebot\nDisallow: /", "/a")


def test_comments_case_and_strange_lines_are_read_over() -> None:
    text = "\ufeff# hi\r\nUSER-AGENT: * # all\r\nCrawl-delay: 9\r\nnonsense\r\nDisallow: /a # secret\r\n"
    assert not allows(text, "/a")
    assert allows(text, "/b")


def test_rules_before_any_agent_are_ignored() -> None:
    assert allows("Disallow: /\nUser-agent: *\nDisallow: /x", "/a")


def test_sitemaps_are_named_anywhere() -> None:
    text = "Sitemap: http://shop.test/s1.xml\nUser-agent: x\nDisallow: /\nsitemap: http://shop.test/s2.xml"
    assert parse_robots(text).sitemaps == ("http://shop.test/s1.xml", "http://shop.test/s2.xml")


def test_robots_txt_itself_is_always_allowed() -> None:
    assert allows("User-agent: *\nDisallow: /", "/robots.txt")
