"""Artifacts: workers leave them in the default storage, signed links read them."""

from runs.storage.away import Away
from runs.storage.keeping import drop, keep, leave
from runs.storage.links import LINK_SECONDS, BadLink, find, read, signed_url
from runs.storage.places import directory, look, name_of, prove

__all__ = [
    "LINK_SECONDS",
    "Away",
    "BadLink",
    "directory",
    "drop",
    "find",
    "keep",
    "leave",
    "look",
    "name_of",
    "prove",
    "read",
    "signed_url",
]
