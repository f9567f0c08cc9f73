"""What crawls teach about the application stays, is compared, and marks tests of what is gone."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from projects.models import Activity, Environment, Project, Test
from runs import application_map, ledger, reading, states
from runs.engine.events import Link
from runs.engine.plan import CrawlOptions
from runs.ledger import application, pages
from runs.ledger.familiar import visited_before
from runs.ledger.opening import digest_of
from runs.models import Application, Comparison, CrawlPage, Part, Run

Crawled = Callable[..., Run]
SITE = ("/", "/a", "/b")


@pytest.fixture
def crawled(project: Project) -> Crawled:
    """A crawl that has visited these paths, each of a kind of its own; `gone` ones answered 404.

    `account`: paths that were opened signed in; `without`: a worker said that it could not sign in.
    """

    def make(*paths: str, gone: tuple[str, ...] = (), environment: Environment | None = None, end: str = "all_visited",
             account: tuple[str, ...] = (), without: bool = False, **options: Any) -> Run:  # fmt: skip
        order = ledger.RunRequest(project=project, actor=None, actor_name="Ada", environment=environment)
        run = ledger.open_crawl(order, CrawlOptions(**options))
        base = run.site["base_url"].rstrip("/")
        run.pages.all().delete()
        home = None
        for path in (*paths, *gone):
            done = path not in gone
            url = f"{base}{path}"
            snapshot: dict[str, Any] = {"url": url, "headings": [], "forms": [], "actions": [], "requests": []}
            snapshot["signed_in"] = path in account
            row = CrawlPage.objects.create(
                run=run,
                key=url,
                digest=digest_of(url),
                url=url,
                depth=0 if path == "/" else 1,
                found_on=home,
                title=path,
                template=f"t{path}" if done else "",
                status=states.DONE if done else states.FAILED,
                http_status=200 if done else 404,
                snapshot=snapshot if done else None,
            )
            home = home or row
        Run.objects.filter(pk=run.pk).update(end_reason=end, status=states.RUNNING, without_account=without)
        ledger.learn_application(run.pk)
        run.refresh_from_db()
        return run

    return make


def complete(run: Run) -> None:
    now = timezone.now()
    Run.objects.filter(pk=run.pk).update(status=states.COMPLETED, verdict=states.PASSED, finished_at=now)


def living(environment: Environment | None = None, kind: str = "page") -> set[str]:
    rows = Part.objects.filter(application__environment=environment, kind=kind, gone_since_run=None)
    return set(rows.values_list("key", flat=True))


def said(run: Run) -> list[str]:
    return [f"{row.kind} {row.name} {row.what}" for row in Comparison.objects.get(run=run).differences.all()]


def told(run: Run) -> str:
    return str(run.events.filter(type="log").latest("seq").data["message"])


def proposal(project: Project, run: Run, path: str) -> Test:
    return Test.propose(
        project,
        title=path,
        document={"title": path},
        page_url=f"{run.site['base_url'].rstrip('/')}{path}",
        crawl_run=run.pk,
    )


def test_the_first_crawl_is_all_news_and_the_second_is_compared(crawled: Crawled) -> None:
    first = crawled(*SITE)
    assert (said(first), reading.changed_templates(first)) == ([], None)
    assert told(first) == "The application is known now: 3 kinds of page, 3 pages, 0 forms, 0 endpoints."
    complete(first)
    second = crawled("/", "/a", "/c")
    assert said(second) == ["page /c new", "page /b removed", "template /c new", "template /b removed"]
    assert reading.changed_templates(second) == frozenset({"t/c"})
    assert Comparison.objects.get(run=second).earlier_run == first.pk
    assert told(second).startswith(f"Compared with {first.public_id}: 1 page new, 1 page removed")
    assert living() == {"/", "/a", "/c"}


def test_what_has_been_gone_for_long_is_forgotten_and_what_is_only_unseen_is_not(
    crawled: Crawled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "GONE_FOR_CRAWLS", 3)
    crawled("/", "/a", "/b")
    crawled("/", "/b", gone=("/a",))
    for _ in range(2):
        crawled("/", end="max_pages")
        assert Part.objects.filter(kind="page", key="/a").exists()
    crawled("/", end="max_pages")
    assert set(Part.objects.filter(kind="page").values_list("key", flat=True)) == {"/", "/b"}
    assert set(Part.objects.filter(kind="template").values_list("key", flat=True)) == {"t/", "t/b"}


def test_what_was_forgotten_is_new_when_it_comes_back_and_its_tests_with_it(
    crawled: Crawled, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "GONE_FOR_CRAWLS", 1)
    first = crawled("/", "/a")
    test = proposal(project, first, "/a")
    for _ in range(3):
        crawled("/", gone=("/a",))
    assert not Part.objects.filter(key="/a").exists()
    assert Test.objects.get(pk=test.pk).stale_since is not None
    back = crawled("/", "/a")
    assert said(back) == ["page /a new", "template /a new"]
    assert Part.objects.get(kind="page", key="/a").first_seen_run == back.pk
    assert Test.objects.get(pk=test.pk).stale_since is None


def test_what_is_known_elsewhere_is_not_forgotten_with_it(
    crawled: Crawled, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "GONE_FOR_CRAWLS", 1)
    staging = Environment.objects.create(project=project, name="staging", base_url="http://staging.test/")
    crawled("/", "/a", environment=staging)
    crawled("/", gone=("/a",), environment=staging)
    for _ in range(4):
        crawled("/")
    assert Part.objects.filter(kind="page", key="/a", application__environment=staging).exists()


def test_a_lease_can_be_renewed_between_pages_though_others_write_as_well(
    transactional_db: None, crawled: Crawled, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = crawled(*(f"/{number}" for number in range(7)))
    Comparison.objects.all().delete()
    monkeypatch.setattr(application, "CHUNK", 2)
    beats: list[int] = []

    def write() -> None:
        Run.objects.filter(pk=run.pk).update(sent_at=timezone.now())

    def somebody_else() -> None:
        write()
        connection.close()

    def beat() -> None:
        other = Thread(target=somebody_else)
        other.start()
        other.join()
        write()
        beats.append(1)

    ledger.learn_application(run.pk, beat)
    assert len(beats) == 4
    assert living() == {f"/{number}" for number in range(7)}


def test_what_changed_is_still_to_be_tested_until_a_crawl_has_completed_with_tests(crawled: Crawled) -> None:
    complete(crawled("/", test_count=0))
    aborted = crawled("/", "/a")
    assert reading.changed_templates(aborted) is None
    complete(crawled("/", "/a"))
    crawled("/", "/a", "/b")
    complete(crawled("/", "/a", "/b", "/c", test_count=0))
    last = crawled("/", "/a", "/b", "/c", "/d")
    assert reading.changed_templates(last) == frozenset({"t/b", "t/c", "t/d"})
    complete(last)
    assert reading.changed_templates(crawled("/", "/a", "/b", "/c", "/d")) == frozenset()


def test_learning_twice_from_one_crawl_changes_nothing(crawled: Crawled) -> None:
    crawled(*SITE)
    run = crawled("/", "/a")
    before = list(Part.objects.order_by("pk").values())
    ledger.learn_application(run.pk)
    assert list(Part.objects.order_by("pk").values()) == before
    assert Comparison.objects.filter(run=run).count() == 1


def test_an_unchanged_application_is_said_to_be_so(crawled: Crawled) -> None:
    first = crawled(*SITE)
    assert told(crawled(*SITE)) == f"The application is as it was in {first.public_id}."


@pytest.mark.parametrize(
    "part", [{"end": "max_pages"}, {"include": ("/a",)}, {"exclude": ("/b",)}, {"max_depth": 0}], ids=str
)
def test_a_crawl_of_a_part_removes_nothing(crawled: Crawled, part: dict[str, Any]) -> None:
    crawled(*SITE)
    run = crawled("/", "/d", **part)
    assert living() == {*SITE, "/d"}
    assert said(run) == ["page /d new", "template /d new"]


def test_a_page_that_answers_404_is_gone_after_any_crawl(crawled: Crawled) -> None:
    crawled(*SITE)
    crawled("/", gone=("/a",), end="max_pages")
    assert living() == {"/", "/b"}


def test_an_environment_has_an_application_of_its_own(crawled: Crawled, project: Project) -> None:
    staging = Environment.objects.create(project=project, name="staging", base_url="http://staging.test/")
    production = crawled(*SITE)
    kept = proposal(project, production, "/a")
    other = crawled("/", "/new", gone=("/a",), environment=staging)
    assert reading.changed_templates(other) is None
    assert living() == set(SITE)
    assert living(staging) == {"/", "/new"}
    kept.refresh_from_db()
    assert kept.stale_since is None


def test_a_crawl_whose_environment_was_deleted_teaches_nothing(crawled: Crawled, project: Project) -> None:
    staging = Environment.objects.create(project=project, name="staging", base_url="http://staging.test/")
    run = crawled("/", environment=staging)
    staging.delete()
    assert not Application.objects.exists()
    ledger.learn_application(run.pk)
    assert not Application.objects.exists()


def test_tests_of_a_page_that_is_gone_are_stale_until_it_is_back(crawled: Crawled, project: Project) -> None:
    first = crawled(*SITE)
    stale, fresh = proposal(project, first, "/a"), proposal(project, first, "/b")
    second = crawled("/", "/b", gone=("/a",))
    stale.refresh_from_db()
    fresh.refresh_from_db()
    assert stale.stale_since is not None
    assert stale.stale_reason == f"Its page /a is gone since {second.public_id}: it answered 404."
    assert fresh.stale_since is None
    assert "1 test of pages that are gone marked stale." in told(second)
    line = Activity.objects.get(verb="tests marked stale")
    assert (line.subject, line.detail) == (second.public_id, "1 test of /a")
    since = stale.stale_since
    crawled("/", "/b", gone=("/a",))
    stale.refresh_from_db()
    assert stale.stale_since == since
    third = crawled(*SITE)
    stale.refresh_from_db()
    assert stale.stale_reason == ""
    assert Test.objects.get(pk=stale.pk).stale_since is None
    assert "1 test of pages that are back no longer stale." in told(third)


def test_tests_that_people_wrote_stand_on_production(crawled: Crawled, project: Project) -> None:
    crawled(*SITE)
    test = Test.write(project, None, "Mine", {"title": "Mine"})
    Test.objects.filter(pk=test.pk).update(page_url="http://shop.test/a")
    crawled("/", "/b")
    test.refresh_from_db()
    assert test.stale_since is not None


def test_a_crawl_that_ends_after_a_later_one_takes_nothing_away(crawled: Crawled, project: Project) -> None:
    crawled("/", "/a")
    late = crawled("/")
    Comparison.objects.filter(run=late).delete()
    Part.objects.filter(key="/a").update(gone_since_run=None)
    Application.objects.update(learned_run=late.pk + 1)
    ledger.learn_application(late.pk)
    assert living() == {"/", "/a"}
    assert Application.objects.get().learned_run == late.pk + 1


def test_a_crawl_that_is_overtaken_while_it_is_read_is_compared_with_the_other(crawled: Crawled) -> None:
    crawled(*SITE)
    run = crawled("/", "/a")
    Comparison.objects.filter(run=run).delete()
    ledger.learn_application(run.pk, lambda: Application.objects.update(learned_run=run.pk + 1000))
    assert Comparison.objects.get(run=run).earlier_run == run.pk + 1000
    assert Application.objects.get().learned_run == run.pk + 1000


def test_a_crawl_that_saw_no_page_teaches_nothing(crawled: Crawled) -> None:
    run = crawled(gone=("/",))
    assert not Comparison.objects.filter(run=run).exists()
    assert reading.changed_templates(run) is None


def test_what_an_earlier_crawl_found_and_left_out_is_no_news_when_it_is_opened(crawled: Crawled) -> None:
    first = crawled("/", "/a", gone=("/b", "/c"))
    CrawlPage.objects.filter(run=first, key__endswith="/b").update(
        status=states.SKIPPED, skip_reason="near_duplicate", http_status=None
    )
    assert said(crawled(*SITE, "/c")) == ["page /c new", "template /c new"]
    assert Part.objects.filter(kind="page", key="/b").exists()


def test_states_that_an_earlier_crawl_knew_of_are_no_news_either(crawled: Crawled) -> None:
    def press(run: Run, **more: Any) -> None:
        home = run.pages.get(depth=0)
        fields = {"kind": "action", "action": "Press “More”", "path": [{"do": "click"}], "found_on": home, **more}
        CrawlPage.objects.create(run=run, key=f"{run.pk}#", digest=f"{run.pk}#", url=home.url, **fields)

    press(crawled("/"), status=states.SKIPPED, skip_reason="over_budget")
    order = ledger.RunRequest(project=Project.objects.get(), actor=None, actor_name="Ada")
    second = ledger.open_crawl(order, CrawlOptions(mode="states"))
    second.pages.update(status=states.DONE, template="t/", snapshot={"url": "http://shop.test/"})
    press(second, status=states.DONE, template="dialog", snapshot={"url": "http://shop.test/"}, depth=1)
    application.learn_application(second.pk)
    assert said(second) == []
    assert Part.objects.filter(kind="page", key="/ → Press “More”").exists()


def test_what_an_earlier_crawl_opened_is_opened_before_others_of_its_shape(crawled: Crawled) -> None:
    crawled("/", "/p/9")
    order = ledger.RunRequest(project=Project.objects.get(), actor=None, actor_name="Ada")
    run = ledger.open_crawl(order, CrawlOptions())
    base = run.site["base_url"].rstrip("/")
    links = [
        Link(url=f"{base}/p/{n}", key=f"{base}/p/{n}", group="/p/*", priority=1_000 * n + 20, first=20, depth=1)
        for n in range(1, 10)
    ]
    pages.add_links(run, run.pages.get(), links, visited_before(run.pk, links))
    first = run.pages.exclude(depth=0).order_by("priority", "pk").first()
    assert first is not None
    assert first.url.endswith("/p/9")


PRIVATE = ("/", "/account", "/orders")


def test_a_crawl_without_its_account_is_compared_with_its_like_only(crawled: Crawled) -> None:
    first = crawled(*PRIVATE, account=PRIVATE)
    without = crawled("/", "/sign-in", gone=("/orders",), without=True)
    assert said(without) == []
    assert Comparison.objects.get(run=without).note == application.ONLY_A_VISITOR
    assert told(without).endswith(application.ONLY_A_VISITOR)
    third = crawled("/", "/account", "/new", account=("/", "/account", "/new"))
    assert said(third) == ["page /new new", "page /orders removed", "template /new new", "template /orders removed"]
    comparison = Comparison.objects.get(run=third)
    assert (comparison.earlier_run, comparison.note) == (first.pk, "")
    again = crawled("/", "/sign-in", "/register", without=True)
    assert said(again) == ["page /register new", "template /register new"]
    assert Comparison.objects.get(run=again).earlier_run == without.pk


def test_a_crawl_that_signs_in_after_others_that_did_not_finds_nothing_new_or_gone(crawled: Crawled) -> None:
    crawled("/", "/sign-in", without=True)
    first = crawled(*PRIVATE, account=PRIVATE)
    assert (said(first), reading.changed_templates(first)) == ([], None)
    assert Comparison.objects.get(run=first).note == application.FIRST_SIGNED_IN
    second = crawled("/", "/account", account=("/", "/account"))
    assert said(second) == ["page /orders removed", "template /orders removed"]
    assert Comparison.objects.get(run=second).note == ""


def test_a_crawl_of_which_one_worker_could_not_sign_in_is_compared_with_nothing(crawled: Crawled) -> None:
    first = crawled(*PRIVATE, account=PRIVATE)
    half = crawled("/", "/account", "/sign-in", account=("/account",), without=True)
    assert (said(half), Comparison.objects.get(run=half).changed) == ([], [])
    assert told(half) == Comparison.objects.get(run=half).note == application.HALF_SIGNED_IN
    assert Application.objects.get().learned_run == first.pk
    ledger.learn_application(half.pk)
    assert half.events.filter(type="log", data__message=application.HALF_SIGNED_IN).count() == 1
    assert said(crawled(*PRIVATE, account=PRIVATE)) == []


def test_tests_of_the_account_are_not_stale_because_a_visitor_is_not_shown_their_page(
    crawled: Crawled, project: Project
) -> None:
    crawled("/", "/orders", without=True)
    first = crawled(*PRIVATE, account=PRIVATE)
    test = proposal(project, first, "/orders")
    crawled("/", gone=("/orders",), without=True)
    assert Test.objects.get(pk=test.pk).stale_since is None
    crawled("/", "/account", account=("/", "/account"), gone=("/orders",))
    assert Test.objects.get(pk=test.pk).stale_since is not None


def test_the_map_shows_what_the_account_sees_whoever_crawled_last(crawled: Crawled, project: Project) -> None:
    crawled("/", without=True)
    assert [one.signed_in for one in application_map.applications_of(project)] == [False]
    crawled(*PRIVATE, account=PRIVATE)
    crawled("/", without=True)
    staging = Environment.objects.create(project=project, name="staging", base_url="http://staging.test/")
    crawled("/", environment=staging)
    known = application_map.applications_of(project)
    assert [(one.environment, one.signed_in) for one in known] == [(None, True), (staging, False)]
    assert application_map.application_of(project, None) == known[0]
