"""Reports as literals."""

from datetime import UTC, datetime
from typing import Any

from runs.report import Counts, PageCounts, RunReport, Vitals

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def report(passed: int = 0, failed: int = 0, flaky: int = 0, **fields: Any) -> RunReport:
    skips = fields.get("skips", {})
    skipped = sum(skips.values())
    counts = Counts(passed=passed, failed=failed, flaky=flaky, skipped=skipped, total=passed + failed + flaky + skipped)
    plain: dict[str, Any] = {
        "run": "RUN-1",
        "project": "PRJ-1",
        "project_name": "Shop",
        "kind": "test",
        "status": "judging",
        "verdict": "",
        "stage": "execute",
        "base_url": "http://shop.test/",
        "trigger": "person",
        "actor": "Ada",
        "counts": counts,
        "pages": PageCounts(),
        "error": "",
        "error_category": "",
        "retries": 0,
        "failed_after_retry": 0,
        "created_at": NOW,
        "started_at": NOW,
        "finished_at": None,
        "duration_ms": None,
    }
    return RunReport(**plain | fields)


def vitals(result: int = 1, **worst: float | tuple[float, str]) -> Vitals:
    told = {metric: value if isinstance(value, tuple) else (value, "/") for metric, value in worst.items()}
    return Vitals(result, f"TC-{result}", f"Test {result}", told)
