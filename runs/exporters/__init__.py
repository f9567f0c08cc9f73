"""Reports of runs for other programs, by name."""

from __future__ import annotations

from runs.exporters import junit, plain
from runs.exporters.base import Exporter, ResultLine

__all__ = ["EXPORTERS", "Exporter", "ResultLine"]

EXPORTERS: dict[str, Exporter] = {
    "json": plain.EXPORTER,
    "junit": junit.EXPORTER,
}
