"""robots.txt as RFC 9309 reads it: Protego matches, in time linear in rule and address. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from protego import Protego

AGENT_NAME = "sentri"
NOBODY = "nobody"
# RFC 9309 asks for at least 500 KiB to be read.
MAX_BYTES = 500 * 1024
MOST_LINES = 20_000
# A product token of RFC 9309 has no figures and no slash: where a version begins it ends.
AGENT = re.compile(r"[A-Za-z_-]+|\*")
READ = frozenset({"user-agent", "allow", "disallow", "sitemap"})


@dataclass(frozen=True)
class Robots:
    """What a robots.txt says to us. `sitemaps` are absolute addresses as written."""

    rules: Protego = field(default_factory=Protego)
    sitemaps: tuple[str, ...] = ()

    def allows(self, url: str) -> bool:
        """Whether the address may be visited: the longest matching rule decides, Allow wins a tie."""
        return self.rules.can_fetch(url.encode("utf-8", "replace").decode(), AGENT_NAME)


def parse_robots(text: str) -> Robots:
    """The rules of all groups for us, else of all groups for `*`. Lines that make no sense are passed over.

    Only so much is read of a file that is endless: 500 KB and 20,000 lines.
    """
    rules = Protego.parse("\n".join(_lines(text[:MAX_BYTES])))
    return Robots(rules, tuple(rules.sitemaps))


def _lines(text: str) -> Iterator[str]:
    """What is meant for us, in one spelling. Others are all one: each rule would be kept for each of its agents."""
    for line in text.removeprefix("\ufeff").splitlines()[:MOST_LINES]:
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if colon and name in READ:
            yield f"{name}: {_agent(value) if name == 'user-agent' else value}"


def _agent(value: str) -> str:
    match = AGENT.match(value)
    said = match[0].lower() if match else ""
    return said if said in (AGENT_NAME, "*") else NOBODY
