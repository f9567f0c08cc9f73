"""The strip of stages: what a run says of each while anything may still be absent."""

from typing import Any

import pytest

from runs import states
from runs.models import Run
from runs.views.pipeline import end_of, strip_of
from tests.web.conftest import World, ended

PAGES = {"pending": 2, "running": 1, "done": 1, "failed": 1, "skipped": 0, "total": 5}
NOTHING: dict[str, int] = dict.fromkeys(PAGES, 0)


def crawl(stage: str, status: str = "running", **fields: Any) -> Run:
    return Run(kind="crawl", stage=stage, status=status, **fields)


def told(run: Run, rows: Any = None) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {line.word: (line.state, line.counts) for line in strip_of(run, rows or {})}


def test_stages_are_done_now_or_to_come() -> None:
    found = [line.state for line in strip_of(crawl(states.PROVE), {})]
    names = [*states.STAGES["crawl"], states.JUDGING]
    at = names.index(states.PROVE)
    assert found == ["done"] * at + ["running"] + ["pending"] * (len(names) - at - 1)


@pytest.mark.parametrize(("status", "first"), [("queued", "pending"), ("failed", "failed"), ("aborted", "aborted")])
def test_a_crawl_that_waits_or_stopped_says_where(status: str, first: str) -> None:
    assert strip_of(crawl(states.CRAWL, status), {})[0].state == first


def test_a_completed_run_has_nothing_to_come() -> None:
    assert {line.state for line in strip_of(crawl(states.PROVE, "completed"), {})} == {"done"}


def test_rows_count_while_they_are_worked_on_and_the_stage_itself_afterwards() -> None:
    run = crawl(
        states.CRAWL, pipeline={"prove": {"proved": 1, "rejected": 2, "breakages": 1, "noticed": 1, "odd_one": 4}}
    )
    rows = {states.CRAWL: PAGES}
    assert told(run, rows)["Visit pages"] == ("running", ("1 page visited", "1 failed", "3 to go"))
    assert told(run)["Prove the proposals"][1] == (
        "1 proved", "2 not proved", "1 breakage", "1 noticed", "4 odd one",
    )  # fmt: skip
    assert told(crawl(states.CRAWL), {states.CRAWL: NOTHING})["Visit pages"][1] == ()


@pytest.mark.parametrize("pipeline", [{}, {"plan": {}}, {"prove": None}, {"prove": {"note": "text", "ok": True}}])
def test_counts_that_are_absent_or_no_numbers_are_left_out(pipeline: dict[str, Any]) -> None:
    assert all(line.counts == () for line in strip_of(crawl(states.CRAWL, pipeline=pipeline), {}))


def test_a_stage_that_is_not_known_here_does_not_break_the_page() -> None:
    assert strip_of(crawl("dream"), {})[0].state == "running"


def test_why_a_crawl_visited_no_more_is_said_in_words() -> None:
    assert end_of(crawl("", end_reason="page_budget")) == "The limit of pages is reached"
    assert end_of(crawl("", end_reason="solar_flare")) == ""
    assert end_of(crawl("")) == ""


def test_the_page_of_a_crawl_shows_stages_counts_and_its_end(world: World) -> None:
    run = world.crawl()
    Run.objects.filter(pk=run.pk).update(pipeline={"propose": {"drafts": 20, "proposed": 15}}, end_reason="time_budget")
    for path in (f"/runs/{run.public_id}", f"/runs/{run.public_id}/news"):
        text = world.client("viewer").get(path).content.decode()
        for words in ("20 drafts, 15 proposed", "0 pages visited, 1 to go", "The time for visiting is over"):
            assert words in text, (path, words)


def test_a_test_run_has_its_strip_as_well(world: World) -> None:
    text = world.client("viewer").get(f"/runs/{ended(world.run()).public_id}").content.decode()
    assert "Run the tests" in text
    assert "3 passed" in text
