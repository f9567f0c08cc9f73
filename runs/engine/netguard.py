"""Which addresses may be reached from a worker. Pure: names in, a refusal or nothing out."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

SCHEMES = frozenset({"http", "https", "ws", "wss"})
NEVER = tuple(
    ip_network(block)
    for block in (
        "169.254.0.0/16",  # link-local: AWS, Azure, GCP, DigitalOcean, OpenStack metadata
        "100.100.100.200/32",  # Alibaba metadata
        "168.63.129.16/32",  # Azure host
        "192.0.0.192/32",  # Oracle metadata
        "fd00:ec2::254/128",  # AWS metadata
        "fd20:ce::254/128",  # GCP metadata
    )
)
METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})
NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Guard:
    """The rule of one site: its own host always, other private hosts only when allowed, metadata never."""

    site_host: str = ""
    allow_private: bool = False

    @classmethod
    def of(cls, base_url: str, allow_private: bool = False) -> Guard:
        return cls(canonical_host(urlsplit(base_url).hostname or ""), allow_private)

    def refuses_url(self, url: str) -> str | None:
        """Why `url` may not be opened, judged by its text alone; None when it may."""
        try:
            parts = urlsplit(url)
            host = canonical_host(parts.hostname or "")
        except ValueError:
            return f"{url} is not a URL"
        if parts.scheme.lower() not in SCHEMES:
            return f"{parts.scheme or 'an address without a scheme'}: addresses are not opened, only http and https"
        if not host:
            return f"{url} names no host"
        return self.refuses_host(host)

    def refuses_host(self, host: str) -> str | None:
        """As `refuses_url`, for a host name or a literal address in any notation."""
        host = canonical_host(host)
        address = literal(host)
        if address is not None:
            return self.refuses_address(host, address)
        if host in METADATA_NAMES:
            return f"{host} is a cloud metadata address, which is never opened"
        if not self._may_be_private(host) and (host == "localhost" or host.endswith(".localhost")):
            return private_sentence(host)
        return None

    def refuses_address(self, host: str, address: Address) -> str | None:
        """As `refuses_url`, for what `host` resolved to."""
        if is_metadata(address):
            return f"{host} is a cloud metadata address, which is never opened"
        if is_private(address) and not self._may_be_private(canonical_host(host)):
            return private_sentence(host)
        return None

    def _may_be_private(self, host: str) -> bool:
        return self.allow_private or host == self.site_host


def private_sentence(host: str) -> str:
    return f"{host} is a private address, which is not opened from a site elsewhere unless private networks are allowed"


def is_metadata(address: Address) -> bool:
    return any(form in block for form in forms(address) for block in NEVER if form.version == block.version)


def is_private(address: Address) -> bool:
    return any(not form.is_global or form.is_multicast for form in forms(address))


def forms(address: Address) -> tuple[Address, ...]:
    """The address and the IPv4 address that it carries inside, if any: mapped, compatible, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    inner = address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and (address in NAT64 or 1 < int(address) < 2**32):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
        return (inner,)
    return (address, inner) if inner else (address,)


def canonical_host(host: str) -> str:
    """Lower case, no brackets, no trailing dot, literal addresses in their usual notation."""
    host = host.strip().lower().strip("[]").rstrip(".")
    address = literal(host)
    return str(address) if address is not None else host


def literal(host: str) -> Address | None:
    """The address that a browser would read from `host`: dotted, decimal, octal, hexadecimal, short or IPv6."""
    try:
        return ip_address(host.split("%", 1)[0])
    except ValueError:
        pass
    parts = host.split(".")
    if not 1 <= len(parts) <= 4:
        return None
    numbers = [_number(part) for part in parts]
    if any(number is None for number in numbers):
        return None
    return _from_numbers([number for number in numbers if number is not None])


def _number(part: str) -> int | None:
    base = 16 if part[:2] == "0x" else 8 if len(part) > 1 and part[0] == "0" else 10
    digits = part[2:] if base == 16 else part
    if not part.isascii() or not all(digit in "0123456789abcdef"[:base] for digit in digits):
        return None
    return int(digits or "0", base) if part else None


def _from_numbers(numbers: list[int]) -> IPv4Address | None:
    *leading, last = numbers
    if any(number > 255 for number in leading) or last >= 256 ** (5 - len(numbers)):
        return None
    return IPv4Address(sum(number << (24 - 8 * place) for place, number in enumerate(leading)) + last)
