"""The whole report as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from runs.exporters.base import Exporter, ResultLine
from runs.report import RunReport


def write(report: RunReport, lines: Sequence[ResultLine]) -> str:
    said = asdict(report) | {"results": [asdict(line) for line in lines]}
    return json.dumps(said, default=_time, ensure_ascii=False)


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


EXPORTER = Exporter("json", "application/json", "json", write)
