"""Which names stand for secrets, and which say something about a person."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise


def _each(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SECRET = _each(
    """password passwd passphrase passcode pwd pass secret secrets token tokens auth authorization authentication
    apikey credential credentials card cvv cvc iban bic ssn pin otp totp mfa cookie cookies csrf xsrf jwt bearer
    signature sig nonce sid sessionid jsessionid phpsessid creditcard accesstoken refreshtoken idtoken clientsecret
    privatekey passwort kennwort geheim contraseña senha wachtwoord motdepasse"""
)
_SECRET_PAIRS = frozenset(
    {
        ("api", "key"),
        ("access", "key"),
        ("private", "key"),
        ("secret", "key"),
        ("session", "id"),
        ("session", "key"),
        ("account", "number"),
        ("tax", "id"),
        ("social", "security"),
    }
)
_PERSONAL = _each(
    """name names firstname lastname fullname username nickname login user author owner customer person contact email
    mail phone mobile address street city zip postcode country birthday birthdate gender sex company"""
)
_WORDS = re.compile(r"[A-Z]+(?![a-zà-ÿ])|[A-Zà-ÿ]?[a-zà-ÿ]+")


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """`cardNumber`, `card_number` and `card-number` as ("card", "number")."""
    return tuple(word.lower() for word in _WORDS.findall(name))


def is_secret(name: str) -> bool:
    """Whether what is called so must not be looked at: passwords, tokens, cards."""
    said = words(name)
    whole = "".join(said)
    return whole in _SECRET or not _SECRET.isdisjoint(said) or any(pair in _SECRET_PAIRS for pair in pairwise(said))


def is_personal(name: str) -> bool:
    """Whether values of this name may tell who somebody is."""
    said = words(name)
    return "".join(said) in _PERSONAL or not _PERSONAL.isdisjoint(said)
