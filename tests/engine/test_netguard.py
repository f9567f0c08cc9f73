from ipaddress import ip_address

import pytest

from runs.engine.netguard import Guard, canonical_host, literal

PUBLIC = Guard.of("https://shop.example/de")


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://0xA9FEA9FE/",
        "http://2852039166/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[fd00:ec2::254]/",
        "http://metadata.google.internal./computeMetadata/v1/",
        "http://100.100.100.200/",
    ],
)
@pytest.mark.parametrize("allow_private", [False, True])
def test_cloud_metadata_is_never_reached_in_any_notation(url: str, allow_private: bool) -> None:
    for guard in (Guard.of("https://shop.example", allow_private), Guard.of(url, allow_private)):
        assert "cloud metadata" in (guard.refuses_url(url) or "")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://017700000001/",
        "http://0/",
        "http://[::1]:8000/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://localhost/",
        "http://api.localhost./",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://224.0.0.1/",
        "ws://10.0.0.1/socket",
    ],
)
def test_private_addresses_are_reached_only_when_allowed_or_when_they_are_the_site(url: str) -> None:
    assert "private address" in (PUBLIC.refuses_url(url) or "")
    assert Guard.of("https://shop.example", allow_private=True).refuses_url(url) is None
    assert Guard.of(url).refuses_url(url) is None


@pytest.mark.parametrize(
    "url",
    ["https://shop.example/", "http://example.com", "wss://example.com/live", "http://8.8.8.8", "http://beef.example"],
)
def test_public_hosts_are_reached(url: str) -> None:
    assert PUBLIC.refuses_url(url) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "file:"),
        ("ftp://example.com/", "ftp:"),
        ("javascript:alert(1)", "javascript:"),
        ("/just/a/path", "without a scheme"),
        ("http:///nowhere", "names no host"),
        ("http://[::1", "not a URL"),
    ],
)
def test_only_web_addresses_are_opened(url: str, reason: str) -> None:
    assert reason in (Guard.of("https://shop.example", allow_private=True).refuses_url(url) or "")


def test_a_name_that_points_to_a_private_address_is_refused_unless_it_is_the_site() -> None:
    assert PUBLIC.refuses_address("cdn.example", ip_address("10.0.0.7"))
    assert PUBLIC.refuses_address("cdn.example", ip_address("93.184.215.14")) is None
    assert PUBLIC.refuses_address("shop.example", ip_address("10.0.0.7")) is None
    assert PUBLIC.refuses_address("shop.example", ip_address("169.254.169.254"))


def test_hosts_have_one_spelling() -> None:
    assert canonical_host("Shop.Example.") == "shop.example"
    assert canonical_host("[::1]") == "::1"
    assert canonical_host("0x7f.1") == "127.0.0.1"


@pytest.mark.parametrize("host", ["shop.example", "1.2.3.4.5", "256.1.1.1", "beef", "08", "1..2", ""])
def test_names_are_not_taken_for_addresses(host: str) -> None:
    assert literal(host) is None
