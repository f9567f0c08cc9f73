"""GitHub checks against an API on loopback that behaves like GitHub's."""

import base64
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import ValidationError

from runs.notifiers import github
from runs.notifiers.base import NotNow, Sent, Undeliverable
from tests.notifiers.conftest import NOW, news, ports, report
from tests.receivers import Answer, Arrived, Receiver

SHA = "a" * 40
COMMIT = {"repo": "octo/shop", "sha": SHA}


@dataclass
class Hub:
    """Check runs of one repository, and installation tokens."""

    checks: dict[int, dict[str, Any]] = field(default_factory=dict)
    tokens: int = 0
    expires_in: timedelta = timedelta(hours=1)

    def __call__(self, request: Arrived) -> Answer:
        path = request.path.split("?")[0]
        if path.endswith("/access_tokens"):
            self.tokens += 1
            until = (NOW + self.expires_in).isoformat().replace("+00:00", "Z")
            return said(201, {"token": f"ghs_{self.tokens}", "expires_at": until})
        if request.method == "POST":
            number = len(self.checks) + 7
            self.checks[number] = request.json
            return said(201, {"id": number})
        if request.method == "PATCH":
            number = int(path.rsplit("/", 1)[1])
            if number not in self.checks:
                return said(404, {"message": "Not Found"})
            self.checks[number] |= request.json
            return said(200, {"id": number})
        known = [{"id": number, "external_id": check["external_id"]} for number, check in self.checks.items()]
        return said(200, {"check_runs": known})


def said(status: int, value: Any, **headers: str) -> Answer:
    return Answer(status, json.dumps(value).encode(), headers)


@pytest.fixture
def hub(received: Receiver) -> Hub:
    made = Hub()
    received.answer = made
    return made


def settings(received: Receiver, **fields: Any) -> github.GitHub:
    return github.GitHub.model_validate({"api": received.url, **({"token": "ghp_x"} | fields)})


def send(received: Receiver, status: str = "completed", verdict: str = "passed", **fields: Any) -> Sent:
    ended = status in ("completed", "failed", "aborted")
    about = report(
        status=status,
        verdict=verdict if status == "completed" else "",
        started_at=None if status == "queued" else NOW,
        finished_at=NOW if ended else None,
    )
    return github.send(
        news(key="RUN-42:github:CH-1:x", report=about, commit=COMMIT, **fields), settings(received), ports()
    )


def test_a_check_is_queued_then_in_progress_then_completed(received: Receiver, hub: Hub) -> None:
    first = send(received, "queued")
    assert hub.checks[7]["status"] == "queued"
    assert hub.checks[7]["head_sha"] == SHA
    second = send(received, "running", answer=first.answer)
    assert hub.checks[7]["status"] == "in_progress"
    send(received, "completed", answer=second.answer)
    assert (hub.checks[7]["status"], hub.checks[7]["conclusion"]) == ("completed", "success")
    assert hub.checks[7]["completed_at"] == "2026-03-01T12:00:00Z"
    assert len(hub.checks) == 1
    assert [request.path for request in received.arrived] == [
        "/repos/octo/shop/check-runs",
        "/repos/octo/shop/check-runs/7",
        "/repos/octo/shop/check-runs/7",
    ]
    assert {request.headers["authorization"] for request in received.arrived} == {"Bearer ghp_x"}
    assert {request.headers["x-sentri-delivery"] for request in received.arrived} == {"RUN-42:github:CH-1:x"}


@pytest.mark.parametrize(
    ("status", "verdict", "conclusion"),
    [
        ("completed", "passed", "success"),
        ("completed", "failed", "failure"),
        ("completed", "empty", "neutral"),
        ("failed", "", "failure"),
        ("aborted", "", "cancelled"),
    ],
)
def test_the_conclusion_follows_from_verdict_and_status(
    received: Receiver, hub: Hub, status: str, verdict: str, conclusion: str
) -> None:
    send(received, status, verdict)
    assert hub.checks[7]["conclusion"] == conclusion


def test_a_lost_check_is_made_by_the_later_delivery(received: Receiver, hub: Hub) -> None:
    send(received, "completed", answer={"check_run": 99})
    assert hub.checks[7]["conclusion"] == "success"


def test_a_check_that_was_made_without_our_hearing_of_it_is_found_and_not_doubled(received: Receiver, hub: Hub) -> None:
    send(received, "queued")
    found = send(received, "completed", repeated=True)
    assert len(hub.checks) == 1
    assert found.answer == {"check_run": 7}
    assert hub.checks[7]["status"] == "completed"


