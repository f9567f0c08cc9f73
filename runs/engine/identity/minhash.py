"""MinHash of sets of words (Broder, 1997): how alike the signatures of two sets are is how alike the sets are.

The hashes are those of BLAKE2, the same in every process. 128 of them in 32 bands of 4 find 99 % of the pairs with a
similarity of 0.6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Set
from functools import lru_cache
from hashlib import blake2b

BANDS, ROWS = 32, 4
BLOCKS = BANDS * ROWS // 16


@lru_cache(maxsize=8192)
def _hashes(word: str) -> tuple[int, ...]:
    blocks = (blake2b(word.encode(), salt=bytes([block])).digest() for block in range(BLOCKS))
    return struct.unpack(f"<{BANDS * ROWS}I", b"".join(blocks))


def minima(words: Set[str]) -> tuple[int, ...]:
    """128 numbers of 32 bits. The set is not empty."""
    vectors = [_hashes(word) for word in words]
    return tuple(map(min, zip(*vectors, strict=True))) if len(vectors) > 1 else vectors[0]


def cut_up(signature: tuple[int, ...]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The bands of a signature: number and rows."""
    for band in range(BANDS):
        yield band, signature[band * ROWS : (band + 1) * ROWS]
