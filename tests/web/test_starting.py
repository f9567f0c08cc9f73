"""Starting crawls and runs from the overview, and what they do unless told otherwise."""

from typing import get_args

import pytest
from django.utils import timezone

from projects.models import AuthProfile, Environment, Project
from runs import ledger, states
from runs.engine.plan import CrawlOptions, Preferences, RunOptions
from runs.models import Result, Run
from runs.views.fields import info_of
from runs.views.option_labels import CHOICES
from runs.views.options import CrawlDefaults
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
        ("run", "locale", "??", "is not a language tag"),
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
    assert "there is nothing to repeat" in answer.content.decode()


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


def test_a_test_that_is_not_approved_is_offered_to_be_tried_and_not_run(world: World) -> None:
    test = world.tests(1)[0]
    page = world.client("qa_lead").get(f"/tests/{test.public_id}").content.decode()
    assert "Try it" in page
    assert "Run it now" not in page


def test_dials_roles_and_lists_of_the_form_reach_the_crawl(world: World) -> None:
    for name in ("editor", "admin"):
        AuthProfile.objects.create(project=world.project, name=name)
    sent = crawl(
        mode="states", roles=["editor"], generate_for="all", deny_actions="^Sign out$\n^Delete",
        max_minutes="2.5", requests_per_second="4", clean_up="on", openapi="/openapi.json",
        **{"dials.language": "de", "dials.quality": ["security", "reliability"], "dials.format": "gherkin"},
        **{"dials.custom_instructions": "Look at vouchers."},
    )  # fmt: skip
    world.client("qa_lead").post(world.at("/crawl"), sent)
    options = Run.objects.get().options
    expected = {
        "mode": "states", "roles": ["editor"], "generate_for": "all", "deny_actions": ["^Sign out$", "^Delete"],
        "max_minutes": 2.5, "requests_per_second": 4.0, "clean_up": True, "openapi": "/openapi.json",
    }  # fmt: skip
    assert {name: options[name] for name in expected} == expected
    preferences = {"language": "de", "quality": ["security", "reliability"], "format": "gherkin"}
    assert {name: options["dials"][name] for name in preferences} == preferences
    assert options["dials"]["custom_instructions"] == "Look at vouchers."


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("dials.language", "tlh", "tlh is not one of the available choices"),
        ("dials.quality", ["beauty"], "beauty is not one of the available choices"),
        ("mode", "fly", "fly is not one of the available choices"),
        ("deny_actions", "[", "is not a regular expression"),
        ("requests_per_second", "0", "Must be more than 0"),
        ("max_states", "0", "Ensure this value is greater than or equal to 1."),
        ("dials.custom_instructions", "x" * 501, "at most 500 characters"),
    ],
)
def test_an_option_that_cannot_be_is_refused_beside_its_field(
    world: World, field: str, value: object, sentence: str
) -> None:
    answer = world.client("qa_lead").post(world.at("/crawl"), crawl(**{field: value}))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in text
    assert text.index(f'id="id_crawl-{field}') < text.index(sentence)
    assert not Run.objects.exists()


def test_a_preset_says_how_far_unless_a_number_is_written(world: World) -> None:
    client = world.client("qa_lead")
    client.post(world.at("/crawl"), crawl(preset="deep", max_depth=""))
    client.post(world.at("/crawl"), crawl(preset="deep", max_depth="", max_states="5"))
    found = [(run.options["max_states"], run.options["max_depth"]) for run in Run.objects.order_by("pk")]
    assert found == [(80, 6), (5, 6)]


def test_a_preset_among_the_defaults_gives_way_to_another_one(world: World) -> None:
    client = world.client("qa_lead")
    kept = {"part": "crawl", **crawl(preset="quick", max_depth="", same_template=3, page_timeout_ms=9000)}
    assert client.post(world.at("/settings/defaults"), kept).status_code == 302
    world.project.refresh_from_db()
    assert world.project.settings["crawl"]["preset"] == "quick"
    assert "max_states" not in world.project.settings["crawl"]
    client.post(world.at("/crawl"), crawl(preset="quick", max_depth=""))
    client.post(world.at("/crawl"), crawl(preset="deep", max_depth=""))
    assert [run.options["max_states"] for run in Run.objects.order_by("pk")] == [10, 80]


def test_every_option_of_a_crawl_can_be_a_default(world: World) -> None:
    form = CrawlDefaults(world.project)
    left_out = set(CrawlOptions.model_fields) - {name.split(".")[0] for name in form.names}
    assert left_out == {"browser", "geolocation"}
    assert {name.split(".")[1] for name in form.names if "." in name} == set(Preferences.model_fields)