def test_a_check_of_another_run_on_the_same_commit_is_left_alone(received: Receiver, hub: Hub) -> None:
    hub.checks[3] = {"external_id": "RUN-41", "status": "completed"}
    send(received, "completed", repeated=True)
    assert hub.checks[3] == {"external_id": "RUN-41", "status": "completed"}
    assert len(hub.checks) == 2


def test_the_summary_shows_what_failed_as_code(received: Receiver, hub: Hub) -> None:
    send(received, "completed", "failed")
    summary = hub.checks[7]["output"]["summary"]
    assert "- `TC-1 Test 1`" in summary
    assert "- `and 2 more`" in summary
    assert "`3 tests: POST /api/cart answers 500`" in summary
    assert github._code("a`b`") == "`a'b'`"


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (said(401, {"message": "Bad credentials"}), Undeliverable, "GitHub answered 401: Bad credentials"),
        (said(403, {"message": "Resource not accessible"}), Undeliverable, "Resource not accessible"),
        (said(404, {"message": "Not Found"}), Undeliverable, "GitHub answered 404"),
        (said(422, {"message": "No commit found"}), Undeliverable, "No commit found"),
        (said(403, {}, **{"Retry-After": "30"}), NotNow, "rate limit"),
        (said(403, {}, **{"X-RateLimit-Remaining": "0"}), NotNow, "rate limit"),
        (said(429, {}), NotNow, "429"),
        (said(502, {}), NotNow, "502"),
        (Answer(200, b"<html>"), NotNow, "not JSON"),
        (said(302, {}, Location="/x"), Undeliverable, "redirects are not followed"),
    ],
)
def test_what_settings_must_put_right_is_given_up_and_the_rest_is_tried_again(
    received: Receiver, answer: Answer, kind: type[Exception], sentence: str
) -> None:
    received.answers = [answer]
    with pytest.raises(kind, match=sentence) as problem:
        send(received)
    assert "ghp_x" not in str(problem.value)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def app(received: Receiver, key: rsa.RSAPrivateKey) -> github.GitHub:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return settings(received, token=None, app_id=5, installation_id=9, private_key=pem.decode())


def test_an_app_signs_a_short_passport_and_keeps_its_installations_token(
    received: Receiver, hub: Hub, key: rsa.RSAPrivateKey
) -> None:
    kept: dict[str, Any] = {}
    for _ in range(2):
        github.send(news(commit=COMMIT), app(received, key), ports(kept=kept))
    asked, *others = received.arrived
    assert asked.path == "/app/installations/9/access_tokens"
    head, claims, signature = asked.headers["authorization"].removeprefix("Bearer ").split(".")
    key.public_key().verify(decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(decoded(head)) == {"alg": "RS256", "typ": "JWT"}
    found = json.loads(decoded(claims))
    assert found["iss"] == "5"
    assert found["iat"] < NOW.timestamp() < found["exp"] <= NOW.timestamp() + 600
    assert hub.tokens == 1
    assert {request.headers["authorization"] for request in others} == {"Bearer ghs_1"}


def test_a_token_that_is_about_to_end_is_asked_for_again(received: Receiver, hub: Hub, key: rsa.RSAPrivateKey) -> None:
    hub.expires_in = timedelta(seconds=50)
    kept: dict[str, Any] = {}
    for _ in range(2):
        github.send(news(commit=COMMIT), app(received, key), ports(kept=kept))
    assert hub.tokens == 2


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"app_id": 5},
        {"app_id": 5, "installation_id": 9, "private_key": "no key"},
        {"token": "x", "app_id": 5},
        {"token": "x", "repo": "octo"},
        {"token": "x", "repo": "../../admin"},
        {"token": "x", "api": "ftp://x.test"},
        {"token": "x", "colour": "red"},
    ],
)
def test_settings_that_cannot_be_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        github.GitHub.model_validate(fields)


@pytest.mark.parametrize(
    ("repo", "commit", "concerned"),
    [
        ("", COMMIT, True),
        ("octo/shop", COMMIT, True),
        ("Octo/Shop", COMMIT, True),
        ("octo/shop", {"sha": SHA}, True),
        ("octo/blog", COMMIT, False),
        ("", {"sha": SHA}, False),
        ("octo/shop", {}, False),
    ],
)
def test_a_check_needs_a_commit_of_the_channels_repository(repo: str, commit: dict[str, str], concerned: bool) -> None:
    assert github.concerns({"repo": repo}, commit) == concerned


def test_a_trial_asks_whether_the_key_fits_and_makes_no_check(received: Receiver, hub: Hub) -> None:
    github.trial(news(), settings(received, repo="octo/shop"), ports())
    assert [(request.method, request.path) for request in received.arrived] == [("GET", "/repos/octo/shop")]
    assert hub.checks == {}
