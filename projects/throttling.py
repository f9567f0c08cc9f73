"""Signing in is paused after too many failures: counted before a password is looked at, in the database, for all doors.

What is counted is the account as people mean it (full-width and upper-case letters are no other account) from one
address, and the address whatever the account. A window begins with its first failure and ends by itself.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import unicodedata
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from projects.models import FailedSignIns

PAUSE = timedelta(minutes=15)
PER_ACCOUNT, PER_ADDRESS = 10, 50
LONGEST_NAME = 150
OF_ACCOUNT = "Too many failed sign-ins for this account from your address."
OF_ADDRESS = "Too many failed sign-ins from your address."


class TooManySignIns(Exception):
    """One sentence for the person, and in how many seconds trying again makes sense."""

    def __init__(self, sentence: str, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        minutes = math.ceil(self.seconds / 60)
        when = f"{self.seconds} seconds" if self.seconds < 60 else "a minute" if minutes == 1 else f"{minutes} minutes"
        super().__init__(f"{sentence} Try again in {when}.")


class SignInTry:
    """One try to sign in. It counts as failed from its beginning: a hundred at once are no more than one by one.

    Raises TooManySignIns.
    """

    def __init__(self, name: str, address: str) -> None:
        place = place_of(address)
        self._of_account, self._of_address = key_of(account_of(name), place), key_of(place)
        limits = {self._of_account: (PER_ACCOUNT, OF_ACCOUNT), self._of_address: (PER_ADDRESS, OF_ADDRESS)}
        now = timezone.now()
        known = {row.key: row for row in FailedSignIns.objects.filter(key__in=limits, until__gt=now)}
        for key, (most, sentence) in limits.items():
            if key in known and known[key].count >= most:
                raise TooManySignIns(sentence, (known[key].until - now).total_seconds())
        for key, (most, sentence) in limits.items():
            _count(key, most, sentence, now, begins=key not in known)

    def succeeded(self) -> None:
        """Forgets the account's failures; those of others from this address stay."""
        FailedSignIns.objects.filter(key=self._of_account).delete()
        FailedSignIns.objects.filter(key=self._of_address, count__gt=0).update(count=F("count") - 1)


def _count(key: str, most: int, sentence: str, now: datetime, begins: bool) -> None:
    if begins:
        FailedSignIns.objects.filter(until__lte=now).delete()
        FailedSignIns.objects.bulk_create([FailedSignIns(key=key, until=now + PAUSE)], ignore_conflicts=True)
    if not FailedSignIns.objects.filter(key=key, count__lt=most).update(count=F("count") + 1):
        raise TooManySignIns(sentence, PAUSE.total_seconds())


def account_of(name: str) -> str:
    """What all ways to write one account's name have in common."""
    plain = unicodedata.normalize("NFKC", name[:LONGEST_NAME]).casefold()
    return unicodedata.normalize("NFKC", plain).strip()[:LONGEST_NAME]


def place_of(address: str) -> str:
    """An address as one place: of IPv6, where one customer has many, the network of 64 bits."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def key_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