def test_choices_are_those_of_the_engine(world: World) -> None:
    for name, field in CrawlDefaults(world.project).fields.items():
        if name in CHOICES:
            kind = info_of(CrawlOptions, name).annotation
            words = {word for part in (kind, *get_args(kind)) for word in get_args(part) if isinstance(word, str)}
            words |= {word for word in get_args(kind) if isinstance(word, str)}
            assert {value for value, _ in field.choices} - {""} == words, name  # type: ignore[attr-defined]


def test_the_threshold_of_approval_is_a_setting_of_the_project(world: World) -> None:
    client, path = world.client("qa_lead"), world.at("/settings")
    sent = {"part": "project", "name": "Shop", "url": "http://shop.test/"}
    for value, status in (("85", 302), ("49", 422), ("101", 422), ("x", 422)):
        answer = client.post(path, {**sent, "auto_approve_score": value})
        assert answer.status_code == status, value
    world.project.refresh_from_db()
    assert world.project.auto_approve_score == 85
    client.post(path, sent)
    world.project.refresh_from_db()
    assert world.project.auto_approve_score is None


def test_a_crawl_is_shared_by_all_workers_unless_somebody_says_how_many(world: World) -> None:
    world.client("qa_lead").post(world.at("/crawl"), crawl(shards=""))
    assert Run.objects.get().options["shards"] is None


def test_what_a_crawl_had_no_time_to_prove_is_proved_by_a_button(world: World) -> None:
    client = world.client("qa_lead")
    client.post(world.at("/crawl"), crawl())
    found = Run.objects.get()
    proposal = {"signature": "a" * 64, "family": "page", "template": "t", "page_url": "/", "why": "seen"}
    left = {"status": states.SKIPPED, "skip_reason": "unproved", "finished_at": timezone.now(), "proposal": proposal}
    Result.objects.create(run=found, position=0, title="Left", document={}, **left)
    assert "Prove the rest" not in client.get(f"/runs/{found.public_id}").content.decode()
    client.post(f"/runs/{found.public_id}/abort")
    assert "Prove the rest (1)" in client.get(f"/runs/{found.public_id}").content.decode()
    answer = client.post(f"/runs/{found.public_id}/prove-rest")
    rest = Run.objects.latest("pk")
    assert answer["Location"] == f"/runs/{rest.public_id}"
    assert (rest.stage, rest.rerun_of, rest.results.count()) == (states.PROVE, found, 1)
    page = client.get(f"/runs/{rest.public_id}").content.decode()
    assert "Prove the proposals" in page
    assert "Visit pages" not in page
    again = client.post(f"/runs/{found.public_id}/prove-rest", follow=True).content.decode()
    assert "has left nothing unproved, or it is being proved" in again


def test_a_rerun_asks_where_the_project_has_been_given_another_address_since(world: World) -> None:
    first = ended(world.run(1))
    Project.objects.filter(pk=world.project.pk).update(url="http://new.test/")
    client = world.client("qa_lead")
    asked = client.post(f"/runs/{first.public_id}/rerun", {"only": "all"})
    assert asked.status_code == 409
    assert "http://shop.test/" in asked.content.decode()
    assert "http://new.test/" in asked.content.decode()
    assert Run.objects.count() == 1
    for values, url in (("then", "http://shop.test/"), ("now", "http://new.test/")):
        client.post(f"/runs/{first.public_id}/rerun", {"only": "all", "values": values})
        assert Run.objects.latest("pk").site["base_url"] == url


def test_a_rerun_asks_where_tests_were_edited_since(world: World) -> None:
    first = ended(world.run(2), "failed")
    edited, left = world.project.tests.order_by("pk")
    edited.edit(None, "Edited since", edited.document)
    edited.decide("approve", None)
    left.delete_softly()
    client = world.client("qa_lead")
    asked = client.post(f"/runs/{first.public_id}/rerun", {"only": "failed"})
    text = " ".join(asked.content.decode().split())
    assert (asked.status_code, Run.objects.count()) == (409, 1)
    assert f"{edited.public_id} Edited since: it was" in text
    assert f"{left.public_id}: it was" in text
    assert "deleted and is left out" in text
    for values, version in (("then", 1), ("now", 2)):
        client.post(f"/runs/{first.public_id}/rerun", {"only": "failed", "values": values})
        assert [*Run.objects.latest("pk").results.values_list("test", "version")] == [(edited.pk, version)]


def test_a_run_of_some_tests_is_not_the_headline_of_a_project(world: World) -> None:
    whole = ended(world.run(3), "failed")
    tests = list(world.project.tests.approved()[:1])
    part = ended(ledger.open_test_run(world.order(), RunOptions(), tests))
    for page in (world.at(""), "/"):
        shown = world.client("viewer").get(page).content.decode()
        assert shown.index(f"/runs/{whole.public_id}") < shown.index(f"/runs/{part.public_id}"), page
        assert "1 of 3 tests" in shown, page
    assert "It covers 1 of 3 tests." in world.client("viewer").get(f"/runs/{part.public_id}").content.decode()
