"""What workers carry out, with the secrets that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError

from projects import accounts, entrusting
from projects.api.error_sentences import by_field
from projects.models import Environment, Project
from projects.models.entrusted import CREDENTIALS, HEADER, VARIABLE
from projects.models.project import Reachable
from projects.models.public import number_of
from runs import storage
from runs.engine.plan import (
    ACCOUNT,
    BrowserOptions,
    CrawlOptions,
    CrawlPlan,
    Credentials,
    ProofPlan,
    RunOptions,
    ShardPlan,
    SignedInSession,
    Site,
)
from runs.models import Part, Run, Trial

O = TypeVar("O", bound=BrowserOptions)  # noqa: E741


class OptionsInvalid(Exception):
    """Options that a run was queued with are not taken any more; the message says which and why."""


class SecretsMissing(Exception):
    """What held the run's secrets at queueing is gone or holds none any more."""


def site(run: Run | Trial) -> Site:
    """The run's snapshot with its secrets, those that its address may get.

    Raises SecretsMissing where one is gone that it was queued with, and projects.secrets.Unreadable.
    """
    kept = run.site
    holder = _holder(kept["secrets_of"]) if kept["secrets_of"] else None
    # At pick-up as well as at queueing: meanwhile somebody may have changed an address or a secret (decision 32).
    _require(run, holder)
    secrets = _entrusted(holder, kept["base_url"]) if holder else {}
    username, password = secrets.pop("username", None), secrets.pop("password", None)
    credentials = None
    if holder is not None and username is not None:
        credentials = Credentials(
            username=username,
            password=SecretStr(password or ""),
            # A session is kept for what it was made with: this changes with password, access and address (decision 20).
            fingerprint=accounts.fingerprint(holder.sealed, kept["access"], kept["base_url"]),
            origins=tuple(holder.origins.get(CREDENTIALS, ())),
            **_known_access(kept["access"]),
        )
    return _with_profiles(
        run,
        Site(
            base_url=kept["base_url"],
            headers=kept["headers"],
            variables=kept["variables"],
            secret_headers=_of_kind(secrets, HEADER),
            secrets=_of_kind(secrets, VARIABLE),
            credentials=credentials,
        ),
    )


def _require(run: Run | Trial, holder: Reachable | None) -> None:
    """What the run was queued with is still there, and may still be sent to its address."""
    kept = run.site
    lost = entrusting.gone(holder, kept.get("secrets", ()), kept["base_url"]) if holder else ""
    problems = [lost, *entrusting.strange_sign_ins(run.project_id, kept.get("roles", ()), kept["base_url"])]
    for problem in filter(None, problems):
        raise SecretsMissing(problem)


def _entrusted(holder: Reachable, base_url: str) -> dict[str, str]:
    """The secret texts that an address may get."""
    strange = holder.strange(base_url)
    kept = {name: str.__str__(value) for name, value in holder.secrets.items()}
    entry = {name: name if name.startswith((HEADER, VARIABLE)) else CREDENTIALS for name in kept}
    return {name: text for name, text in kept.items() if entry[name] in holder.origins and entry[name] not in strange}


def _of_kind(secrets: Mapping[str, str], kind: str) -> dict[str, SecretStr]:
    return {name.removeprefix(kind): SecretStr(text) for name, text in secrets.items() if name.startswith(kind)}


def _with_profiles(run: Run | Trial, site: Site) -> Site:
    """The site with the project's other sign-ins, and with the sessions that were kept of them all."""
    found = accounts.sign_ins(run.project_id, site.base_url)
    profiles = {name: Credentials(**_known_access(fields)) for name, fields in found.items()}
    everybody = {**profiles, **({ACCOUNT: site.credentials} if site.credentials else {})}
    # Only forms lead to sessions; other sign-ins go with each request.
    marks = {role: credentials.fingerprint for role, credentials in everybody.items() if credentials.kind == "form"}
    kept = accounts.kept_sessions(run.project_id, run.environment_id, marks)
    sessions = {role: SignedInSession.model_validate(session) for role, session in kept.items()}
    return site.model_copy(update={"profiles": profiles, "sessions": sessions})


def _known_access(access: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in access.items() if name in Credentials.model_fields and value}


def _holder(holder: str) -> Reachable:
    rows: dict[str, Any] = {Project.PREFIX: Project.objects.alive(), Environment.PREFIX: Environment.objects.all()}
    prefix = holder.partition("-")[0]
    row = rows[prefix].filter(pk=number_of(prefix, holder)).first()
    if row is None or not row.sealed:
        raise SecretsMissing(f"The credentials of {holder} that this run was queued with are gone; start a new run.")
    found: Reachable = row
    return found


def crawl_options(run: Run) -> CrawlOptions:
    """Raises OptionsInvalid."""
    return _valid(CrawlOptions, run)


def run_options(run: Run) -> RunOptions:
    """Raises OptionsInvalid."""
    return _valid(RunOptions, run)


def _valid(kind: type[O], run: Run) -> O:
    """What an older version took may be refused today: a regular expression that looks ahead, for instance."""
    try:
        return kind.model_validate(run.options)
    except ValidationError as error:
        place, sentences = next(iter(by_field(error).items()))
        problem = f"The option {place} of {run.public_id} is not taken any more: {sentences[0]}"
        raise OptionsInvalid(problem) from error


def shard_plan(run: Run) -> ShardPlan:
    options = run_options(run)
    return ShardPlan(
        site=site(run),
        options=options,
        artifacts=str(storage.directory(run.pk)),
        # A budget of which nothing was measured would say nothing.
        vitals=options.vitals or bool(run.project.web_vitals_budgets),
    )


def proof_plan(run: Run) -> ProofPlan:
    """A crawl proves its proposals with its own browser options and no retries; failures leave their picture."""
    crawl = crawl_options(run)
    shared = {"browser", "device", "locale", "timezone_id", "geolocation", "parallel"}
    return ProofPlan(
        site=site(run),
        options=RunOptions(**crawl.model_dump(include=shared), retries=0, trace="off", screenshot="on_failure"),
        artifacts=str(storage.directory(run.pk)),
        read_only=crawl.read_only,
        max_breakages=crawl.max_breakages,
        requests_per_second=crawl.requests_per_second,
    )


def crawl_plan(run: Run) -> CrawlPlan:
    return CrawlPlan(site=site(run), options=crawl_options(run), earlier_searches=_earlier_searches(run))


def _earlier_searches(run: Run) -> tuple[str, ...]:
    """Addresses of the searches that earlier crawls of this application asked."""
    pages = Part.objects.filter(application__project=run.project_id, application__environment=run.environment_id)
    # They are made again word for word: with other words other pages would be found, by chance (decision 41).
    return tuple(pages.filter(kind="page", gone_since_run=None, facts__asked=True).values_list("key", flat=True))
