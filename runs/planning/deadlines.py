"""Which part of a crawl's minutes each stage may use. What one leaves over is the next one's."""

from __future__ import annotations

from collections.abc import Callable

Share = Callable[[str], float | None]

# Until which part of the time a stage may begin something, and by which it is stopped, whatever it is at.
SHARES: dict[str, tuple[float, float]] = {
    "crawl": (0.35, 0.42),
    "plan": (0.48, 0.48),
    "observe": (0.55, 0.6),
    "propose": (0.65, 0.65),
    # A third of the minutes is kept for this; while they ended with visiting, 8 minutes took up to 28 (decision 40).
    "prove": (0.9, 0.95),
    "score": (1.0, 1.0),
}


def begins_until(stage: str) -> float | None:
    """The part of the time until which a stage may begin something; None for stages that have no limit."""
    return SHARES[stage][0] if stage in SHARES else None


def ends_by(stage: str) -> float | None:
    """The part of the time by which a stage is over."""
    return SHARES[stage][1] if stage in SHARES else None
