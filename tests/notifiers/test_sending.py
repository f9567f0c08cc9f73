"""What callbacks, webhooks and Teams get, as it arrives."""

import hashlib
import hmac
import json
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from runs.notifiers import CHANNELS, NOTIFIERS, callback, email, github, teams, webhook
from runs.notifiers.base import NotNow, Undeliverable
from runs.report import Counts, PageCounts
from tests.notifiers.conftest import NOW, SECRET, news, ports, report
from tests.receivers import Answer, Arrived, Receiver


def verified(request: Arrived) -> bool:
    """As docs/api.md shows it."""
    signed = request.headers["x-sentri-timestamp"].encode() + b"." + request.body
    expected = "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, request.headers["x-sentri-signature"])


def settings(kind: str, url: str) -> Any:
    return NOTIFIERS[kind].settings.model_validate({"url": url})


def test_R19_a_callback_has_the_promised_fields_and_a_signature_that_holds(received: Receiver) -> None:
    found = callback.send(
        news(key="RUN-42:callback:ended"), settings("callback", f"{received.url}/done?job=7"), ports()
    )
    (request,) = received.arrived
    assert request.path == "/done?job=7"
    assert request.json == {
        "runId": "RUN-42",
        "status": "completed",
        "verdict": "failed",
        "passed": 5,
        "failed": 12,
        "flaky": 1,
        "skipped": 2,
        "total": 20,
        "coverage": None,
        "error": None,
        "gateResult": {"passed": False, "rules": []},
        "webVitalsResult": None,
        "url": "https://sentri.test/runs/RUN-42",
    }
    assert verified(request)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-sentri-delivery"] == request.headers["idempotency-key"] == "RUN-42:callback:ended"
    assert request.headers["x-sentri-timestamp"] == str(int(NOW.timestamp()))
    assert found.http_status == 200


def test_a_signature_does_not_hold_for_another_body_or_time(received: Receiver) -> None:
    callback.send(news(), settings("callback", received.url), ports())
    (request,) = received.arrived
    assert not verified(Arrived("POST", "/", request.headers, request.body + b" "))
    assert not verified(Arrived("POST", "/", {**request.headers, "x-sentri-timestamp": "1"}, request.body))


def test_a_run_that_could_not_be_carried_through_says_why_in_its_callback(received: Receiver) -> None:
    failed = report(status="failed", verdict="", error="shop.test refuses connections.", error_category="refused")
    callback.send(news(report=failed, gate_result=None), settings("callback", received.url), ports())
    said = received.arrived[0].json
    assert (said["status"], said["verdict"], said["error"]) == ("failed", None, "shop.test refuses connections.")


def test_a_webhook_gets_the_whole_event_signed(received: Receiver) -> None:
    webhook.send(news(commit={"repo": "octo/shop", "sha": "a" * 40}), settings("webhook", received.url), ports())
    (request,) = received.arrived
    assert verified(request)
    said = request.json
    assert said["event"] == "run.ended"
    assert said["delivery"] == "RUN-42:webhook:CH-3:ended"
    assert said["run"]["commit"] == {"repo": "octo/shop", "sha": "a" * 40}
    assert said["run"]["finished_at"] == "2026-03-01T12:00:00Z"
    assert said["results"]["failed"] == 12
    assert len(said["failures"]) == 12
    assert said["failures"][0] == {
        "result": 1,
        "test": "TC-1",
        "title": "Test 1",
        "error": "Expected “Added”.",
        "kind": "expectation",
        "retries": 2,
    }
    assert said["causes"][0]["label"] == "POST /api/cart answers 500"
    assert said["pages"] is None


def test_a_webhook_tells_of_a_crawl_by_its_pages(received: Receiver) -> None:
    crawl = report(kind="crawl", status="failed", verdict="", pages=PageCounts(failed=1, total=1), failures=())
    webhook.send(news(report=crawl), settings("webhook", received.url), ports())
    assert received.arrived[0].json["pages"]["failed"] == 1


def texts(card: dict[str, Any]) -> list[str]:
    blocks = card["attachments"][0]["content"]["body"]
    return [run["text"] for block in blocks for run in block["inlines"]]


def test_teams_gets_a_card_with_verdict_counts_duration_names_causes_and_link(received: Receiver) -> None:
    teams.send(news(), settings("teams", received.url), ports())
    card = received.arrived[0].json
    content = card["attachments"][0]["content"]
    said = texts(card)
    assert content["type"] == "AdaptiveCard"
    assert said[0] == "Shop: 12 of 18 tests failed"
    assert "Tests: 5 passed, 12 failed, 1 flaky, 2 skipped, 20 total" in said
    assert "Took: 2 min 0 s" in said
    assert "3 tests: POST /api/cart answers 500" in said
    assert "Gate missed: failed tests at most 0: 12" in said
    assert said[-1] == "and 2 more"
    assert sum(text.startswith("TC-") for text in said) == 10
    assert content["actions"] == [
        {"type": "Action.OpenUrl", "title": "Open RUN-42", "url": "https://sentri.test/runs/RUN-42"}
    ]


