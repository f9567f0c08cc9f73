"""/metrics: what all processes counted, and how things stand now, in the words of Prometheus."""

from __future__ import annotations

import hmac
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from django import db
from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from projects.here import is_from_here
from runs import heartbeats, meters, queue, states
from runs.models import CrawlPage, Delivery, Lease, Meter, Result, Run

Values = Mapping[str, float]

# name → (words, name of its label or nothing, values of it that are shown before they first occur)
COUNTERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    meters.CLAIMS: ("Tests and pages handed to workers.", "", ()),
    meters.RECORDED: ("Results that were resolved and stored.", "", ()),
    meters.REFUSED: ("Writes refused because their lease was no longer the open one.", "of", ("result", "lease")),
    meters.LEASES_LOST: ("Leases that ran out because their worker was silent.", "", ()),
    meters.RESENT: ("Messages sent again because nobody had taken them.", "kind", ("shard", "judge")),
    meters.HEDGES: ("Tests begun a second time beside a slow first one.", "", ()),
    meters.YIELDS: ("Shards given up for a run that waited longer.", "", ()),
    meters.DELIVERIES: ("Tries to deliver what a run owes the outside.", "outcome", ()),
    meters.RESTARTS: ("Clusters of workers that were started again.", "", ()),
    meters.HUNG: ("Workers that hung and were replaced.", "part", ("process", "task", "engine")),
}
HISTOGRAMS: dict[str, str] = {
    meters.CLAIM_SECONDS: "How long claims take.",
    meters.RECORD_SECONDS: "How long it takes to store a group of events.",
    meters.EVENT_LAG_SECONDS: "How old events are when they are told to whoever follows a run.",
}


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For holders of SENTRI_METRICS_TOKEN; where none is set, for this machine."""
    if not _may_read(request):
        words = (
            "Send SENTRI_METRICS_TOKEN as a bearer token.\n"
            if settings.ENV.metrics_token
            else "Metrics are for this machine only: set SENTRI_METRICS_TOKEN to read them from elsewhere.\n"
        )
        return HttpResponse(words, status=403, content_type="text/plain; charset=utf-8")
    with suppress(db.Error):  # what cannot be handed over now is handed over later
        heartbeats.flush()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Everything())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    token = settings.ENV.metrics_token
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    return is_from_here(request)


class Everything(Collector):
    """A fixed number of queries, however many runs there are."""

    def collect(self) -> Iterator[Metric]:
        found: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for name, label, value in Meter.objects.values_list("name", "label", "value"):
            found[name][label] = value
        for name, (words, kind, known) in COUNTERS.items():
            yield _counter(name, words, kind, dict.fromkeys(known, 0.0) | found[name])
        for name, words in HISTOGRAMS.items():
            yield _histogram(name, words, found[name])
        for gauge in GAUGES:
            yield from gauge()


def _counter(name: str, words: str, kind: str, values: Values) -> Metric:
    family = CounterMetricFamily(name, words, labels=[kind] if kind else None)
    for label, value in sorted(values.items()) or [("", 0.0)]:
        if kind and label:
            family.add_metric([label], value)
        elif not kind:
            family.add_metric([], value)
    return family


def _histogram(name: str, words: str, values: Values) -> Metric:
    count = values.get("count", 0.0)
    buckets = [(f"{bound:g}", values.get(f"le={bound:g}", 0.0)) for bound in meters.BUCKETS]
    family = HistogramMetricFamily(name, words)
    family.add_metric([], [*buckets, ("+Inf", count)], values.get("sum", 0.0))
    return family


def _gauge(name: str, words: str, values: Values, label: str = "") -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label] if label else None)
    for value_of, value in values.items():
        family.add_metric([value_of] if label else [], value)
    return family


def _queue() -> Iterator[Metric]:
    waiting = {"": float(queue.waiting())}
    yield _gauge("sentri_queue_messages", "Messages that no cluster has taken yet.", waiting)
    held = Lease.objects.filter(state=states.OPEN).count()
    yield _gauge("sentri_leases_open", "Shards that a worker holds.", {"": held})


def _runs() -> Iterator[Metric]:
    living = Run.objects.living().order_by()
    counts = dict.fromkeys(sorted(states.LIVING), 0) | dict(living.values_list("status").annotate(Count("pk")))
    yield _gauge("sentri_runs", "Runs that are not over.", counts, "status")
    waiting = living.filter(status=states.QUEUED).aggregate(since=Min("created_at"))["since"]
    age = (timezone.now() - waiting).total_seconds() if waiting else 0.0
    yield _gauge("sentri_run_longest_wait_seconds", "Age of the oldest run that nobody has begun.", {"": age})


def _work() -> Iterator[Metric]:
    numbers = list(Run.objects.living().values_list("pk", flat=True))
    for name, words, rows in (
        ("sentri_results", "Tests of living runs that are not resolved.", Result.objects),
        ("sentri_pages", "Pages of living crawls that are not resolved.", CrawlPage.objects),
    ):
        unresolved = rows.filter(run__in=numbers, status__in=states.UNRESOLVED).order_by()
        counts = dict.fromkeys(sorted(states.UNRESOLVED), 0)
        yield _gauge(name, words, counts | dict(unresolved.values_list("status").annotate(Count("pk"))), "status")


def _workers() -> Iterator[Metric]:
    now = timezone.now()
    rows = list(heartbeats.living())
    states_of_them = Counter(heartbeats.state_of(worker, now) for worker in rows)
    shown = [state for state in heartbeats.STATES if state not in (heartbeats.GONE_STATE, heartbeats.HUNG_STATE)]
    counts = {state: states_of_them[state] for state in shown}
    yield _gauge("sentri_workers", "Workers that reported within the last minute.", counts, "state")
    memory: Counter[str] = Counter()
    for worker in rows:
        memory[worker.host] += worker.memory_mb * 2**20
    words = "Resident memory of the workers of a machine with their browsers."
    yield _gauge("sentri_worker_memory_bytes", words, memory, "host")


def _deliveries() -> Iterator[Metric]:
    counts = dict.fromkeys(states.DELIVERY_STATES, 0) | dict(
        Delivery.objects.order_by().values_list("state").annotate(Count("pk"))
    )
    yield _gauge("sentri_deliveries", "What runs owe or owed the outside.", counts, "state")
    since = Delivery.objects.filter(state=states.OWED).aggregate(since=Min("created_at"))["since"]
    age = (timezone.now() - since).total_seconds() if since else 0.0
    yield _gauge("sentri_delivery_longest_owed_seconds", "Age of the oldest delivery that is owed.", {"": age})


GAUGES: tuple[Callable[[], Iterator[Metric]], ...] = (_queue, _runs, _work, _workers, _deliveries)
