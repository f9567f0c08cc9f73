"""Where to look for states that may be the same, so that none is compared with all."""

from __future__ import annotations

from hashlib import blake2b

from runs.engine.identity.minhash import cut_up, minima
from runs.engine.identity.state_signature import Signature


def exact(state: Signature) -> int:
    """The band that only states of one structure share; 63 bits."""
    return _number("template", state.template)


def bands(state: Signature) -> tuple[int, list[int]]:
    """Numbers of 63 bits for the place and for the structure: states that share one are worth comparing.

    Those of the structure are the bands of the MinHash of the weighted paths.
    """
    # MinHash knows sets and no weights: a path of weight three stands in the set three times.
    words = {f"{path}.{turn}" for path, weight in state.paths.items() for turn in range(weight)}
    structure = [_number(str(band), repr(rows)) for band, rows in cut_up(minima(words))] if words else []
    return _number("place", state.place), list(dict.fromkeys(structure))


def _number(kind: str, text: str) -> int:
    # Databases have signed 64-bit integers, of which this takes those that are not negative.
    return int.from_bytes(blake2b(f"{kind}:{text}".encode(), digest_size=8).digest()) >> 1
