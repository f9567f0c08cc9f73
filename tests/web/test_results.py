"""A result's page: the cause first, how long requests took, the film, and why it is called flaky."""

import re
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from runs import ledger, storage
from runs.engine.plan import RunOptions
from runs.models import Artifact, Result, Run, TestHistory
from tests.ledger.conftest import Hand
from tests.web.conftest import World, close

CALL = {"method": "POST", "url": "http://shop.test/cart/add", "type": "fetch", "status": 500, "failed": "500"}
MISSING = "There is no heading “Cart” after 5.0 s"


def text(world: World, result: Result, query: str = "") -> str:
    answer = world.client("viewer").get(f"/runs/{result.run.public_id}/results/{result.pk}{query}")
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def failed(world: World, **attempt: Any) -> Result:
    """A failed result whose attempts saw a server error before an element was not found."""
    run = world.run(1)
    Hand(run).work_off("failed")
    close(run)
    result = run.results.get()
    Result.objects.filter(pk=result.pk).update(error=MISSING, error_kind="not_found")
    failure = {"kind": "not_found", "message": MISSING, "step": 1}
    result.attempts.update(failure=failure, requests=[{**CALL, "duration_ms": 812}], **attempt)
    return result


def test_a_result_says_what_the_application_did_before_what_the_test_missed(world: World) -> None:
    shown = text(world, failed(world))
    assert "POST /cart/add answered 500" in shown
    assert shown.index("POST /cart/add answered 500") < shown.index(MISSING)
    assert "An element was not found." not in shown


def test_each_request_is_shown_with_its_time(world: World) -> None:
    assert "http://shop.test/cart/add 500 812 ms" in text(world, failed(world))


def test_a_result_without_a_film_says_why(world: World) -> None:
    result = failed(world)
    assert "There is no video: the run was not asked for one" in text(world, result)
    Run.objects.filter(pk=result.run_id).update(options={"video": "on_failure"})
    assert "There is no video: none could be recorded, or it was deleted." in text(world, result)


def filmed(result: Result) -> Artifact:
    attempt = result.attempts.get()
    name = default_storage.save("film.webm", ContentFile(b"0123456789"))
    return Artifact.objects.create(attempt=attempt, kind="video", path=name, content_type="video/webm", size=10)


def test_a_film_can_be_played_and_a_player_may_ask_for_a_part_of_it(world: World) -> None:
    result = failed(world)
    film = filmed(result)
    answer = world.client("viewer").get(f"/runs/{result.run.public_id}/results/{result.pk}")
    assert re.search(r"<video [^>]*controls[^>]* src=", answer.content.decode())
    link = storage.signed_url(film)
    part = Client().get(link, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content, part["Content-Range"]) == (206, b"2345", "bytes 2-5/10")
    rest = Client().get(link, headers={"Range": "bytes=8-"})
    assert (rest.status_code, rest.content) == (206, b"89")
    for odd in ("bytes=90-", "bytes=-3", "lines=1-2", "bytes=0-1,3-4"):
        whole = Client().get(link, headers={"Range": odd})
        assert (whole.status_code, whole.content) == (200, b"0123456789")


def test_a_flaky_result_says_which_attempts_differ(world: World) -> None:
    run = world.run(1)
    hand = Hand(run)
    hand.play(hand.claim(), "flaky", attempts=2)
    close(run)
    shown = text(world, run.results.get())
    assert "in this run attempt 1 failed and attempt 2 passed, with nothing changed between them" in shown


def played(world: World, *outcomes: str, builds: str) -> list[Run]:
    """One test in as many runs, oldest first, each of the build that a letter names; its history says so."""
    test = world.tests(1, "approved")[0]
    runs = []
    for outcome in outcomes:
        run = ledger.open_test_run(world.order(), RunOptions(), [test])
        hand = Hand(run)
        hand.play(hand.claim(), outcome, attempts=2 if outcome == "flaky" else 1)
        close(run)
        runs.append(run)
    known = [
        {"run": run.pk, "status": status, "retries": 0, "version": 1, "build": build, "kind": "timeout"}
        for run, status, build in zip(runs, outcomes, builds, strict=True)
    ]
    TestHistory.objects.create(test=test, outcomes=known[::-1], is_flaky=True, flaky_score=97.0)
    return runs


def test_a_flaky_test_says_which_runs_differ(world: World) -> None:
    runs = played(world, "passed", "flaky", "passed", "failed", "passed", "failed", builds="aaaaaa")
    Result.objects.filter(run=runs[-1]).update(error_kind="timeout")
    shown = text(world, runs[-1].results.get())
    assert f"it passed only on a retry in {runs[1].public_id} ;" in shown
    assert f"it failed in {runs[3].public_id} and passed in the runs of the same build beside" in shown
    assert "its score is 97 of 100 in 6 runs" in shown
    assert "≈ It is called flaky because" in shown


def test_runs_of_different_builds_are_not_said_to_make_a_test_flaky(world: World) -> None:
    """The failure in build b is one that was mended in build c: the rule by which the score is made counts it not."""
    runs = played(world, "flaky", "passed", "failed", "passed", "flaky", "passed", builds="aabcdd")
    shown = text(world, runs[-1].results.get())
    assert f"it passed only on a retry in {runs[4].public_id} , {runs[0].public_id} ;" in shown
    assert "it failed in" not in shown


def test_runs_beside_the_shown_one_are_not_taken_for_neighbours(world: World) -> None:
    """Looked at from the run between them, two failures in a row stay failures that lasted."""
    runs = played(world, "flaky", "passed", "failed", "failed", "passed", "flaky", builds="aaaaaa")
    assert "it failed in" not in text(world, runs[2].results.get())


def test_a_failure_of_a_new_kind_is_not_explained_by_the_flakiness_of_its_test(world: World) -> None:
    runs = played(world, "passed", "flaky", "passed", "flaky", "passed", "failed", builds="aaaaaa")
    Result.objects.filter(run=runs[-1]).update(error_kind="expectation")
    shown = text(world, runs[-1].results.get())
    assert f"new: it passed in {runs[-2].public_id}" in shown
    assert "This failure is of another kind than those that came and went" in shown
    assert "≈ The test is called flaky because" in shown
