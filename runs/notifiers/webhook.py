"""A signed event for programs: everything that the report says."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field, SecretStr

from runs.notifiers.base import News, Notifier, Ports, Sent, Settings
from runs.notifiers.http import SecretUrl, host_of, post_signed

FAILURES = 100
FAILURE = ("result", "test", "title", "error", "kind", "retries")


class Webhook(Settings):
    url: Annotated[SecretStr, Field(title="Address", min_length=1, max_length=2000), SecretUrl]


def event(news: News) -> dict[str, Any]:
    report = news.report
    return {
        "event": f"run.{news.occasion}",
        "delivery": news.key,
        "run": {
            "id": report.run,
            "kind": report.kind,
            "status": report.status,
            "verdict": report.verdict or None,
            "coverage": report.coverage or None,
            "url": news.url,
            "base_url": report.base_url,
            "trigger": report.trigger,
            "actor": report.actor,
            "commit": dict(news.commit) or None,
            "error": report.error or None,
            "error_category": report.error_category or None,
            "created_at": report.created_at,
            "started_at": report.started_at,
            "finished_at": report.finished_at,
            "duration_ms": report.duration_ms,
        },
        "project": {"id": report.project, "name": report.project_name},
        "results": {**asdict(report.counts), "retries": report.retries},
        "pages": asdict(report.pages) if report.kind == "crawl" else None,
        "failures": [{name: getattr(failure, name) for name in FAILURE} for failure in report.failures[:FAILURES]],
        "causes": list(news.causes),
        "gates": news.gate_result,
        "web_vitals": news.vitals_result,
    }


def send(news: News, settings: Webhook, ports: Ports) -> Sent:
    return post_signed(news, settings.url.get_secret_value(), event(news), ports)


NOTIFIER = Notifier(
    "webhook",
    "Webhook",
    Webhook,
    send,
    lambda settings: host_of(settings.url.get_secret_value()),
    ("url",),
    signs=True,
)
