"""Encryption of credentials at rest: MultiFernet, newest key first, so keys can be rotated."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SecretUnreadable(Exception):
    """A stored secret was encrypted with a key that is not configured any more."""


class Hidden(str):
    """A text that does not show itself in reprs and logs; `str.__str__` still gives it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Hidden('•••')"


def _box() -> MultiFernet:
    keys = settings.ENV.credential_keys or (settings.SECRET_KEY,)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys])


def seal(values: Mapping[str, str]) -> str:
    """Named secrets as one opaque text; nothing for no secrets."""
    return _box().encrypt(json.dumps(dict(values)).encode()).decode() if values else ""


def unseal(sealed: str) -> dict[str, Hidden]:
    """What `seal` was given. Raises Unreadable where no configured key opens it."""
    if not sealed:
        return {}
    try:
        values: dict[str, Any] = json.loads(_box().decrypt(sealed.encode()))
    except InvalidToken as error:
        raise SecretUnreadable(
            "Stored credentials cannot be read with the configured keys; "
            "put the old key behind the new one in SENTRI_CREDENTIAL_KEYS, or enter them again."
        ) from error
    return {name: Hidden(value) for name, value in values.items()}
