"""What is known about tests before they run: histories, edits, and what the last crawl found changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db.models import F
from django.utils import timezone

from projects.models import Environment, Project, Test, TestVersion
from runs import planning, states
from runs.models import CrawlPage, Run, TestHistory

FEW = 200
SAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class KnownHistory:
    """A test's estimate, whether it was ever timed, its last statuses (newest first), the age of its newest version."""

    estimate_ms: int
    timed: bool
    outcomes: tuple[str, ...]
    days_since_edit: int | None


def known(
    project: Project, environment: Environment | None, browser: str, tests: Sequence[Test]
) -> dict[int, KnownHistory]:
    """By test, for this browser: what this environment taught, else another one, else what its steps suggest."""
    histories = _histories(project, environment, browser, tests)
    edited = _edited(project, tests)
    estimates = {test: history[1] for test, history in histories.items() if history[1] is not None}
    prior = planning.DEFAULT if len(estimates) == len(tests) else _prior(project, browser, tests, estimates)
    now = timezone.now()
    found: dict[int, KnownHistory] = {}
    for test in tests:
        estimate = estimates.get(test.pk)
        when = edited.get(test.pk)
        found[test.pk] = KnownHistory(
            estimate_ms=prior.estimate(test.document) if estimate is None else max(1, estimate),
            timed=estimate is not None,
            outcomes=histories[test.pk][2] if test.pk in histories else (),
            days_since_edit=None if when is None else (now - when).days,
        )
    return found


def _only(rows: Any, project: Project, tests: Sequence[Test]) -> Any:
    """A few tests are named one by one; for many, the project is read whole."""
    if len(tests) <= FEW:
        return rows.filter(test__in=[test.pk for test in tests])
    return rows.filter(test__project=project)


def _histories(
    project: Project, environment: Environment | None, browser: str, tests: Sequence[Test]
) -> dict[int, tuple[int | None, int | None, tuple[str, ...]]]:
    """The nearest history of each test: environment, estimate, outcomes."""
    own = environment.pk if environment else None
    rows = _only(TestHistory.objects.filter(browser=browser), project, tests).order_by("updated_at", "pk")
    nearest: dict[int, tuple[int | None, int | None, tuple[str, ...]]] = {}
    for test, place, estimate, outcomes in rows.values_list("test_id", "environment_id", "estimate_ms", "outcomes"):
        # Later rows replace earlier ones. The environment's own stays, however old it is.
        if place == own or test not in nearest or nearest[test][0] != own:
            nearest[test] = (place, estimate, tuple(str(outcome.get("status", "")) for outcome in outcomes))
    return nearest


def _edited(project: Project, tests: Sequence[Test]) -> dict[int, datetime]:
    newest = TestVersion.objects.filter(number=F("test__version"))
    return dict(_only(newest, project, tests).values_list("test_id", "created_at"))


def _prior(project: Project, browser: str, tests: Sequence[Test], estimates: dict[int, int]) -> planning.Prior:
    """Fitted to the estimates at hand; where they are few, to the project's newest."""
    timed: Iterable[Any] = [(test.document, estimates[test.pk]) for test in tests if test.pk in estimates][:SAMPLES]
    if len(estimates) < FEW:
        rows = TestHistory.objects.filter(test__project=project, browser=browser, estimate_ms__isnull=False)
        timed = rows.order_by("-updated_at", "-pk").values_list("test__document", "estimate_ms")[:FEW]
    return planning.fitted([(planning.kinds_of(document), float(measured)) for document, measured in timed])


def changed_pages(project: Project) -> set[str]:
    """Paths of pages whose structure differs between the two newest completed crawls of one application.

    Without its account a crawl is shown other pages, which are no change.
    """
    crawls = Run.objects.filter(project=project, kind="crawl", status=states.COMPLETED).order_by("-pk")
    newest = crawls.values_list("comparison__application", flat=True).first()
    two = list(crawls.filter(comparison__application=newest).only("pk", "site")[:2])
    if len(two) < 2:
        return set()
    newer, older = (_templates(crawl) for crawl in two)
    return {path for path, template in newer.items() if path in older and older[path] != template}


def _templates(crawl: Run) -> dict[str, str]:
    base = urlsplit(crawl.site["base_url"]).path.rstrip("/")
    rows = CrawlPage.objects.filter(run=crawl, status=states.DONE, kind="link").exclude(template="").order_by("pk")
    found: dict[str, str] = {}
    for key, template in rows.values_list("key", "template"):
        path = urlsplit(key).path.removeprefix(base).rstrip("/") or "/"
        found.setdefault(path, template)
    return found
