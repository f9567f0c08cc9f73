"""What a crawl teaches about the application: folded into what is known, compared with it, and told."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from projects.models import Activity, Test
from runs import states
from runs.insight import application as insight
from runs.ledger import rows
from runs.ledger.familiar import found_before
from runs.ledger.opening import digest_of
from runs.ledger.story import locked, tell
from runs.models import Application, Comparison, CrawlPage, Difference, Part, Run

ALL_VISITED = "all_visited"
CHUNK = 100
NAMED = 3
GONE_FOR_CRAWLS = 30
ONLY_A_VISITOR = "This crawl went without its account, so what only the account sees was not compared."
FIRST_SIGNED_IN = "Earlier crawls went without the account, so what it sees was not compared with what a visitor sees."
HALF_SIGNED_IN = "Some workers of this crawl could not sign in and others could, so it was compared with nothing."
COLUMNS = ["name", "template", "facts", "roles", "last_seen_run", "gone_since_run"]
VISIT = ("key", "url", "status", "template", "title", "http_status", "skip_reason", "role", "kind", "action", "depth",
         "found_on__key", "same_as__key", "asked", "snapshot")  # fmt: skip


def learn_application(run_id: int, beat: Callable[[], object] = lambda: None) -> None:
    """Learns once from a crawl that has visited its pages; a second call changes nothing.

    `beat` is called now and then while the pages are read, which takes seconds where there are thousands.
    """
    run = Run.objects.select_related("project", "environment").get(pk=run_id)
    if run.kind != "crawl" or _is_learnt(run) or _is_homeless(run):
        return
    signed_in = run.pages.filter(status=states.DONE, snapshot__signed_in=True).exists()
    application, _ = Application.objects.get_or_create(
        project=run.project, environment=run.environment, signed_in=signed_in
    )
    if signed_in and run.without_account:
        _leave_uncompared(run, application)
        return
    seen = insight.observed(run.pk, _scope(run), _visits(run, beat))
    if not seen.pages:
        return
    seen.before = found_before(run, application, seen)
    while not _learn(run, application, seen):
        beat()
        application.refresh_from_db()


def _learn(run: Run, application: Application, seen: insight.Observed) -> bool:
    """Thinks without a lock and writes under one; False where another crawl has taught the application meanwhile."""
    if run.pk < application.learned_run:
        # A crawl that ends after a later one may add to what is known, but says nothing of what is gone.
        seen.scope = insight.CrawledScope(complete=False)
    learnt = insight.learn([row.value for row in application.parts.iterator(CHUNK)], seen)
    otherwise = _known_otherwise(application)
    # Tests of a page that the account sees do not depend on what a visitor is shown there.
    standing = {} if otherwise and not application.signed_in else _standing(run)
    note = _note_of(run, application, otherwise)
    with transaction.atomic():
        # Before the run's lock, which `_tell` takes; nothing locks these two the other way round.
        fresh = Application.objects.select_for_update().get(pk=application.pk)
        if _is_learnt(run):
            return True
        if fresh.learned_run != application.learned_run:
            return False
        _write(application, run, learnt, note)
        _forget(application)
        stale, back = _judge_tests(run, learnt, standing)
        _tell(run, [_said(application, learnt), note, *_judged(stale, back)])
        application.learned_run, application.learned_at = max(application.learned_run, run.pk), timezone.now()
        application.save(update_fields=["learned_run", "learned_at"])
    return True


def _known_otherwise(application: Application) -> bool:
    """Whether crawls that signed in, where this one did not, or that did not, where it did, taught this application."""
    others = Application.objects.filter(project=application.project, environment=application.environment)
    return others.filter(signed_in=not application.signed_in, learned_run__gt=0).exists()


def _note_of(run: Run, application: Application, otherwise: bool) -> str:
    if not application.signed_in:
        return ONLY_A_VISITOR if otherwise or run.without_account else ""
    return FIRST_SIGNED_IN if otherwise and not application.learned_run else ""


def _leave_uncompared(run: Run, application: Application) -> None:
    """A crawl of which some workers saw what the account sees and others what a visitor sees, by chance of the page."""
    changed: list[str] | None = [] if application.learned_run else None
    with transaction.atomic():
        _, created = Comparison.objects.get_or_create(
            run=run, defaults={"application": application, "changed": changed, "note": HALF_SIGNED_IN}
        )
        if created:
            _tell(run, [HALF_SIGNED_IN])


def _is_learnt(run: Run) -> bool:
    return Comparison.objects.filter(run=run).exists()


def _is_homeless(run: Run) -> bool:
    """Whether its environment was deleted meanwhile, or the project moved: it must not teach production."""
    return run.environment_id is None and run.site["base_url"] != run.project.url


def _scope(run: Run) -> insight.CrawledScope:
    bounded = run.options.get("include") or run.options.get("exclude")
    looked = run.pages.filter(status=states.DONE)
    return insight.CrawledScope(
        restless=2 * looked.filter(snapshot__settled=False).count() > looked.count(),
        complete=run.end_reason == ALL_VISITED and not bounded,
        states=run.options.get("mode") == "states",
        max_depth=run.options["max_depth"],
    )


def _visits(run: Run, beat: Callable[[], object]) -> Iterator[insight.VisitedPage]:
    """In lists, because SQLite lets nobody renew a lease beside rows that are half read."""
    found = CrawlPage.objects.filter(run=run).order_by("depth", "pk")
    for numbers in rows.groups(list(found.values_list("pk", flat=True)), CHUNK):
        beat()
        for row in list(found.filter(pk__in=numbers).values_list(*VISIT)):
            yield insight.VisitedPage(*row)


def _write(application: Application, run: Run, learnt: insight.Learnt, note: str) -> None:
    Part.objects.bulk_create(
        (_row(application, part) for part in learnt.parts.values()),
        update_conflicts=True,
        unique_fields=["application", "kind", "digest"],
        update_fields=COLUMNS,
        batch_size=rows.MOST_AT_ONCE,
    )
    first = learnt.changed is None
    comparison = Comparison.objects.create(
        run=run,
        application=application,
        earlier_run=None if first else application.learned_run,
        changed=None if learnt.changed is None else sorted(learnt.changed),
        note=note,
    )
    Difference.objects.bulk_create(
        (
            Difference(
                comparison=comparison,
                kind=said.kind,
                what=said.what,
                key=rows.storable(said.key),
                name=rows.storable(said.name[:500]),
                words=rows.storable(list(said.words)),
            )
            for said in learnt.differences
        ),
        batch_size=rows.MOST_AT_ONCE,
    )


def _forget(application: Application) -> None:
    """Removes what has been gone for thirty crawls and more. What comes back is new, whether its row is there or not.

    What is not gone stays however long ago it was seen: narrower crawls have not looked for it.
    """
    crawls = application.comparisons.order_by("-pk").values_list("pk", flat=True)
    for earliest in crawls[GONE_FOR_CRAWLS : GONE_FOR_CRAWLS + 1]:
        application.parts.filter(gone_since_run__lte=earliest).delete()


def _row(application: Application, part: insight.KnownPart) -> Part:
    return Part(
        application=application,
        kind=part.kind,
        digest=digest_of(part.key),
        key=rows.storable(part.key),
        name=rows.storable(part.name[:500]),
        template=part.template[:80],
        facts=rows.storable(dict(part.facts)),
        roles=list(part.roles),
        first_seen_run=part.first_seen,
        last_seen_run=part.last_seen,
        gone_since_run=part.gone_since,
    )


def _judge_tests(run: Run, learnt: insight.Learnt, by_page: Mapping[str, Sequence[int]]) -> tuple[int, int]:
    """How many tests became stale because their page is gone, and how many are good again because it is back."""
    lost = {key: why for key, why in learnt.lost.items() if learnt.parts["page", key].gone_since is not None}
    back = {key for kind, key in learnt.parts if kind == "page"} - set(lost)
    stale = sum(
        Test.objects.filter(pk__in=by_page[key]).go_stale(f"Its page {key} is gone since {run.public_id}: {why}.")
        for key, why in lost.items()
        if key in by_page
    )
    again = [pk for key in back if key in by_page for pk in by_page[key]]
    fresh = sum(Test.objects.filter(pk__in=numbers).come_back() for numbers in rows.groups(again))
    _note(run, "tests marked stale", stale, [key for key in lost if key in by_page])
    _note(run, "tests no longer stale", fresh, ())
    return stale, fresh


def _standing(run: Run) -> dict[str, list[int]]:
    """The tests that stand on each page, by its key."""
    by_page: dict[str, list[int]] = defaultdict(list)
    for pk, url in _tests(run):
        by_page[insight.key_of(url)].append(pk)
    return by_page


def _tests(run: Run) -> Iterator[tuple[int, str]]:
    """Living tests that stand on a page of this environment; those that people wrote stand on production."""
    tests = Test.objects.filter(project=run.project_id).alive().exclude(page_url="")
    crawls = Run.objects.filter(project=run.project_id, kind="crawl", environment=run.environment_id)
    mine = tests.filter(crawl_run__in=crawls.values("pk"))
    if run.environment_id is None:
        mine |= tests.filter(crawl_run=None)
    return mine.values_list("pk", "page_url").iterator()


def _note(run: Run, verb: str, count: int, pages: Sequence[str]) -> None:
    if count:
        more = ", …" if len(pages) > NAMED else ""
        where = f" of {', '.join(pages[:NAMED])}{more}" if pages else ""
        Activity.objects.create(
            project_id=run.project_id,
            actor_name="system",
            verb=verb,
            subject=run.public_id,
            detail=f"{_counted(count, 'test')}{where}"[:500],
        )


def _tell(run: Run, sentences: Iterable[str]) -> None:
    living = locked(run.pk)
    # The run may have been aborted meanwhile, and nothing is told after its `done` (R22).
    if living.status in states.LIVING:
        tell(living, [("log", {"level": "info", "message": " ".join(filter(None, sentences))})])


def _judged(stale: int, back: int) -> Iterator[str]:
    if stale:
        yield f"{_counted(stale, 'test')} of pages that are gone marked stale."
    if back:
        yield f"{_counted(back, 'test')} of pages that are back no longer stale."


def _said(application: Application, learnt: insight.Learnt) -> str:
    return _first(learnt) if learnt.changed is None else _compared(application, learnt)


def _first(learnt: insight.Learnt) -> str:
    found = Counter(kind for kind, _ in learnt.parts)
    listed = [_counted(found[kind], insight.NOUNS[kind]) for kind in ("template", "page", "form", "endpoint")]
    return f"The application is known now: {', '.join(listed)}."


def _compared(application: Application, learnt: insight.Learnt) -> str:
    earlier = f"{Run.PREFIX}-{application.learned_run}"
    if not learnt.differences:
        return f"The application is as it was in {earlier}."
    found = Counter((said.what, said.kind) for said in learnt.differences)
    listed = [f"{_counted(count, insight.NOUNS[kind])} {what}" for (what, kind), count in found.items()]
    return f"Compared with {earlier}: {', '.join(listed)}."


def _counted(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    first, _, rest = noun.partition(" ")
    return f"{count} {first}s {rest}".rstrip()
