"""What happens to secrets when they are entered, taken away, or their application moves to another origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from projects.models import AuthProfile, Project
from projects.models.entrusted import CREDENTIALS, HEADER, VARIABLE, Entrusted
from projects.models.project import Reachable
from projects.origins import listed, origin_of
from projects.secrets import SecretUnreadable

SIGN_IN = ("username", "password")
MOVED, FOLLOWED = "address changed", "secrets entrusted"


@dataclass(frozen=True)
class TrustChange:
    """Something for the log of activity. Names of secrets and origins only."""

    verb: str
    detail: str


def called(name: str) -> str:
    return f"the {name}"


def strange_sentence(name: str, origins: Iterable[str], url: str) -> str:
    """Why a secret is not sent to an address."""
    said = called(name)
    verb = "were" if name == CREDENTIALS else "was"
    there = listed(origins)
    return f"{said[:1].upper()}{said[1:]} {verb} entered for {there}, and may not be sent to {origin_of(url)}."


def strange_sign_ins(project_id: int, names: Iterable[str], url: str) -> list[str]:
    """Why these further sign-ins of a project are not used at an address; nothing for those that may be."""
    rows = AuthProfile.objects.filter(project=project_id, name__in=names)
    return [
        strange_sentence(f"sign-in “{row.name}”", origins, url) for row in rows for origins in row.strange(url).values()
    ]


def gone(row: Reachable, names: Iterable[str], url: str) -> str:
    """Why a secret that was to be sent to an address cannot be any more; nothing where all can be."""
    strange = row.strange(url)
    for name in names:
        if name not in row.origins:
            verb = "are" if name == CREDENTIALS else "is"
            said = f"{called(name)} that this run was queued with {verb} gone; start a new run."
            return said[:1].upper() + said[1:]
        if name in strange:
            return strange_sentence(name, strange[name], url)
    return ""


def left_behind(row: Reachable) -> list[str]:
    """One sentence for each secret that the row's present address does not get."""
    return [strange_sentence(name, origins, row.address) for name, origins in row.strange(row.address).items()]


def readable(row: Entrusted) -> None:
    """What no configured key opens any more is given up, for what is entered now takes its place."""
    try:
        row.secrets  # noqa: B018
    except SecretUnreadable:
        row.sealed, row.origins = "", {}


def enter_credentials(row: Reachable, values: Mapping[str, str], further: Iterable[str] = ()) -> list[TrustChange]:
    """Seals a user name and a password for the row's address and for further origins, such as single sign-on."""
    readable(row)
    row.entrust(CREDENTIALS, [row.address, *further], {name: values[name] for name in SIGN_IN})
    return [TrustChange("credentials entered", f"for {listed(row.origins[CREDENTIALS])}")]


def forget_credentials(row: Reachable) -> list[TrustChange]:
    readable(row)
    known = CREDENTIALS in row.origins
    row.forget(CREDENTIALS, SIGN_IN)
    row.access = {}
    return [TrustChange("credentials taken away", "")] if known else []


def enter_secrets(row: Reachable, kind: str, values: Mapping[str, str | None]) -> list[TrustChange]:
    """Seals headers or variables for the row's address; null takes one away. A plain one of the name goes."""
    readable(row)
    changes = []
    for name, value in values.items():
        whole = f"{kind}{name}"
        if value is not None:
            row.entrust(whole, [row.address], {whole: value})
            changes.append(TrustChange("secret entered", f"{called(whole)} for {origin_of(row.address)}"))
        elif whole in row.origins:
            row.forget(whole, [whole])
            changes.append(TrustChange("secret taken away", called(whole)))
    return changes


def move(row: Reachable, before: str, *, follow: bool) -> list[TrustChange]:
    """After a change of address secrets stay with the origins that they were entered for, or follow, now or later.

    Rows are not saved, but for the sign-ins of a project.
    """
    moves = bool(before) and origin_of(before) != origin_of(row.address)
    moved = row.let_follow(row.address) if follow else []
    if follow and isinstance(row, Project) and row.pk:
        moved += _profiles_follow(row)
    if not moves and not moved:
        return []
    stay = [called(name) for name in sorted(row.strange(row.address))]
    clauses = [f"{origin_of(before)} → {origin_of(row.address)}" if moves else origin_of(row.address)]
    clauses += [f"{listed(called(name) for name in sorted(moved))} may be sent there too"] if moved else []
    clauses += [f"{listed(stay)} may not be sent there"] if stay else []
    return [TrustChange(MOVED if moves else FOLLOWED, "; ".join(clauses))]


def _profiles_follow(project: Project) -> list[str]:
    moved = []
    for profile in AuthProfile.objects.filter(project=project):
        if profile.let_follow(project.url):
            profile.save(update_fields=["origins", "updated_at"])
            moved.append(f"sign-in {profile.name}")
    return moved


def clashes(row: Reachable, given: Mapping[str, Any]) -> dict[str, str]:
    """What is given both in the open and as a secret; a header's name is the same in small letters."""
    found = {}
    for column, kind in (("headers", HEADER), ("variables", VARIABLE)):
        fold = str.lower if kind == HEADER else str
        secret = {fold(name) for name in row.names_of(kind)}
        twice = [name for name in getattr(row, column) if fold(name) in secret]
        if twice and column in given:
            found[column] = f"{twice[0]} is a secret one already; leave it out here, or take the secret away first."
        elif twice:
            setattr(row, column, {name: value for name, value in getattr(row, column).items() if name not in twice})
    return found
