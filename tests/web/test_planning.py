"""Budgets and changed files on pages: what is asked, what is kept, what is said about it."""

import html
import re

import pytest

from projects.models import Test
from runs import ledger
from runs.engine.plan import RunOptions
from runs.models import Run, TestHistory
from tests.web.conftest import World


def timed(world: World, *estimates: int, **fields: object) -> list[Test]:
    found = world.tests(len(estimates), "approved")
    for test, ms in zip(found, estimates, strict=True):
        TestHistory.objects.create(test=test, estimate_ms=ms, outcomes=[{"run": "RUN-0", "status": "passed"}])
    return found


def shown(world: World, path: str) -> str:
    text = world.client("viewer").get(path).content.decode()
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def test_a_run_is_started_with_a_budget_and_says_what_it_left_out(world: World) -> None:
    timed(world, 20_000, 90_000)
    data = {"run-shards": 1, "run-parallel": 1, "run-retries": 0, "run-budget_minutes": "0.5"}
    assert world.client("qa_lead").post(world.at("/run"), data).status_code == 302
    run = Run.objects.get()
    assert run.options["budget_minutes"] == 0.5
    page = shown(world, f"/runs/{run.public_id}")
    assert "1 test expected to take about 20 s on 1 worker with 1 window." in page
    assert "Left out from the start: 1 over the budget of 0.5 minutes." in page
    assert "Queued: 2 tests for 1 worker; skipped: 1 over budget" in page
    skipped = run.results.get(status="skipped")
    said = shown(world, f"/runs/{run.public_id}/results/{skipped.pk}")
    assert "It did not fit into the run's minutes; riskier tests went first." in said
    assert "expected 1 min 30 s" in said


@pytest.mark.parametrize("minutes", ["0", "-1", "241", "soon"])
def test_a_budget_that_cannot_be_is_refused_beside_its_field(world: World, minutes: str) -> None:
    world.tests(1, "approved")
    data = {"run-shards": 1, "run-parallel": 1, "run-retries": 0, "run-budget_minutes": minutes}
    answer = world.client("qa_lead").post(world.at("/run"), data)
    assert answer.status_code == 422
    assert re.search(r'id_run-budget_minutes"[^§]*?errorlist', answer.content.decode())
    assert not Run.objects.exists()


def test_defaults_of_runs_hold_budget_failures_and_hedging(world: World) -> None:
    client = world.client("qa_lead")
    page = client.get(world.at("/settings/defaults")).content.decode()
    assert re.search(r'name="run-hedge"[^>]*checked', page)
    data = {
        "part": "run", "run-shards": 2, "run-parallel": 2, "run-retries": 1, "run-timeout_ms": 5000,
        "run-test_timeout_ms": 60000, "run-trace": "off", "run-screenshot": "off",
        "run-budget_minutes": 12.5, "run-max_failures": 3, "run-network": "fast", "run-video": "off",
    }  # fmt: skip
    assert client.post(world.at("/settings/defaults"), data).status_code == 302
    world.project.refresh_from_db()
    kept = world.project.settings["run"]
    assert (kept["budget_minutes"], kept["max_failures"], kept["hedge"]) == (12.5, 3, False)
    world.tests(1, "approved")
    start = {"run-shards": 1, "run-parallel": 1, "run-retries": 0, "run-budget_minutes": ""}
    client.post(world.at("/run"), start)
    options = Run.objects.get().options
    assert (options["budget_minutes"], options["max_failures"], options["hedge"]) == (None, 3, False)


def test_the_route_map_is_written_in_lines(world: World) -> None:
    client, path = world.client("qa_lead"), world.at("/settings/defaults")
    lines = "server/cart/ = /cart /checkout\n\nserver/*.py=/"
    assert client.post(path, {"part": "routes", "routes-routes": lines}).status_code == 302
    world.project.refresh_from_db()
    assert world.project.settings["route_map"] == {"server/cart/": ["/cart", "/checkout"], "server/*.py": ["/"]}
    assert "server/cart/=/cart /checkout" in client.get(path).content.decode()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("server/", "Line 1 is not of the form name=value: server/"),
        ("server/=cart", "server/[0]: Write a path of the application such as /cart."),
        ("server/=", "server/: Give at least 1."),
    ],
)
def test_a_route_map_that_cannot_be_is_refused_and_not_kept(world: World, line: str, sentence: str) -> None:
    answer = world.client("qa_lead").post(world.at("/settings/defaults"), {"part": "routes", "routes-routes": line})
    assert answer.status_code == 422
    assert sentence in html.unescape(answer.content.decode())
    world.project.refresh_from_db()
    assert "route_map" not in world.project.settings


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            ("src/pages/Cart.tsx", "src/pages/Pay.tsx"),
            "2 changed files touch /cart, /pay: 0 of 2 tests selected; smoke tests, new ones",
        ),
        (("README.md",), "1 changed file touches no page: 0 of 2 tests selected"),
        (("server/pay.py",), "All tests run: server/pay.py cannot be attributed to pages"),
        ((), "All tests run: the list of changed files is empty."),
    ],
)
def test_a_run_explains_what_a_change_was_thought_to_touch(world: World, files: tuple[str, ...], sentence: str) -> None:
    run = ledger.open_test_run(world.order(), RunOptions(changed_files=files), timed(world, 1_000, 2_000))
    assert sentence in shown(world, f"/runs/{run.public_id}")
