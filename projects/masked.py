"""Which secrets can be masked. Masking an ordinary word would spoil every page that says it, and hide nothing."""

from __future__ import annotations

SHORTEST = 4
# Passwords of demonstrations and first installations, which their pages, addresses and labels say as words.
_WORDS = """
    0000 1111 1234 12345 123456 1234567 12345678 123456789 1234567890 account admin administrator adminadmin alice bob
    changeme customer demo demodemo editor email enter example false guest hello home letmein login manager member none
    null owner pass passw0rd password password1 passwort qwerty root sample secret shop staff store super supervisor
    test tester testing testtest true user username value viewer welcome
"""
ORDINARY = frozenset(_WORDS.split())
SHORT = f"A secret has at least {SHORTEST} characters; a shorter one cannot be masked in results."
WORD = "This is an ordinary word, which cannot be masked in results; take a secret that nobody guesses."
SAME = "This is the user name as well, which results show; take a secret that nobody guesses."


def why_not_masked(secret: str, username: str = "") -> str:
    """One sentence where a secret is left readable in what is stored of runs; nothing where it is masked."""
    if len(secret) < SHORTEST:
        return SHORT
    if secret.casefold() in ORDINARY:
        return WORD
    return SAME if secret.casefold() == username.casefold() else ""
