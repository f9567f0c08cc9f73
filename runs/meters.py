"""Numbers about this process, added up in memory until somebody drains them. Names are those of /metrics."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

Key = tuple[str, str]

CLAIMS: Final = "sentri_claims_total"
CLAIM_SECONDS: Final = "sentri_claim_seconds"
RECORDED: Final = "sentri_results_recorded_total"
RECORD_SECONDS: Final = "sentri_record_seconds"
REFUSED: Final = "sentri_duplicates_refused_total"
LEASES_LOST: Final = "sentri_leases_lost_total"
RESENT: Final = "sentri_messages_resent_total"
HEDGES: Final = "sentri_hedges_total"
YIELDS: Final = "sentri_shards_yielded_total"
DELIVERIES: Final = "sentri_delivery_tries_total"
RESTARTS: Final = "sentri_cluster_restarts_total"
HUNG: Final = "sentri_workers_hung_total"
EVENT_LAG_SECONDS: Final = "sentri_event_lag_seconds"

# Upper bounds in seconds; an observation counts into every bucket that it fits in, as Prometheus wants it.
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_lock = threading.Lock()
_numbers: defaultdict[Key, float] = defaultdict(float)


def count(name: str, number: float = 1, label: str = "") -> None:
    """Adds to a counter; the label tells kinds of it apart."""
    with _lock:
        _numbers[name, label] += number


def observe(name: str, seconds: float) -> None:
    """Adds one observation to a histogram: its buckets (label le=…), sum and count."""
    with _lock:
        for bound in BUCKETS:
            if seconds <= bound:
                _numbers[name, f"le={bound:g}"] += 1
        _numbers[name, "sum"] += seconds
        _numbers[name, "count"] += 1


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Observes how long the block takes, whatever comes of it."""
    began = time.perf_counter()
    try:
        yield
    finally:
        observe(name, time.perf_counter() - began)


def drain() -> dict[Key, float]:
    """What was added since the last drain; the caller keeps it from now on."""
    global _numbers
    with _lock:
        drained, _numbers = dict(_numbers), defaultdict(float)
    return drained
