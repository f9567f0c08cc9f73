"""A GitHub check run that follows the run: queued, in progress, completed.

What is sent is how the run stands now, not how it stood when the delivery was owed: whichever of a run's deliveries
comes last, the check says the latest. The check's id is kept as the answer; a check that may have been made unnoticed
is looked for by its external id before another one is made.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import AfterValidator, Field, SecretStr, model_validator

from runs import states
from runs.engine.foreign import UnreadableJson, loaded
from runs.notifiers.base import News, Notifier, NotNow, Ports, Reply, Sent, Settings, Undeliverable
from runs.notifiers.http import WebUrl, accepted, as_json, retry_after
from runs.notifiers.run_sentences import causes, facts, failing, headline

REPO = r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}"
P = TypeVar("P")
TOKEN_SPARE = timedelta(seconds=60)
# GitHub takes ten minutes at most; the rest is for clocks that differ.
JWT_LIFE = timedelta(minutes=9)
# An aborted run is cancelled: a neutral check would let through a pull request that requires it.
CONCLUSIONS = {"passed": "success", "failed": "failure", "empty": "neutral", "aborted": "cancelled"}


def _repository(text: str) -> str:
    if text and not re.fullmatch(REPO, text):
        raise ValueError("Write owner and repository, such as octo/shop.")
    return text


class GitHub(Settings):
    """A token, or a GitHub App with its installation."""

    repo: Annotated[str, Field(title="Repository"), AfterValidator(_repository)] = Field(
        default="", description="Such as octo/shop; empty takes the one that each run names."
    )
    api: Annotated[str, Field(max_length=500)] = Field(
        default="", title="API address", description="For GitHub Enterprise; empty takes the installation's."
    )
    token: SecretStr | None = Field(
        default=None, max_length=500, title="Token", description="May write checks of the repository."
    )
    app_id: int | None = Field(default=None, ge=1, title="App id", description="Instead of a token.")
    installation_id: int | None = Field(default=None, ge=1, title="Installation id")
    private_key: SecretStr | None = Field(
        default=None, max_length=20_000, title="Private key", description="The app's, in PEM."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> GitHub:
        app = (self.app_id, self.installation_id, self.private_key)
        if (self.token is None) == (None in app) or (self.token is not None and any(part is not None for part in app)):
            raise ValueError("Give a token, or app id, installation id and private key, one of the two.")
        if self.private_key is not None:
            _rsa_key(self.private_key)
        if self.api:
            WebUrl.func(self.api)  # type: ignore[call-arg]
        return self


def _rsa_key(secret: SecretStr) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(secret.get_secret_value().strip().encode(), None)
    except (ValueError, TypeError) as error:
        raise ValueError("The private key is not a PEM key without a password.") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("The private key is not an RSA key, which GitHub Apps have.")
    return key


def concerns(settings: Mapping[str, Any], commit: Mapping[str, Any]) -> bool:
    """A check needs a commit, in the channel's repository if it has one."""
    mine = str(settings.get("repo") or "")
    repo = str(commit.get("repo") or mine)
    return bool(commit.get("sha") and repo) and repo.lower() == (mine or repo).lower()


@dataclass
class Api:
    """GitHub as one try sees it."""

    settings: GitHub
    ports: Ports
    now: datetime
    headers: dict[str, str]

    @property
    def base(self) -> str:
        return (self.settings.api or self.ports.github_api).rstrip("/")

    def ask(self, method: str, path: str, value: Any = None, token: str = "") -> Reply:
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "Authorization": f"Bearer {token or self.token()}",
            **self.headers,
        }
        body = b"" if value is None else as_json(value)
        return self.ports.web.send(method, f"{self.base}{path}", headers, body)

    def token(self) -> str:
        """The channel's token, or one of its app's installation, kept until shortly before its end."""
        if self.settings.token is not None:
            return self.settings.token.get_secret_value()
        assert self.settings.private_key is not None  # noqa: S101 - the settings hold a token or an app
        key = f"{self.base} {self.settings.app_id} {self.settings.installation_id}"
        token, until = self.ports.kept.get(key, ("", self.now))
        if until - TOKEN_SPARE > self.now:
            return str(token)
        passport = app_jwt(self.settings.private_key, self.settings.app_id or 0, self.now)
        path = f"/app/installations/{self.settings.installation_id}/access_tokens"
        reply = self.checked(self.ask("POST", path, {}, passport))
        token, until = _part(reply, "token", str), _time(_part(reply, "expires_at", str), reply)
        self.ports.kept[key] = (token, until)
        return token

    def checked(self, reply: Reply) -> Reply:
        """A good reply. Raises Undeliverable with GitHub's words for what the settings have to put right."""
        # GitHub answers 403 both where rights are missing and where its limits are used up.
        limited = reply.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in reply.headers
        if reply.status == 403 and limited:
            raise NotNow("GitHub's rate limit is used up.", 403, retry_after(reply, self.now))
        if reply.status in (401, 403, 404, 422):
            raise Undeliverable(f"GitHub answered {reply.status}: {_words(reply)}", reply.status)
        return accepted(reply, self.now)


