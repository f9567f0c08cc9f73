"""Carries out deliveries: a claim, a try outside of any transaction, and what came of it.

At least once: a worker that is killed after sending and before settling leads to another try under the same key.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from pydantic import SecretStr, ValidationError

from projects.models import Channel, Project
from projects.secrets import SecretUnreadable
from runs import ledger, reading, states
from runs.engine.masking import MASK, Masking
from runs.engine.netguard import Guard
from runs.models import Delivery, Run
from runs.notifiers import CHANNELS, NOTIFIERS
from runs.notifiers.base import News, Notifier, NotNow, Ports, Sent, Settings, Undeliverable
from runs.notifiers.egress_client import EgressClient, forbidden
from runs.notifiers.smtp import Smtp
from runs.report import Counts, PageCounts, RunReport

log = logging.getLogger(__name__)
# Access tokens of this process, by whom they are for.
_kept: dict[str, Any] = {}


def deliver(delivery_id: int) -> None:
    """Tries a due delivery once, unless another worker is at it."""
    taken = ledger.take_delivery(delivery_id)
    if taken is None:
        return
    row = Delivery.objects.select_related("run__project__workspace", "channel").get(pk=delivery_id)
    ledger.settle_delivery(taken, _tried(row, taken))


def _tried(row: Delivery, taken: ledger.HeldDelivery) -> ledger.DeliveryOutcome:
    began = time.monotonic()
    try:
        sent = _learnt(row) if row.kind == "feedback" else _sent(row, taken)
        outcome = ledger.DeliveryOutcome(True, sent.detail, 0, sent.http_status, answer=sent.answer)
    except Undeliverable as error:
        outcome = ledger.DeliveryOutcome(False, str(error), 0, error.http_status, final=True)
    except NotNow as error:
        outcome = ledger.DeliveryOutcome(False, str(error), 0, error.http_status, after=error.after)
    except SecretUnreadable as error:
        outcome = ledger.DeliveryOutcome(False, str(error), 0, final=True)
    except DatabaseError:
        # Nothing can be settled either. The claim runs out after a minute, and the sweep asks for another try.
        raise
    except Exception as error:
        log.exception("delivery %s broke", row.key)
        outcome = ledger.DeliveryOutcome(False, f"Sentri broke while it sent this: {type(error).__name__}.", 0)
    return replace(
        outcome, detail=_without_secrets(outcome.detail, row), duration_ms=int((time.monotonic() - began) * 1000)
    )


def _learnt(row: Delivery) -> Sent:
    ledger.learn(row.run_id)
    return Sent("The histories of its tests are up to date.")


def _sent(row: Delivery, taken: ledger.HeldDelivery) -> Sent:
    notifier = NOTIFIERS[row.kind]
    if row.kind == "callback":
        chosen = checked_settings(notifier, {"url": row.run.callback_url})
    else:
        chosen = _settings_of(notifier, row.channel)
    news = replace(
        news_of(row.run, row.key, row.occasion),
        signing_secret=_signing_secret(notifier, row.run.project),
        answer=taken.answer,
        repeated=taken.repeated,
    )
    return notifier.send(news, chosen, ports())


def _settings_of(notifier: Notifier, channel: Channel | None) -> Settings:
    if channel is None:
        raise Undeliverable("The channel was deleted.")
    if not channel.enabled:
        raise Undeliverable("The channel is disabled; enable it and send this again.")
    return settings_of(channel, notifier)


def settings_of(channel: Channel, notifier: Notifier | None = None) -> Settings:
    """A channel's settings with its secrets. Raises Undeliverable where they do not hold (any more), Unreadable."""
    return checked_settings(notifier or CHANNELS[channel.kind], {**channel.settings, **plain_secrets(channel)})


def target_of(channel: Channel) -> str | None:
    """Where a channel's news go, without secrets; None where its settings do not hold or cannot be read."""
    try:
        return CHANNELS[channel.kind].target(settings_of(channel))
    except (KeyError, Undeliverable, SecretUnreadable):
        return None


