"""The callback of a run: what CI waits for, at the address that came with the order."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from runs.notifiers.base import News, Notifier, Ports, Sent, Settings
from runs.notifiers.http import WebUrl, host_of, post_signed


class Callback(Settings):
    url: Annotated[str, Field(max_length=2048), WebUrl]


def send(news: News, settings: Callback, ports: Ports) -> Sent:
    report = news.report
    said = {
        "runId": report.run,
        "status": report.status,
        "verdict": report.verdict or None,
        "passed": report.counts.passed,
        "failed": report.counts.failed,
        "flaky": report.counts.flaky,
        "skipped": report.counts.skipped,
        "total": report.counts.total,
        # Null where it covers all, for a field that comes and goes is harder to read.
        "coverage": report.coverage or None,
        "error": report.error or None,
        "gateResult": news.gate_result,
        "webVitalsResult": news.vitals_result,
        "url": news.url,
    }
    return post_signed(news, settings.url, said, ports)


NOTIFIER = Notifier(
    "callback", "Callback", Callback, send, lambda settings: host_of(settings.url), ("url",), signs=True
)
