"""What a queued run knows about its tests: estimates, order, shares, and what is left out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.models import Environment, Project, Test, TestVersion
from runs import gates, ledger, planning, reading, states
from runs.engine.plan import CrawlOptions, RunOptions
from runs.models import CrawlPage, Result, Run, TestHistory
from tests.ledger.conftest import DOCUMENT, Hand, story

Make = Callable[..., ledger.RunRequest]
Tests = Callable[..., list[Test]]


def write(project: Project, title: str, **fields: Any) -> Test:
    test = Test.write(project, None, title, {**DOCUMENT, "title": title, **fields})
    test.decide("approve", None)
    return test


def past(test: Test, outcomes: str = "", estimate: int | None = None, environment: Environment | None = None) -> None:
    """A history: p, f and s for passed, failed and skipped, newest first."""
    words = {"p": "passed", "f": "failed", "s": "skipped"}
    TestHistory.objects.create(
        test=test,
        environment=environment,
        outcomes=[{"run": "RUN-1", "status": words[letter], "retries": 0, "version": 1} for letter in outcomes],
        estimate_ms=estimate,
    )


def old(*tests: Test) -> None:
    """Edited long ago."""
    TestVersion.objects.filter(test__in=tests).update(created_at=timezone.now() - timedelta(days=400))


def titles(run: Run, **fields: Any) -> list[str]:
    return list(run.results.filter(**fields).order_by("position").values_list("title", flat=True))


def reasons(run: Run) -> dict[str, str]:
    return dict(run.results.filter(status=states.SKIPPED).values_list("title", "skip_reason"))


def test_estimates_are_those_of_the_environment_then_of_another_then_of_the_steps(
    order: Make, project: Project, tests: Tests
) -> None:
    here = Environment.objects.create(project=project, name="Staging", base_url="http://staging.test/")
    own, other, new = tests(3)
    past(own, "p", 4_000, here)
    past(own, "p", 1_000)
    past(other, "p", 2_000)
    run = ledger.open_test_run(order(environment=here), RunOptions(), [own, other, new])
    found = dict(run.results.values_list("test", "estimate_ms"))
    assert (found[own.pk], found[other.pk]) == (4_000, 2_000)
    assert found[new.pk] > planning.DEFAULT.estimate(new.document), "the project is slower than the defaults"
    elsewhere = RunOptions().model_copy(update={"browser": "firefox"})
    firefox = ledger.open_test_run(order(environment=here), elsewhere, [own])
    assert firefox.results.get().estimate_ms == planning.DEFAULT.estimate(own.document)


def test_riskier_tests_come_first_and_their_risk_is_kept(order: Make, project: Project) -> None:
    calm, broken, edited = (write(project, title) for title in ("calm", "broken", "edited"))
    old(calm, broken)
    past(calm, "pppp", 500)
    past(broken, "fpfp", 500)
    past(edited, "pppp", 500)
    run = ledger.open_test_run(order(), RunOptions(parallel=1), [calm, broken, edited])
    assert list(run.results.values_list("title", "risk")) == [("broken", 50.0), ("edited", 20.0), ("calm", 0.0)]


def learnt(order: Make, templates: dict[str, str], *, signed_in: bool = False) -> None:
    """A completed crawl that was shown these structures at these paths."""
    crawl = ledger.open_crawl(order(), CrawlOptions())
    crawl.pages.all().delete()
    for path, template in templates.items():
        url = f"http://shop.test{path}"
        snapshot = {"url": url, "signed_in": signed_in}
        CrawlPage.objects.create(run=crawl, key=url, digest=path, url=url, template=template, status=states.DONE,
                                 snapshot=snapshot)  # fmt: skip
    ledger.learn_application(crawl.pk)
    Run.objects.filter(pk=crawl.pk).update(status="completed", verdict="empty", finished_at=timezone.now())


def test_a_page_that_a_crawl_without_the_account_is_shown_otherwise_is_not_changed(
    order: Make, project: Project
) -> None:
    learnt(order, {"/cart": "a", "/about": "x"}, signed_in=True)
    learnt(order, {"/cart": "empty", "/about": "y"})
    found = [write(project, path, start=path) for path in ("/cart", "/about")]
    old(*found)
    run = ledger.open_test_run(order(), RunOptions(), found)
    assert dict(run.results.values_list("title", "risk")) == {"/cart": 0.0, "/about": 0.0}


def test_a_page_that_the_last_crawl_found_changed_makes_its_tests_riskier(order: Make, project: Project) -> None:
    for templates in ({"/cart": "a", "/about": "x"}, {"/cart": "b", "/about": "x", "/new": "n"}):
        learnt(order, templates)
    found = [write(project, path, start=path) for path in ("/cart", "/about", "/new")]
    old(*found)
    run = ledger.open_test_run(order(), RunOptions(), found)
    assert dict(run.results.values_list("title", "risk")) == {"/cart": 15.0, "/about": 0.0, "/new": 0.0}


def test_homes_take_equally_long(order: Make, tests: Tests) -> None:
    found = tests(4)
    for test, estimate in zip(found, (9_000, 3_000, 3_000, 3_000), strict=True):
        past(test, "p", estimate)
    run = ledger.open_test_run(order(), RunOptions(shards=2), found)
    loads = [sum(run.results.filter(home=home).values_list("estimate_ms", flat=True)) for home in range(2)]
    assert loads == [9_000, 9_000]


def test_serial_groups_and_what_must_not_run_twice_are_kept_on_results(order: Make, project: Project) -> None:
    found = [write(project, f"one {number}", serial="cart", no_hedge=True) for number in range(3)]
    found += [write(project, f"two {number}") for number in range(3)]
    run = ledger.open_test_run(order(), RunOptions(shards=2), found)
    cart = run.results.filter(serial="cart")
    assert (cart.count(), cart.filter(no_hedge=True).count()) == (3, 3)
    assert len(set(cart.values_list("home", flat=True))) == 1
    assert not run.results.exclude(serial="cart").filter(no_hedge=True).exists()


def test_tests_of_an_exclusive_account_share_a_key_of_its_holder_and_address(order: Make, project: Project) -> None:
    project.access = {"exclusive": True}
    project.save()
    signed_in = [write(project, f"member {number}", auth="account") for number in range(2)]
    visitor = write(project, "visitor")
    here = Environment.objects.create(
        project=project, name="Staging", base_url="http://staging.test/", access={"exclusive": True}
    )
    shared = Environment.objects.create(project=project, name="Shared", base_url="http://shared.test/")
    keys = {}
    for name, environment in (("own", None), ("here", here), ("shared", shared)):
        run = ledger.open_test_run(order(environment=environment), RunOptions(), [*signed_in, visitor])
        assert run.results.get(test=visitor).account == ""
        keys[name] = set(run.results.exclude(test=visitor).values_list("account", flat=True))
    assert keys["shared"] == {""}
    assert len(keys["own"]) == len(keys["here"]) == 1
    assert keys["own"] != keys["here"]
    again = ledger.open_test_run(order(), RunOptions(), signed_in)
    assert set(again.results.values_list("account", flat=True)) == keys["own"]


def test_what_does_not_fit_into_the_budget_is_skipped_when_the_run_is_queued(order: Make, project: Project) -> None:
    long, short, smoke = write(project, "long"), write(project, "short"), write(project, "smoke", tags=["smoke"])
    needs = write(project, "needs long", depends_on=[long.public_id])
    for test, estimate in ((long, 90_000), (short, 20_000), (smoke, 30_000), (needs, 1_000)):
        past(test, "p", estimate)
    run = ledger.open_test_run(order(), RunOptions(parallel=1, budget_minutes=1), [long, short, smoke, needs])
    assert titles(run, status=states.PENDING) == ["smoke", "short"]
    assert reasons(run) == {"long": "over_budget", "needs long": "over_budget"}
    assert run.results.filter(status=states.SKIPPED, finished_at=None).count() == 0
    assert run.events.get(type="queued").data["skipped"] == {"over_budget": 2}
    assert run.options["budget_minutes"] == 1
    wider = ledger.open_test_run(order(), RunOptions(shards=2, budget_minutes=2), [long, short, smoke, needs])
    assert reasons(wider) == {}


def test_R15_pre_seeded_skips_are_touched_by_nothing_later(order: Make, project: Project) -> None:
    found = [write(project, f"test {number}") for number in range(3)]
    for test in found:
        past(test, "p", 40_000)
    run = ledger.open_test_run(order(), RunOptions(parallel=1, budget_minutes=1), found)
    before = list(run.results.filter(status=states.SKIPPED).values())
    assert len(before) == 2
    Hand(run).work_off()
    run.refresh_from_db()
    assert run.status == states.JUDGING
    ledger.abort(run.pk, "Grace")
    assert list(run.results.filter(skip_reason="over_budget").values()) == before
    assert run.results.tally()["passed"] == 1


def test_a_change_runs_what_it_touches_and_what_is_never_left_out(order: Make, project: Project) -> None:
    cart = write(project, "cart", start="/cart/7")
    about, failing, smoke, new = (
        write(project, "about", start="/about"),
        write(project, "failing", start="/about"),
        write(project, "smoke", start="/about", tags=["smoke"]),
        write(project, "new", start="/about"),
    )
    needed = write(project, "needed", start="/about")
    cart.document = {**cart.document, "depends_on": [needed.public_id]}
    for test in (cart, about, smoke, needed):
        past(test, "pppp", 1_000)
    past(failing, "pfpp", 1_000)
    found = [cart, about, failing, smoke, new, needed]
    options = RunOptions(changed_files=("src/pages/CartPage.tsx", "README.md"))
    run = ledger.open_test_run(order(), options, found)
    assert set(titles(run, status=states.PENDING)) == {"cart", "failing", "smoke", "new", "needed"}
    assert reasons(run) == {"about": "no_impact"}
    assert run.impact == {
        "fallback_reason": None,
        "because": "",
        "files": 2,
        "route_prefixes": ["/cart"],
        "touched": 1,
        "impacted": 5,
        "tests": 6,
    }
    assert run.results.get(test=cart).risk - run.results.get(test=needed).risk == 10


@pytest.mark.parametrize(
    ("files", "reason", "because"),
    [((), "no_changed_files", ""), (("pages/cart.tsx", "server/pay.py"), "unknown_files", "server/pay.py")],
)
def test_what_cannot_be_attributed_runs_everything(
    order: Make, project: Project, files: tuple[str, ...], reason: str, because: str
) -> None:
    found = [write(project, "about", start="/about"), write(project, "cart", start="/cart")]
    for test in found:
        past(test, "ppp", 1_000)
    run = ledger.open_test_run(order(), RunOptions(changed_files=files), found)
    assert run.impact is not None
    assert (run.impact["fallback_reason"], run.impact["because"]) == (reason, because)
    assert (run.impact["impacted"], run.impact["touched"], reasons(run)) == (2, 2, {})


def test_the_projects_route_map_says_what_back_end_files_touch(order: Make, project: Project) -> None:
    project.settings = {"route_map": {"server/": ["/cart"]}}
    found = [write(project, "about", start="/about"), write(project, "cart", start="/cart")]
    for test in found:
        past(test, "ppp", 1_000)
    run = ledger.open_test_run(order(), RunOptions(changed_files=("server/pay.py",)), found)
    assert reasons(run) == {"about": "no_impact"}


def test_a_run_of_which_everything_is_skipped_beforehand_ends_empty_and_never_green(
    order: Make, project: Project
) -> None:
    project.quality_gates = {"min_pass_rate": 100}
    project.save()
    about = write(project, "about", start="/about")
    past(about, "ppp", 1_000)
    run = ledger.open_test_run(order(), RunOptions(shards=4, changed_files=("README.md",)), [about])
    assert run.shards.count() == 1
    assert ledger.hold(run.shards.get().pk, "here:1") is None
    run.refresh_from_db()
    assert run.status == states.JUDGING
    ledger.close(run.pk, gates.judge(reading.report(run)))
    run.refresh_from_db()
    assert (run.status, run.verdict) == (states.COMPLETED, states.EMPTY)
    assert story(run)[0 :: len(story(run)) - 1] == ["queued", "done"]
    assert reasons(run) == {"about": "no_impact"}


def test_quarantined_tests_are_skipped_unless_asked_for_by_name(order: Make, project: Project) -> None:
    shaky, calm = write(project, "shaky", tags=["quarantine", "smoke"]), write(project, "calm")
    needs = write(project, "needs shaky", depends_on=[shaky.public_id])
    run = ledger.open_test_run(order(), RunOptions(), [shaky, calm, needs])
    assert reasons(run) == {"shaky": "quarantined", "needs shaky": "quarantined"}
    named = ledger.open_test_run(order(named=True), RunOptions(), [shaky])
    assert reasons(named) == {}
    assert reasons(ledger.open_test_run(order(rerun_of=named), RunOptions(), [shaky])) == {}
    assert reasons(ledger.open_test_run(order(rerun_of=run), RunOptions(), [shaky])) == {"shaky": "quarantined"}


def test_stale_tests_are_left_out_and_told_unless_asked_for_by_name(order: Make, project: Project) -> None:
    gone, here = write(project, "gone"), write(project, "here")
    Test.objects.filter(pk=gone.pk).go_stale("Its page / is gone.")
    gone.refresh_from_db()
    run = ledger.open_test_run(order(), RunOptions(), [gone, here])
    assert reasons(run) == {"gone": "stale"}
    assert run.events.get(type="queued").data["skipped"] == {"stale": 1}
    assert reasons(ledger.open_test_run(order(named=True), RunOptions(), [gone])) == {}
    Test.objects.filter(pk=gone.pk).come_back()
    assert reasons(ledger.open_test_run(order(), RunOptions(), list(project.tests.approved()))) == {}


def test_a_run_keeps_the_priority_that_it_was_asked_for_with(order: Make, tests: Tests) -> None:
    assert ledger.open_test_run(order(priority=7), RunOptions(), tests(1)).priority == 7
    assert ledger.open_crawl(order(priority=-3), CrawlOptions()).priority == -3


def test_many_tests_are_planned_with_few_queries(order: Make, project: Project, tests: Tests) -> None:
    def asked(found: list[Test]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            ledger.open_test_run(order(), RunOptions(), found)
        return len([query for query in queries if query["sql"].startswith("SELECT")])

    few = tests(3)
    many = [*few, *tests(300)]
    for test in many[::2]:
        past(test, "pf", 1_500)
    assert asked(many) <= asked(few) <= 8


def test_proofs_of_a_crawl_have_estimates_too(crawl: Callable[..., Run]) -> None:
    from runs.engine.events import Proposal

    run = crawl(shards=2)
    Run.objects.filter(pk=run.pk).update(stage=states.PROPOSE)
    held = ledger.hold(run.shards.first().pk, "here:1")  # type: ignore[union-attr]
    assert held is not None
    assert ledger.take_stage(held, "propose")
    fields = {name: "" for name, field in Proposal.model_fields.items() if field.is_required()}
    proposals = [Proposal.model_validate({**fields, **proposal(number)}) for number in range(4)]
    ledger.keep_proposals(held, proposals)
    assert Result.objects.filter(run=run, estimate_ms__gt=0).count() == 4


def proposal(number: int) -> dict[str, Any]:
    return {"title": f"Proposal {number}", "document": DOCUMENT, "signature": str(number)}