def test_texts_from_outside_are_shown_in_a_card_and_not_read_as_markdown() -> None:
    """A text run shows what it holds; only text blocks know Markdown."""
    named = report(project_name="[click](https://evil.test)\x07\n**now**")
    content = teams.card(news(report=named))["attachments"][0]["content"]
    assert {block["type"] for block in content["body"]} == {"RichTextBlock"}
    assert texts(teams.card(news(report=named)))[0] == "[click](https://evil.test) **now**: 12 of 18 tests failed"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"verdict": "passed", "counts": Counts(passed=3, total=3), "failures": ()}, "Shop: 3 of 3 tests passed"),
        ({"counts": Counts(passed=3, total=3)}, "Shop: tests passed, but a limit of the project was missed"),
        ({"verdict": "empty", "counts": Counts(skipped=3, total=3)}, "Shop: RUN-42 executed nothing"),
        ({"status": "aborted", "verdict": ""}, "Shop: RUN-42 was aborted"),
        ({"status": "failed", "verdict": "", "error": "x"}, "Shop: RUN-42 could not be carried through"),
        ({"status": "running", "verdict": ""}, "Shop: RUN-42 is running"),
    ],
)
def test_the_first_line_says_how_it_went(fields: dict[str, Any], sentence: str) -> None:
    assert texts(teams.card(news(report=report(**fields))))[0] == sentence


PART = "3 of 120 tests, by tag smoke"


def test_programs_are_told_how_much_of_the_project_a_partial_run_executed(received: Receiver) -> None:
    part = news(report=report(coverage=PART))
    callback.send(part, settings("callback", received.url), ports())
    webhook.send(part, settings("webhook", received.url), ports())
    webhook.send(news(), settings("webhook", received.url), ports())
    called, event, whole = (request.json for request in received.arrived)
    assert called["coverage"] == event["run"]["coverage"] == PART
    assert whole["run"]["coverage"] is None


def test_people_are_told_so_in_the_first_line_and_among_the_facts() -> None:
    passed: dict[str, Any] = {"verdict": "passed", "counts": Counts(passed=3, total=3), "failures": (), "gates": ()}
    part = news(report=report(coverage=PART, **passed))
    letter = email.message(part, email.Email(to=("ada@shop.test",)))
    first = f"Shop: 3 of 3 tests passed, in a run of {PART}"
    text = letter.get_body(("plain",))
    assert letter["Subject"] == texts(teams.card(part))[0] == github.check(part)["output"]["title"] == first
    assert text is not None
    assert f"Covers: {PART}" in text.get_content()
    assert f"Covers: {PART}" in texts(teams.card(part))
    assert f"- Covers: `{PART}`" in github.summary(part)
    assert not any(said.startswith("Covers") for said in texts(teams.card(news())))


@pytest.mark.parametrize("kind", ["callback", "webhook", "teams"])
@pytest.mark.parametrize(
    ("status", "final"),
    [(301, True), (307, True), (410, True), (400, False), (404, False), (429, False), (500, False), (503, False)],
)
def test_a_status_that_will_not_change_is_given_up_and_others_are_tried_again(
    received: Receiver, kind: str, status: int, final: bool
) -> None:
    received.answers = [Answer(status, headers={"Location": "/elsewhere"})]
    with pytest.raises(Undeliverable if final else NotNow) as problem:
        NOTIFIERS[kind].send(news(), settings(kind, received.url), ports())
    assert isinstance(problem.value, Undeliverable | NotNow)
    assert problem.value.http_status == status
    assert len(received.arrived) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_what_the_receiver_asks_for_is_understood(received: Receiver, header: str, seconds: float | None) -> None:
    received.answers = [Answer(503, headers={"Retry-After": header})]
    with pytest.raises(NotNow) as problem:
        webhook.send(news(), settings("webhook", received.url), ports())
    assert problem.value.after == seconds


@pytest.mark.parametrize("kind", ["callback", "webhook", "teams"])
@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "ftp://x.test/",
        "https://",
        "https://a b.test/",
        "https://ada:secret@x.test/",
        "https://x:0/",
        "https://x.test/\n",
        "https://x:99999/",
        "https://[::1",
    ],
)
def test_an_address_that_is_none_is_refused(kind: str, url: str) -> None:
    with pytest.raises(ValidationError):
        NOTIFIERS[kind].settings.model_validate({"url": url})


@pytest.mark.parametrize("kind", ["webhook", "teams"])
def test_an_address_that_is_a_secret_shows_its_host_alone(kind: str) -> None:
    found = settings(kind, "https://hooks.test/T000/very-secret")
    assert isinstance(found.url, SecretStr)
    assert "very-secret" not in repr(found)
    assert CHANNELS[kind].target(found) == "hooks.test"


def test_the_secret_of_a_project_is_in_nothing_that_is_sent_or_shown(received: Receiver) -> None:
    webhook.send(news(), settings("webhook", received.url), ports())
    (request,) = received.arrived
    assert SECRET not in json.dumps(request.headers) + request.body.decode()
    assert SECRET not in repr(news())
