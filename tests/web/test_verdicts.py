"""What a run's verdict stands on: causes, gates, budgets, the kind of a failure; and the page where limits are set."""

import re
from typing import Any

import pytest

from projects.models import Test
from runs import ledger
from runs.engine.events import AttemptEnded, Failure, TestEnded, TestStarted
from runs.models import Result, Run, TestHistory
from tests.ledger.conftest import Hand
from tests.web.conftest import World, close, ended

CART = {"method": "POST", "url": "http://shop.test/api/cart", "type": "fetch", "status": 500, "failed": "500"}


def text(world: World, path: str, who: str = "viewer") -> str:
    answer = world.client(who).get(path)
    assert answer.status_code == 200
    page = re.sub(r"<(script|style)\b.*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def fails(hand: Hand, message: str, *requests: Any) -> None:
    """The next test fails with this message, its page having seen these requests."""
    number = hand.claim().result
    failure = Failure(kind="expectation", message=message, step=0)
    attempt = AttemptEnded(number, 1, False, 1_700_000_000.0, 20, (), failure, requests=requests)
    ledger.record(hand.held, [TestStarted(number, 1), attempt, TestEnded(number, "failed", 1, 20, failure)])


def broken(world: World) -> tuple[Run, Hand]:
    run = world.run(4)
    hand = Hand(run)
    for message in ("Expected “Added”, found “Sorry”", "Expected 1 item, found 0", "Expected the total to be 12"):
        fails(hand, message, CART)
    return run, hand


def test_a_run_says_that_three_tests_fail_for_one_reason_while_it_runs_and_afterwards(world: World) -> None:
    run, hand = broken(world)
    forming = text(world, f"/runs/{run.public_id}")
    assert "1 cause of 3 failures so far" in forming
    assert "3 tests fail for one reason: POST /api/cart answers 500 product bug · new in this run" in forming
    assert "3 tests fail for one reason" in text(world, f"/runs/{run.public_id}/news?after=0")
    hand.work_off()
    close(run)
    judged = text(world, f"/runs/{run.public_id}")
    assert "1 cause of 3 failures 3 tests fail for one reason" in judged
    for title in Result.objects.filter(run=run, status="failed").values_list("title", flat=True):
        assert title in judged
    again, _ = broken(world)
    assert f"known since {run.public_id}" in text(world, f"/runs/{again.public_id}")


def test_a_run_that_ended_without_a_verdict_says_what_its_causes_are_of(world: World) -> None:
    run, _ = broken(world)
    ledger.abort(run.pk, "Ada")
    said = text(world, f"/runs/{run.public_id}")
    assert "1 cause of 3 failures until the run ended without a verdict" in said
    run.refresh_from_db()
    assert (run.verdict, run.causes, run.gate_result) == ("", [], None)


def test_a_run_without_failures_shows_no_causes(world: World) -> None:
    page = world.client("viewer").get(f"/runs/{ended(world.run(2)).public_id}").content.decode()
    assert re.search(r'<section[^>]*id="causes"[^>]*hidden', page)


def test_of_many_causes_the_largest_are_shown_and_the_others_counted(world: World) -> None:
    run = world.run(20)
    hand = Hand(run)
    for number in range(20):
        request = {**CART, "url": f"http://shop.test/{'abcdefghijklmnopqrst'[number]}/x"}
        fails(hand, "Expected another thing", request)
    close(run)
    said = text(world, f"/runs/{run.public_id}")
    assert "20 causes of 20 failures" in said
    assert "and 8 smaller causes" in said


def test_a_message_of_the_application_cannot_become_part_of_the_page(world: World) -> None:
    run = world.run(1)
    fails(Hand(run), "Expected <script>alert(1)</script>")
    page = world.client("viewer").get(f"/runs/{run.public_id}").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_run_names_the_tests_over_a_web_vitals_budget(world: World) -> None:
    world.project.web_vitals_budgets = {"lcp": 2500, "cls": 0.1}
    world.project.save()
    slow, quick = world.run(1), world.run(1)
    for run, lcp in ((slow, 2600.4), (quick, 900)):
        Hand(run).work_off()
        run.results.update(vitals={"lcp": {"value": lcp, "path": "/cart"}, "cls": {"value": 0.05, "path": "/"}})
        close(run)
    said = text(world, f"/runs/{slow.public_id}")
    assert (
        "✕ Web vitals: 1 measurement over budget in 1 measured test LCP 2,600 ms , at most 2,500 ms: Test 0 on /cart"
        in said
    )
    assert "✓ Web vitals: 1 test within the budgets" in text(world, f"/runs/{quick.public_id}")
    result = text(world, f"/runs/{slow.public_id}/results/{slow.results.get().pk}")
    assert "LCP 2,600 ms on /cart CLS 0.05 on /" in result


@pytest.mark.parametrize(
    ("outcomes", "flaky", "told"),
    [
        ([], False, "product bug The application does something else than expected."),
        (["passed"], False, "new: it passed in RUN-0"),
        (["failed"], False, "fails since RUN-0"),
        (["failed", "passed"], True, "≈ the test is flaky"),
    ],
)
def test_a_failed_result_says_what_kind_it_is_and_since_when(
    world: World, outcomes: list[str], flaky: bool, told: str
) -> None:
    run = ended(world.run(1), "failed")
    result = run.results.get()
    if outcomes:
        past = [{"run": 0, "status": status, "retries": 0, "version": 1} for status in outcomes]
        score = 95.2 if flaky else 0
        TestHistory.objects.create(test=Test.objects.get(), outcomes=past, is_flaky=flaky, flaky_score=score)
    assert told in text(world, f"/runs/{run.public_id}/results/{result.pk}")


def limits(part: str, **given: object) -> dict[str, object]:
    return {"part": part, **{f"{part}-{name}": value for name, value in given.items()}}


def test_gates_and_budgets_are_set_on_the_page_quality_and_taken_away_again(world: World) -> None:
    client = world.client("qa_lead")
    path = world.at("/settings/quality")
    assert client.post(path, limits("quality_gates", min_pass_rate=95, max_failures="")).status_code == 302
    assert client.post(path, limits("web_vitals_budgets", lcp="2500", cls="0.1", inp="")).status_code == 302
    world.project.refresh_from_db()
    assert world.project.quality_gates == {"min_pass_rate": 95}
    assert world.project.web_vitals_budgets == {"lcp": 2500, "cls": 0.1}
    page = client.get(path).content.decode()
    assert 'value="2500.0"' in page
    assert "Good is 2500 ms or less." in page
    assert client.post(path, limits("web_vitals_budgets")).status_code == 302
    world.project.refresh_from_db()
    assert (world.project.quality_gates, world.project.web_vitals_budgets) == ({"min_pass_rate": 95}, {})


@pytest.mark.parametrize(
    ("part", "given"),
    [
        ("quality_gates", {"min_pass_rate": 101}),
        ("quality_gates", {"max_failures": -1}),
        ("quality_gates", {"max_flaky_pct": "nan"}),
        ("web_vitals_budgets", {"lcp": 0}),
        ("web_vitals_budgets", {"ttfb": 120_001}),
        ("web_vitals_budgets", {"cls": 10.5}),
        ("web_vitals_budgets", {"inp": "fast"}),
    ],
)
def test_a_limit_out_of_range_is_refused_beside_its_field_and_nothing_is_kept(
    world: World, part: str, given: dict[str, object]
) -> None:
    answer = world.client("qa_lead").post(world.at("/settings/quality"), limits(part, **given))
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    world.project.refresh_from_db()
    assert (world.project.quality_gates, world.project.web_vitals_budgets) == ({}, {})


def test_who_may_see_and_who_may_change_quality(world: World) -> None:
    path = world.at("/settings/quality")
    for who, sees, changes in (
        ("admin", 200, 302),
        ("qa_lead", 200, 302),
        ("viewer", 200, 403),
        ("stranger", 404, 404),
    ):
        client = world.client(who)
        assert client.get(path).status_code == sees, who
        assert client.post(path, limits("quality_gates", max_failures=1)).status_code == changes, who
    assert "Changing them needs the role QA lead." in text(world, path)
