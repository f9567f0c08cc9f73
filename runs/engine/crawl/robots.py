"""robots.txt as RFC 9309 reads it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote, urlsplit

AGENT_NAME = "sentri"
MAX_BYTES = 500 * 1024
LINE = re.compile(r"^\s*([A-Za-z-]+)\s*:\s*([^#]*?)\s*(?:#.*)?$")
AGENT = re.compile(r"[A-Za-z_-]+|\*")


@dataclass(frozen=True)
class Rule:
    """One Allow or Disallow line; `*` stands for any characters, a closing `$` for the end of the address."""

    allow: bool
    path: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        path, end = (self.path[:-1], r"\Z") if self.path.endswith("$") else (self.path, "")
        stars = re.sub(r"\*+", "*", path).split("*")
        return re.compile(".*".join(re.escape(_spelled(part)) for part in stars) + end, re.DOTALL)


@dataclass(frozen=True)
class Robots:
    """What a robots.txt says to us. `sitemaps` are absolute addresses as written."""

    rules: tuple[Rule, ...] = ()
    sitemaps: tuple[str, ...] = ()

    def allows(self, url: str) -> bool:
        """Whether the address may be visited: the longest matching rule decides, Allow wins a tie."""
        parts = urlsplit(url)
        where = _spelled(parts.path or "/") + (f"?{_spelled(parts.query)}" if parts.query else "")
        if where == "/robots.txt":
            return True
        matching = [(len(rule.path), rule.allow) for rule in self.rules if rule.pattern.match(where)]
        return max(matching, default=(0, True))[1]


def parse_robots(text: str, agent: str = AGENT_NAME) -> Robots:
    """The rules of all groups for `agent`, else of all groups for `*`. Lines that make no sense are passed over."""
    groups: dict[str, list[Rule]] = {}
    sitemaps: list[str] = []
    agents: list[str] = []
    in_rules = False
    for name, value in _lines(text[:MAX_BYTES]):
        if name == "sitemap":
            sitemaps.append(value)
        elif name == "user-agent":
            agents = [] if in_rules else agents
            in_rules = False
            agents.append(_agent(value))
            groups.setdefault(agents[-1], [])
        elif name in ("allow", "disallow"):
            in_rules = True
            _add(groups, agents, Rule(name == "allow", value))
    return Robots(tuple(groups.get(agent.lower(), groups.get("*", []))), tuple(sitemaps))


def _add(groups: dict[str, list[Rule]], agents: Iterable[str], rule: Rule) -> None:
    if rule.path:
        for one in agents:
            groups[one].append(rule)


def _lines(text: str) -> Iterable[tuple[str, str]]:
    for line in text.removeprefix("\ufeff").splitlines():
        if match := LINE.match(line):
            yield match[1].lower(), match[2]


def _agent(value: str) -> str:
    match = AGENT.match(value)
    return match[0].lower() if match else ""


def _spelled(text: str) -> str:
    """Percent-encoding in one spelling, so that `/%7Ea` and `/~a`, `/ü` and `/%C3%BC` compare equal."""
    kept = re.sub("%(2[FfAa4])", lambda match: f"%25{match[1].upper()}", text)
    return re.sub("%25(2[FA4])", r"%\1", quote(unquote(kept), safe="/?&=:@!$'()*+,;~-._%"))
