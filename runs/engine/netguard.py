"""Which addresses may be reached from here. Pure, except for `resolve_name`: names in, a refusal or nothing out.

Addresses are read as browsers read them (WHATWG URL, by the library ada), so that what is judged is what is opened.
Public addresses are open. Private ones are opened only where the operator's list says so, host and port together;
addresses of cloud metadata never are.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from queue import Empty, SimpleQueue
from typing import Self
from urllib.parse import urlsplit

from ada_url import URL

SETTING = "SENTRI_ALLOWED_PRIVATE_HOSTS"
RESOLVE_SECONDS = 5.0
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
SERVICES = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379, **PORTS}
SERVICE_SETTINGS = ("SENTRI_BASE_URL", "SENTRI_DATABASE_URL", "SENTRI_REDIS_URL", "SENTRI_BROWSER_WS")
USUAL_BASE_URL = "http://127.0.0.1:8000"
SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
ENTRY = re.compile(r"(\[[^\]]+\](?:/\d+)?|[^\[\]/]+/\d+|[^:\[\]/]+)(?::(\d{1,5}))?")
METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]


def _networks(blocks: str) -> tuple[Network, ...]:
    return tuple(ip_network(block) for block in blocks.split())


# Link-local with the metadata of AWS, Azure, GCP, DigitalOcean, OpenStack; Alibaba; Azure's host; Oracle; AWS; GCP.
NEVER = _networks(
    "169.254.0.0/16 100.100.100.200/32 168.63.129.16/32 192.0.0.192/32 fe80::/10 fd00:ec2::254/128 fd20:ce::254/128"
)
# IANA's registries of special-purpose addresses, and multicast.
PRIVATE_4 = _networks(
    """0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"""
)
GLOBAL_6 = ip_network("2000::/3")
# 2001::/23 holds Teredo, ORCHID and benchmarking; 2002::/16 is 6to4; the others are documentation.
PRIVATE_6 = _networks("2001::/23 2001:db8::/32 2002::/16 3fff::/20")
NAT64 = ip_network("64:ff9b::/96")
# Prefixes whose last 32 bits are an IPv4 address: compatible, translated (SIIT), NAT64, and NAT64 of a local network.
CARRIERS = _networks("::/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48")
ISATAP = (0x00005EFE, 0x02005EFE)
LOOPBACKS: tuple[Address, ...] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


class Blocked(Exception):
    """An address is not opened; the message is one sentence."""

    category = "blocked"


class BadEntry(ValueError):
    """An entry of the operator's list cannot be read; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """One entry of the operator's list: a name or a network, on one port, or on all that are none of Sentri's own."""

    name: str = ""
    network: Network | None = None
    port: int | None = None

    def covers(self, host: str, address: Address) -> bool:
        if self.network is None:
            return self.name == host
        return self.network.version == address.version and address in self.network