def app_jwt(key: SecretStr, app_id: int, now: datetime) -> str:
    """Who the app is, signed with RS256; begins a minute early for clocks that go wrong."""
    said = {
        "iat": int((now - timedelta(seconds=60)).timestamp()),
        "exp": int((now + JWT_LIFE).timestamp()),
        "iss": str(app_id),
    }
    head = ".".join(_base64(as_json(part)) for part in ({"alg": "RS256", "typ": "JWT"}, said))
    signed = _rsa_key(key).sign(head.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{_base64(signed)}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def check(news: News) -> dict[str, Any]:
    """The check run as it should stand now."""
    report = news.report
    found: dict[str, Any] = {
        "name": f"Sentri: {report.project_name}"[:100],
        "external_id": report.run,
        "details_url": news.url,
        "status": "queued" if report.status == states.QUEUED else "in_progress",
        "output": {"title": headline(report)[:250], "summary": summary(news)},
    }
    if report.started_at is not None:
        found["started_at"] = report.started_at
    if report.finished_at is not None:
        conclusion = CONCLUSIONS.get(report.verdict or report.status, "failure")
        found |= {"status": "completed", "conclusion": conclusion, "completed_at": report.finished_at}
    return found


def summary(news: News) -> str:
    """Markdown in which texts from outside stand as code, so that they are shown and not read."""
    lines = [f"- {name}: {_code(value)}" for name, value in facts(news)]
    for title, listed in (("Causes", causes(news)), ("Failing tests", failing(news.report))):
        if listed:
            lines += ["", f"**{title}**", "", *(f"- {_code(line)}" for line in listed)]
    # GitHub refuses a summary of more than 65,535 characters.
    return "\n".join(lines)[:60_000]


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"


def send(news: News, settings: GitHub, ports: Ports) -> Sent:
    api = Api(settings, ports, news.at, {"X-Sentri-Delivery": news.key})
    repo, sha = str(news.commit.get("repo") or settings.repo), str(news.commit["sha"])
    value = check(news)
    number = news.answer.get("check_run") or (_found(api, repo, sha, value) if news.repeated else None)
    if number:
        reply = api.ask("PATCH", f"/repos/{repo}/check-runs/{number}", value)
        if reply.status != 404:
            api.checked(reply)
            return Sent(f"The check of {repo} is {value['status']}.", reply.status, {"check_run": number})
    reply = api.checked(api.ask("POST", f"/repos/{repo}/check-runs", {"head_sha": sha, **value}))
    made = {"check_run": _part(reply, "id", int)}
    return Sent(f"A check of {repo} was made: {value['status']}.", reply.status, made)


def trial(news: News, settings: GitHub, ports: Ports) -> Sent:
    """Asks for the repository, or, where runs name it, for anything: that the key fits is what can be tried."""
    api = Api(settings, ports, news.at, {})
    reply = api.checked(api.ask("GET", f"/repos/{settings.repo}" if settings.repo else "/rate_limit"))
    return Sent(f"GitHub accepts the key for {target(settings)}.", reply.status)


def _found(api: Api, repo: str, sha: str, value: dict[str, Any]) -> int | None:
    """The check that an earlier try made without hearing of it."""
    # Without filter=all only the latest check of a name is listed, which may be that of another run.
    path = f"/repos/{repo}/commits/{sha}/check-runs?check_name={quote(value['name'], safe='')}&filter=all"
    known = _part(api.checked(api.ask("GET", path)), "check_runs", list)
    ours = (
        check_run
        for check_run in known
        if isinstance(check_run, dict) and check_run.get("external_id") == value["external_id"]
    )
    return next((check_run["id"] for check_run in ours if isinstance(check_run.get("id"), int)), None)


def _object(reply: Reply) -> dict[str, Any]:
    try:
        found = loaded(reply.body)
    except UnreadableJson as error:
        raise NotNow("GitHub's answer is not JSON.", reply.status) from error
    if not isinstance(found, dict):
        raise NotNow("GitHub's answer is not a JSON object.", reply.status)
    return found


def _part(reply: Reply, name: str, kind: type[P]) -> P:
    """A part of the answer. Raises NotNow where there is none of the kind."""
    found = _object(reply).get(name)
    if not isinstance(found, kind):
        raise NotNow(f"GitHub's answer has no {name} that can be used.", reply.status)
    return found


def _time(text: str, reply: Reply) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotNow("GitHub's answer has no expires_at that can be used.", reply.status) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _words(reply: Reply) -> str:
    try:
        return " ".join(str(_object(reply).get("message", "without a word")).split())[:300]
    except NotNow:
        return "without a word"


def target(settings: GitHub) -> str:
    return settings.repo or "the run's repository"


NOTIFIER = Notifier(
    "github",
    "GitHub check",
    GitHub,
    send,
    target,
    addresses=("api",),
    occasions=("queued", "started", "ended"),
    follows=True,
    concerns=concerns,
    trial=trial,
)
