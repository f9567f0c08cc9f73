"""Starting crawls and runs from the overview, and what they do unless told otherwise."""

import pytest

from projects.models import Environment
from runs import states
from runs.models import Run
from tests.web.conftest import World, close, ended


def crawl(**more: object) -> dict[str, object]:
    numbers = {"max_pages": 20, "max_depth": 3, "test_count": 10, "shards": 1, "parallel": 2}
    fields = {**numbers, "replays": 3, "max_breakages": 12, **more}
    return {f"crawl-{name}": value for name, value in fields.items()}


def run(**more: object) -> dict[str, object]:
    return {f"run-{name}": value for name, value in {"shards": 2, "parallel": 2, "retries": 1, **more}.items()}


def test_crawl_queues_a_crawl_and_shows_it(world: World) -> None:
    answer = world.client("qa_lead").post(world.at("/crawl"), crawl(read_only="on"))
    found = Run.objects.get()
    assert answer["Location"] == f"/runs/{found.public_id}"
    assert (found.kind, found.actor, found.actor_name) == ("crawl", world.people["qa_lead"], "qa_lead")
    assert found.options["max_pages"] == 20
    assert found.options["read_only"] is True


def test_the_plain_button_takes_the_defaults_of_the_project(world: World) -> None:
    client = world.client("qa_lead")
    kept = {"part": "crawl", **crawl(max_pages=7, same_template=3, page_timeout_ms=9000, exclude="^/admin\n^/x")}
    assert client.post(world.at("/settings/defaults"), kept).status_code == 302
    client.post(world.at("/crawl"), crawl(max_pages=7))
    options = Run.objects.get().options
    assert (options["max_pages"], options["exclude"], options["page_timeout_ms"]) == (7, ["^/admin", "^/x"], 9000)


def test_a_double_press_is_one_run(world: World) -> None:
    client = world.client("qa_lead")
    first = client.post(world.at("/crawl"), crawl(key="abc"))
    assert client.post(world.at("/crawl"), crawl(key="abc"))["Location"] == first["Location"]
    assert Run.objects.count() == 1


def test_options_out_of_range_are_refused_beside_their_field(world: World) -> None:
    answer = world.client("qa_lead").post(world.at("/crawl"), crawl(parallel=11))
    assert answer.status_code == 422
    assert "Ensure this value is less than or equal to 10." in answer.content.decode()
    assert not Run.objects.exists()


def test_run_tests_runs_what_is_approved_on_the_chosen_environment(world: World) -> None:
    world.tests(2, "approved")
    world.tests(1)
    staging = Environment.objects.create(project=world.project, name="staging", base_url="http://staging.test")
    world.client("qa_lead").post(world.at("/run"), run(environment=staging.public_id))
    found = Run.objects.get()
    assert (found.environment, found.site["base_url"], found.results.count()) == (staging, "http://staging.test", 2)
    assert found.options["retries"] == 1


def test_an_environment_of_nobody_is_refused(world: World) -> None:
    world.tests(1, "approved")
    Environment.objects.create(project=world.project, name="staging", base_url="http://staging.test")
    assert world.client("qa_lead").post(world.at("/run"), run(environment="ENV-999")).status_code == 422


def test_run_tests_without_an_approved_test_says_what_to_do(world: World) -> None:
    answer = world.client("qa_lead").post(world.at("/run"), run(), follow=True)
    assert "There is no approved test to run; approve some in the review queue first." in answer.content.decode()


@pytest.mark.parametrize(
    ("part", "field", "value", "sentence"),
    [
        ("crawl", "include", "[", "is not a regular expression"),
        ("run", "timezone_id", "Mars/Base", "is not a known time zone"),
        ("run", "locale", "??", "This is not written as"),
        ("run", "timeout_ms", "5", "Ensure this value is greater than or equal to 100."),
    ],
)
def test_defaults_that_cannot_be_are_refused(world: World, part: str, field: str, value: str, sentence: str) -> None:
    rest = {"crawl": crawl(same_template=3, page_timeout_ms=9000), "run": run(timeout_ms=5000, test_timeout_ms=60000)}
    data = {
        "run-network": "fast",
        "run-trace": "off",
        "run-screenshot": "on",
        "run-video": "off",
        **rest[part],
        f"{part}-{field}": value,
        "part": part,
    }
    answer = world.client("qa_lead").post(world.at("/settings/defaults"), data)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_abort_ends_a_run_once(world: World) -> None:
    living = world.run()
    client = world.client("qa_lead")
    client.post(f"/runs/{living.public_id}/abort")
    living.refresh_from_db()
    assert living.status == states.ABORTED
    answer = client.post(f"/runs/{living.public_id}/abort", follow=True)
    assert answer.status_code == 200
    assert "toast error" in answer.content.decode()


def test_rerun_failed_runs_only_what_failed(world: World) -> None:
    first = world.run(3)
    from tests.ledger.conftest import Hand

    hand = Hand(first)
    for outcome in ("failed", "passed", "failed"):
        hand.play(hand.claim(), outcome)
    close(first)
    answer = world.client("qa_lead").post(f"/runs/{first.public_id}/rerun", {"only": "failed"})
    again = Run.objects.latest("pk")
    assert answer["Location"] == f"/runs/{again.public_id}"
    assert (again.rerun_of, again.results.count()) == (first, 2)
    assert set(again.results.values_list("title")) == set(first.results.filter(status="failed").values_list("title"))


def test_a_run_without_failures_has_nothing_to_rerun(world: World) -> None:
    first = ended(world.run(1))
    client = world.client("qa_lead")
    assert "Rerun failed" not in client.get(f"/runs/{first.public_id}").content.decode()
    answer = client.post(f"/runs/{first.public_id}/rerun", {"only": "failed"}, follow=True)
    assert "No test that failed here is still approved." in answer.content.decode()


def test_a_rerun_never_turns_to_another_address(world: World) -> None:
    staging = Environment.objects.create(project=world.project, name="staging", base_url="http://staging.test")
    world.tests(1, "approved")
    world.client("qa_lead").post(world.at("/run"), run(shards=1, environment=staging.public_id))
    first = ended(Run.objects.get())
    staging.delete()
    answer = world.client("qa_lead").post(f"/runs/{first.public_id}/rerun", {"only": "all"}, follow=True)
    assert "which the project does not know any more" in answer.content.decode()
    assert Run.objects.count() == 1


def test_a_living_run_is_not_rerun(world: World) -> None:
    living = world.run()
    answer = world.client("qa_lead").post(f"/runs/{living.public_id}/rerun", follow=True)
    assert "wait for its end, or abort it" in answer.content.decode()


def test_one_approved_test_runs_alone(world: World) -> None:
    test = world.tests(2, "approved")[1]
    world.client("qa_lead").post(f"/tests/{test.public_id}/run")
    assert [result.test for result in Run.objects.get().results.all()] == [test]


def test_a_test_that_is_not_approved_does_not_run(world: World) -> None:
    test = world.tests(1)[0]
    answer = world.client("qa_lead").post(f"/tests/{test.public_id}/run", follow=True)
    assert "approve it before it is run" in answer.content.decode()
    assert "Run it now" not in answer.content.decode()
    assert not Run.objects.exists()
