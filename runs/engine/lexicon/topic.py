"""What a text may be about: a label, a name of data, a part of an address."""

from __future__ import annotations

from enum import StrEnum


class Topic(StrEnum):
    """See words.toml for what each is."""

    HOLDER = "holder"
    ACCOUNT = "account"
    CONTAINING = "containing"
    CARD = "card"
    CHALLENGE = "challenge"
    OWN_ACCOUNT = "own_account"
    KNOWN_AS = "known_as"
    ONE_TIME_CODE = "one_time_code"
    QUERY = "query"
    PAGE = "page"
    LEAVES = "leaves"
    DESTROYS = "destroys"
    HELP = "help"
    OWN = "own"
    CHANGES = "changes"
    BUYS = "buys"
    SECRET = "secret"  # noqa: S105
    PERSONAL = "personal"
