from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runs.engine.netguard import Guard
from runs.notifiers.base import News, Ports
from runs.notifiers.egress_client import EgressClient
from runs.notifiers.smtp import Smtp
from runs.report import Counts, FailedTest, GateOutcome, PageCounts, RunReport
from tests.receivers import Receiver, receiver

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SECRET = "sntr_sig_test"


@pytest.fixture
def received() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def report(**fields: Any) -> RunReport:
    failures = tuple(
        FailedTest(number, f"TC-{number}", f"Test {number}", "Expected “Added”.", "expectation", 2)
        for number in range(1, 13)
    )
    made: dict[str, Any] = {
        "run": "RUN-42",
        "project": "PRJ-1",
        "project_name": "Shop",
        "kind": "test",
        "status": "completed",
        "verdict": "failed",
        "stage": "execute",
        "base_url": "https://shop.test/",
        "trigger": "ci",
        "actor": "CI token main",
        "counts": Counts(passed=5, flaky=1, failed=12, skipped=2, total=20),
        "pages": PageCounts(),
        "error": "",
        "error_category": "",
        "retries": 4,
        "failed_after_retry": 2,
        "created_at": NOW - timedelta(minutes=3),
        "started_at": NOW - timedelta(minutes=2),
        "finished_at": NOW,
        "duration_ms": 120_000,
        "gates": (GateOutcome("max_failures", False, 0, 12, "failed tests at most 0: 12"),),
        "failures": failures,
    }
    return RunReport(**{**made, **fields})


def news(**fields: Any) -> News:
    about = fields.pop("report", None) or report()
    made: dict[str, Any] = {
        "key": "RUN-42:webhook:CH-3:ended",
        "occasion": "ended",
        "report": about,
        "url": "https://sentri.test/runs/RUN-42",
        "at": NOW,
        "signing_secret": SECRET,
        "gate_result": {"passed": False, "rules": []},
        "causes": ({"label": "POST /api/cart answers 500", "size": 3, "results": [1], "tests": ["TC-1"]},),
    }
    return News(**{**made, **fields})


OPEN = Guard.allowing("127.0.0.0/8")


def ports(seconds: float = 10.0, guard: Guard = OPEN, **fields: Any) -> Ports:
    resolve = fields.pop("resolve", None)
    egress = EgressClient(guard, seconds, *([resolve] if resolve else []))
    return Ports(egress, fields.pop("mail", Smtp("", "Sentri <s@x.test>")), fields.pop("kept", {}), **fields)
