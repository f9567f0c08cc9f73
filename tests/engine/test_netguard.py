from ipaddress import ip_address

import pytest

from runs.engine.netguard import BadEntry, Guard, canonical_host, literal
from tests.egress.addresses import LOOPBACK, NEVER, NO_WEB, PRIVATE, PUBLIC, each

NOTHING = Guard()
EVERYTHING = Guard.allowing("0.0.0.0/0 [::]/0")


def test_the_corpus_has_no_fewer_than_150_addresses_that_must_not_be_reached() -> None:
    forbidden = [address for lines in (LOOPBACK, PRIVATE, NEVER, NO_WEB) for address in each(lines)]
    assert len(set(forbidden)) == len(forbidden) >= 150


@pytest.mark.parametrize("url", [*each(LOOPBACK), *each(PRIVATE)])
def test_private_addresses_are_reached_only_where_they_are_listed(url: str) -> None:
    assert "is a private address" in (NOTHING.refuses_url(url) or "")
    assert EVERYTHING.refuses_url(url) is None


@pytest.mark.parametrize("url", each(NEVER))
def test_link_local_and_cloud_metadata_are_never_reached_in_any_notation(url: str) -> None:
    for guard in (NOTHING, EVERYTHING):
        assert "cloud metadata" in (guard.refuses_url(url) or "")


@pytest.mark.parametrize("url", each(NO_WEB))
def test_only_web_addresses_are_opened(url: str) -> None:
    assert EVERYTHING.refuses_url(url)


@pytest.mark.parametrize("url", each(PUBLIC))
def test_public_hosts_are_reached(url: str) -> None:
    assert NOTHING.refuses_url(url) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "file: addresses are not opened"),
        ("/just/a/path", "without a scheme"),
        ("http://[::1", "is not an address that browsers open"),
        (
            "http://127.0.0.1:3000/x",
            "whoever runs Sentri can open it: SENTRI_ALLOWED_PRIVATE_HOSTS has to list 127.0.0.1:3000",
        ),
        ("http://[::1]:3000/x", "has to list [::1]:3000"),
        ("https://localhost", "has to list localhost:443"),
    ],
)
def test_a_refusal_says_why_and_what_the_operator_would_have_to_list(url: str, reason: str) -> None:
    assert reason in (NOTHING.refuses_url(url) or "")


def test_one_port_of_a_host_opens_no_other_port_of_it() -> None:
    guard = Guard.allowing("127.0.0.1:3000")
    assert guard.refuses_url("http://127.0.0.1:3000/") is None
    assert guard.refuses_url("ws://0x7f.1:3000/") is None
    assert guard.refuses_url("http://localhost:3000/") is None
    for other in ("http://127.0.0.1/", "https://127.0.0.1/", "http://127.0.0.1:3001/", "http://[::1]:3000/"):
        assert guard.refuses_url(other), other


@pytest.mark.parametrize(
    ("entries", "opened", "closed"),
    [
        ("10.0.0.0/8", "http://10.9.8.7:9000/", "http://11.0.0.1.localhost/"),
        ("10.0.0.0/8:443", "https://10.9.8.7/", "http://10.9.8.7/"),
        ("[fd00::/8]:8080", "http://[fd00::7]:8080/", "http://[fd00::7]/"),
        ("fd00::/8", "http://[fd00::7]/", "http://[fc00::7]/"),
        ("[::1]:3000", "http://[::1]:3000/", "http://127.0.0.1:3000/"),
        ("localhost:3000", "http://[::1]:3000/", "http://[::1]:3001/"),
        ("localhost:3000", "http://127.0.0.1:3000/", "http://127.0.0.2:3000/"),
        ("0x7f.1:3000", "http://127.0.0.1:3000/", "http://127.0.0.1:3001/"),
        ("10.0.0.1,  10.0.0.2\n10.0.0.3", "http://10.0.0.3/", "http://10.0.0.4/"),
        ("::ffff:0:0/96", "http://[::ffff:0:7f00:1].localhost/", "http://127.0.0.1/"),
    ],
)
def test_the_list_has_hosts_and_networks_with_and_without_ports(entries: str, opened: str, closed: str) -> None:
    guard = Guard.allowing(entries)
    assert guard.refuses_url(opened) is None or ".localhost" in opened
    assert guard.refuses_url(closed)