def put_settings(channel: Channel, given: Mapping[str, Any]) -> None:
    """Puts settings into a channel, secrets apart: those that are not given stay, null takes one away.

    Raises pydantic's ValidationError, having changed nothing. The row is not saved.
    """
    model = CHANNELS[channel.kind].settings
    try:
        kept = plain_secrets(channel)
    except SecretUnreadable:
        kept = {}
    every = {name: value for name, value in {**kept, **given}.items() if value is not None}
    # As JSON and strictly, so that no text passes for a number, while a list may still be a tuple.
    model.model_validate_json(json.dumps(every), strict=True)
    hidden = secret_fields(model)
    channel.settings = {name: value for name, value in every.items() if name not in hidden}
    channel.sealed = ""
    channel.keep_secrets(**{name: value for name, value in every.items() if name in hidden})


def secret_fields(model: type[Settings]) -> set[str]:
    return {name for name, said in model.model_fields.items() if said.annotation in (SecretStr, SecretStr | None)}


def plain_secrets(channel: Channel) -> dict[str, str]:
    # A stored secret hides itself from prints and logs; this is the text beneath.
    return {name: str.__str__(value) for name, value in channel.secrets.items()}


def checked_settings(notifier: Notifier, values: Mapping[str, Any]) -> Settings:
    try:
        return notifier.settings.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or notifier.name
        raise Undeliverable(f"The channel's settings do not hold: {where}: {first['msg']}. Save it again.") from error


def _signing_secret(notifier: Notifier, project: Project) -> str:
    return str.__str__(project.signing_secret()) if notifier.signs else ""


def news_of(run: Run, key: str, occasion: str) -> News:
    return News(
        key=key,
        occasion=occasion,
        report=reading.report(run),
        url=f"{settings.ENV.base_url.rstrip('/')}/runs/{run.public_id}",
        at=timezone.now(),
        gate_result=run.gate_result,
        vitals_result=run.vitals_result,
        causes=tuple(run.causes),
        commit=run.commit,
    )


def guard() -> Guard:
    """Which addresses may be sent to: no site is special here, not even the project's own."""
    found: Guard = settings.GUARD
    return found


def refusal_of(url: str, resolve: bool = True) -> str | None:
    """Why nothing may be sent to an address, for a person; by its text alone unless its name is to be resolved."""
    refusal = forbidden(url, guard()) if resolve else forbidden(url, guard(), lambda _host, _port: ())
    return f"Nothing is sent to this address: {refusal}." if refusal else None


def ports() -> Ports:
    """The ways out for one try, whose time begins now."""
    env = settings.ENV
    return Ports(EgressClient(guard()), Smtp(env.smtp_url, env.mail_from), _kept, env.github_api)


def try_out(channel: Channel) -> str:
    """Sends a message that says it is a test through a channel, at once. Raises Undeliverable, NotNow, Unreadable."""
    notifier = CHANNELS[channel.kind]
    chosen = settings_of(channel)
    project, now = channel.project, timezone.now()
    report = RunReport(
        run="RUN-0",
        project=project.public_id,
        project_name=f"Test message from {project.name}",
        kind="test",
        status=states.COMPLETED,
        verdict=states.PASSED,
        stage="execute",
        base_url=project.url,
        trigger="test",
        actor="Sentri",
        counts=Counts(passed=1, total=1),
        pages=PageCounts(),
        error="",
        error_category="",
        retries=0,
        failed_after_retry=0,
        created_at=now,
        started_at=now,
        finished_at=now,
        duration_ms=0,
    )
    url = f"{settings.ENV.base_url.rstrip('/')}/projects/{project.public_id}"
    key = f"{channel.public_id}:test:{int(now.timestamp())}"
    news = News(key, "ended", report, url, now, _signing_secret(notifier, project))
    return (notifier.trial or notifier.send)(news, chosen, ports()).detail


def _without_secrets(text: str, row: Delivery) -> str:
    """Receivers may repeat what they were sent; the log does not keep it."""
    try:
        secrets = list(plain_secrets(row.channel).values()) if row.channel else []
    except SecretUnreadable:
        return text
    text = Masking(secrets).text(text)
    # Here also what a page would say by chance: words and short ones.
    for secret in secrets:
        text = text.replace(secret, MASK) if len(secret) > 3 else text
    return text