@dataclass(frozen=True)
class Guard:
    """The rule for all that is opened on behalf of people and of sites. Ports in `own_ports` are Sentri's."""

    allowed: tuple[Allowed, ...] = ()
    own_ports: frozenset[int] = frozenset()

    @classmethod
    def allowing(cls, entries: str) -> Self:
        """A guard with this list. Raises BadEntry."""
        return cls(read_entries(entries))

    @classmethod
    def configured(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The guard of this installation. Raises BadEntry."""
        return cls(read_entries(environ.get(SETTING, "")), _own_ports(environ))

    def refuses_url(self, url: str) -> str | None:
        """Why `url` may not be opened, judged by its text alone; None when it may."""
        try:
            place = place_of(url)
        except ValueError:
            what = "not an address that browsers open" if SCHEME.match(url) else "an address without a scheme"
            return f"{url} is {what}"
        if place.scheme not in PORTS:
            return f"{place.scheme}: addresses are not opened, only http and https"
        return self.refuses_host(place.host, place.port)

    def refuses_host(self, host: str, port: int) -> str | None:
        """As `refuses_url`, for a port of a host name or of a literal address in any notation."""
        host = canonical_host(host)
        if host in METADATA_NAMES:
            return metadata_sentence(host)
        known = known_addresses(host)
        return self.judged(host, port, known)[1] if known else None

    def refuses_address(self, host: str, port: int, address: Address) -> str | None:
        """As `refuses_url`, for an address that `host` resolved to."""
        if is_metadata(address):
            return metadata_sentence(host)
        if not is_private(address) or self._allows(canonical_host(host), port, address):
            return None
        return self._private_sentence(host, port)

    def judged(self, host: str, port: int, addresses: Iterable[Address]) -> tuple[list[Address], str | None]:
        """Which of all the addresses of a host may be connected to, and why not where none may.

        One that may not takes all others with it, as a name that leads in two directions is up to something; only
        localhost is two addresses, of which one may be open without the other.
        """
        refusals = {address: self.refuses_address(host, port, address) for address in addresses}
        refused = [sentence for sentence in refusals.values() if sentence]
        open_to = [address for address, sentence in refusals.items() if not sentence]
        if refused and not (open_to and is_localhost(canonical_host(host))):
            return [], refused[0]
        return open_to, None

    def refuses(self, url: str, resolve: Resolve | None = None) -> str | None:
        """Why `url` may not be opened, by its text and by what its name leads to now; may wait for a name server."""
        refusal = self.refuses_url(url)
        if refusal:
            return refusal
        place = place_of(url)
        if known_addresses(place.host):
            return None
        found = (resolve or resolve_name)(place.host, place.port)
        return self.judged(place.host, place.port, [ip_address(address) for address in found])[1]

    def _allows(self, host: str, port: int, address: Address) -> bool:
        return any(
            entry.covers(host, address) and (port not in self.own_ports if entry.port is None else port == entry.port)
            for entry in self.allowed
        )

    def _private_sentence(self, host: str, port: int) -> str:
        own = f", and {port} one of the ports of Sentri itself" if port in self.own_ports else ""
        entry = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return f"{host} is a private address{own}; whoever runs Sentri can open it: {SETTING} has to list {entry}"


@dataclass(frozen=True, slots=True)
class JudgedAddress:
    """What of an address is judged: scheme, host in one spelling and without brackets, port."""

    scheme: str
    host: str
    port: int


def place_of(url: str) -> JudgedAddress:
    """Where a browser goes for `url`. Raises ValueError for what browsers do not open; port 0 is none at all."""
    parsed = URL(url)
    scheme = parsed.protocol.removesuffix(":")
    return JudgedAddress(scheme, canonical_host(parsed.hostname), int(parsed.port or PORTS.get(scheme, 0)))


def joined(base: str, link: str) -> str:
    """Where a link on a page leads, as browsers read it: without tabs and line ends, a backslash as a slash.

    Raises ValueError.
    """
    return str(URL(link, base=base).href)


def same_origin(url: str, other: str) -> bool:
    """Whether both are one scheme, host and port; addresses that browsers do not open are of no origin."""
    try:
        return place_of(url) == place_of(other)
    except ValueError:
        return False


def metadata_sentence(host: str) -> str:
    return f"{host} is a link-local or cloud metadata address, which is never opened"


def is_metadata(address: Address) -> bool:
    return any(form in block for form in forms(address) for block in NEVER if form.version == block.version)


def is_private(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if isinstance(address, IPv4Address):
        return any(address in block for block in PRIVATE_4)
    if address in NAT64:
        return is_private(_last_four(address))
    if address not in GLOBAL_6 or any(address in block for block in PRIVATE_6):
        return True
    return any(is_private(inner) for inner in forms(address)[1:])


def forms(address: Address) -> tuple[Address, ...]:
    """The address and the IPv4 addresses that it may carry inside."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    inner = [address.sixtofour, *(address.teredo or ())]
    if any(address in block for block in CARRIERS) or (int(address) >> 32) & 0xFFFFFFFF in ISATAP:
        inner.append(_last_four(address))
    return (address, *(found for found in inner if found is not None))


def _last_four(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)


def canonical_host(host: str) -> str:
    """A host as browsers spell it, without brackets and without the dot at its end; what is none stays as it is."""
    bare = host.strip().strip("[]")
    try:
        parsed = URL(f"http://{f'[{bare}]' if ':' in bare else bare}/")
    except ValueError:
        return bare.lower().rstrip(".")
    whole = not (parsed.port or parsed.username or parsed.password) and parsed.pathname == "/"
    return parsed.hostname.strip("[]").rstrip(".") if whole else bare.lower().rstrip(".")


def literal(host: str) -> Address | None:
    """The address that a browser reads from `host`: dotted, decimal, octal, hexadecimal, short or IPv6."""
    try:
        return ip_address(canonical_host(host).split("%", 1)[0])
    except ValueError:
        return None


def is_localhost(host: str) -> bool:
    """Whether browsers take the name for this machine without asking anybody."""
    return host == "localhost" or host.endswith(".localhost")


def known_addresses(host: str) -> tuple[Address, ...]:
    """The addresses of a host that no name server has to be asked for; none where one has to be."""
    address = literal(host)
    if address is not None:
        return (address,)
    return LOOPBACKS if is_localhost(canonical_host(host)) else ()


def resolve_name(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, none where the name server knows none or keeps silent for five seconds."""
    found: SimpleQueue[list[str]] = SimpleQueue()

    def ask() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            entries = []
        found.put([str(entry[4][0]).split("%", 1)[0] for entry in entries])

    # getaddrinfo cannot be cut short: its thread is left behind, and as a daemon holds up no end of a process.
    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        return list(dict.fromkeys(found.get(timeout=RESOLVE_SECONDS)))
    except Empty:
        return []


def read_entries(text: str) -> tuple[Allowed, ...]:
    """The operator's list, separated by commas or spaces. Raises BadEntry."""
    words = text.replace(",", " ").split()
    return tuple(dict.fromkeys(entry for word in words for entry in _entries_of(word)))


def _entries_of(word: str) -> tuple[Allowed, ...]:
    match = ENTRY.fullmatch(word)
    port = int(match[2]) if match and match[2] else None
    if match is None or port == 0 or (port or 0) > 65_535:
        raise BadEntry(f"'{word}' is no host or network with a port; write app.internal:8080, [::1]:3000 or 10.0.0.0/8")
    place = match[1].replace("[", "").replace("]", "")
    if "/" in place:
        return (Allowed(network=_network(place), port=port),)
    host = canonical_host(match[1])
    known = known_addresses(host)
    if known:
        return tuple(Allowed(network=_network(str(address)), port=port) for address in known)
    if not re.fullmatch(r"([a-z0-9_-]+\.)*(?!\d+$)[a-z0-9_-]+", host):
        raise BadEntry(f"'{word}' names no host; write it without wildcards, or a network such as 10.0.0.0/8")
    return (Allowed(name=host, port=port),)


def _network(text: str) -> Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise BadEntry(f"{error}; write a network as 10.0.0.0/8 or fd00::/8") from error
    if any(network.version == block.version and network.subnet_of(block) for block in NEVER):  # type: ignore[arg-type]
        raise BadEntry(f"{text} is link-local or holds cloud metadata, which is never opened; leave it out")
    return network


def _own_ports(environ: Mapping[str, str]) -> frozenset[int]:
    """Where Sentri and what it stands on listen. 80 and 443 are anybody's."""
    given = {"SENTRI_BASE_URL": USUAL_BASE_URL} | {
        name: environ[name] for name in SERVICE_SETTINGS if environ.get(name)
    }
    return frozenset(filter(None, map(_port_of, given.values()))) - {80, 443}


def _port_of(url: str) -> int | None:
    try:
        parts = urlsplit(url)
        return parts.port or (SERVICES.get(parts.scheme) if parts.hostname else None)
    except ValueError:
        return None