def test_a_listed_name_is_open_wherever_it_leads_but_to_metadata() -> None:
    guard = Guard.allowing("Shop.Internal.:8080")
    assert guard.refuses_address("shop.internal", 8080, ip_address("10.0.0.7")) is None
    assert guard.refuses_address("shop.internal", 80, ip_address("10.0.0.7"))
    assert guard.refuses_address("other.internal", 8080, ip_address("10.0.0.7"))
    assert guard.refuses_address("shop.internal", 8080, ip_address("169.254.169.254"))
    assert guard.refuses_url("http://10.0.0.7:8080/")


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("http://127.0.0.1", "is no host or network with a port; write app.internal:8080"),
        ("127.0.0.1/x", "is no host or network"),
        ("::1", "is no host or network"),
        ("[::1", "is no host or network"),
        ("app:0", "is no host or network"),
        ("app:65536", "is no host or network"),
        ("app:http", "is no host or network"),
        ("*", "without wildcards"),
        ("*.internal", "without wildcards"),
        ("me@host", "without wildcards"),
        ("1.2.3.4.5", "without wildcards"),
        ("10.0.0.1/8", "write a network as 10.0.0.0/8"),
        ("10.0.0.0/33", "write a network as 10.0.0.0/8"),
        ("169.254.169.254", "never opened; leave it out"),
        ("169.254.0.0/16:80", "never opened; leave it out"),
        ("[fd00:ec2::254]:80", "never opened; leave it out"),
    ],
)
def test_a_bad_entry_is_refused_with_what_to_write(entry: str, sentence: str) -> None:
    with pytest.raises(BadEntry, match=r"^[^\n]+$") as refused:
        Guard.allowing(f"10.0.0.1 {entry}")
    assert sentence in str(refused.value)


def test_ports_of_sentri_itself_are_open_only_where_the_list_names_them() -> None:
    services = {
        "SENTRI_BASE_URL": "http://127.0.0.1:8000",
        "SENTRI_REDIS_URL": "redis://redis/0",
        "SENTRI_DATABASE_URL": "postgresql://sentri:secret@db/sentri",
        "SENTRI_BROWSER_WS": "ws://browser:9222/",
    }
    whole = Guard.configured({**services, "SENTRI_ALLOWED_PRIVATE_HOSTS": "127.0.0.1 10.0.0.0/8"})
    for port in (8000, 6379, 5432, 9222):
        assert f"{port} one of the ports of Sentri itself" in (whole.refuses_url(f"http://10.0.0.5:{port}/") or "")
    assert whole.refuses_url("http://127.0.0.1:3000/") is None
    named = Guard.configured({**services, "SENTRI_ALLOWED_PRIVATE_HOSTS": "127.0.0.1:8000"})
    assert named.refuses_url("http://127.0.0.1:8000/") is None
    assert Guard.configured({}).refuses_url("http://127.0.0.1:3000/")
    assert Guard.configured({"SENTRI_ALLOWED_PRIVATE_HOSTS": "127.0.0.1"}).refuses_url("http://127.0.0.1:8000/")


def test_a_name_that_leads_to_a_private_address_takes_its_public_ones_with_it() -> None:
    public, private = ip_address("93.184.215.14"), ip_address("10.0.0.7")
    assert NOTHING.judged("cdn.example", 80, [public]) == ([public], None)
    for mixed in ([public, private], [private, public]):
        addresses, refusal = NOTHING.judged("cdn.example", 80, mixed)
        assert (addresses, "cdn.example is a private address" in (refusal or "")) == ([], True)


def test_a_name_is_judged_by_what_a_name_server_says_and_asked_for_once() -> None:
    answers = iter([["10.0.0.7"], ["93.184.215.14"]])
    assert NOTHING.refuses("http://rebinding.example/", lambda _host, _port: next(answers))
    assert NOTHING.refuses("http://shop.example/", lambda _host, _port: ["93.184.215.14"]) is None
    assert NOTHING.refuses("http://shop.example/", lambda _host, _port: []) is None


def test_hosts_have_one_spelling() -> None:
    assert canonical_host("Shop.Example.") == "shop.example"
    assert canonical_host("[::1]") == "::1"
    assert canonical_host("0x7f.1") == "127.0.0.1"
    assert canonical_host("Straße.de") == "xn--strae-oqa.de"


@pytest.mark.parametrize("host", ["shop.example", "1.2.3.4.5", "256.1.1.1", "beef", "08", "1..2", "", "a/b", "a@127.1"])
def test_names_are_not_taken_for_addresses(host: str) -> None:
    assert literal(host) is None
