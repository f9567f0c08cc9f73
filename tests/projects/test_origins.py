import pytest

from projects.masked import why_not_masked
from projects.models import Environment, Project
from projects.origins import listed, origin_of, trusts


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Shop.Example/a?b#c", "https://shop.example"),
        ("https://shop.example:443/", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:8080/x", "http://shop.example:8080"),
        ("http://[::1]:5000/", "http://[::1]:5000"),
        ("https://shop.example./", "https://shop.example"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("http://shop.example/cart", True),
        ("https://shop.example/cart", True),
        ("https://shop.example:8443/cart", False),
        ("http://shop.example:81/", False),
        ("http://www.shop.example/", False),
        ("http://shop.example.evil.test/", False),
        ("http://shop.example@evil.test/", False),
        ("about:blank", False),
    ],
)
def test_a_secret_for_one_origin_is_for_no_other_but_the_encrypted_one(url: str, trusted: bool) -> None:
    assert trusts(["http://shop.example"], url) == trusted


def test_what_was_entered_for_an_encrypted_site_is_not_sent_in_the_open() -> None:
    assert not trusts(["https://shop.example"], "http://shop.example/")


def test_secrets_know_the_origins_that_they_were_entered_for() -> None:
    project = Project(name="Shop", url="https://shop.example/start")
    project.entrust("header X-Key", [project.address], {"header X-Key": "abcdef-1"})
    project.keep_credentials(username="ada", password="x")
    assert project.strange("https://shop.example/other") == {}
    project.url = "https://elsewhere.example"
    own = ["https://shop.example"]
    assert project.strange(project.address) == {"header X-Key": own, "credentials": own}
    assert project.let_follow(project.address) == ["header X-Key", "credentials"]
    assert project.strange(project.address) == project.strange("https://shop.example") == {}
    assert project.names_of("header ") == ["X-Key"]


def test_an_environment_is_at_its_base_url() -> None:
    assert Environment(base_url="https://staging.example").address == "https://staging.example"


def test_lists_are_read_aloud() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b", "c"])] == ["nothing", "a", "a, b and c"]


@pytest.mark.parametrize(
    ("secret", "username", "masked"),
    [("abc", "", False), ("Admin", "", False), ("evelyn", "Evelyn", False), ("zebra", "", True), ("x9k!", "", True)],
)
def test_short_and_ordinary_secrets_are_not_masked(secret: str, username: str, masked: bool) -> None:
    assert (why_not_masked(secret, username) == "") == masked
