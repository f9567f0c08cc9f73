"""Deliveries: owed in the transaction that causes them, claimed by one worker at a time, settled try by try."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from projects.models import Channel
from runs import meters, queue, states
from runs.ledger.refusals import Refused
from runs.ledger.work import shift_one
from runs.models import Delivery, DeliveryTry, Run
from runs.notifiers import CHANNELS

CALLBACK, FEEDBACK = "callback", "feedback"
# A try is over after some seconds; who holds a delivery longer is lost.
CLAIM = timedelta(seconds=60)
RESEND = timedelta(seconds=10)
# Seven tries within some seven hours. After that a person can send it again.
WAITS = (5, 30, 120, 600, 3600, 6 * 3600)
# A receiver may ask to be left alone for longer than these, but not for ever.
LONGEST_WAIT = 3600.0
AT_ONCE = 200
# What failed together because a receiver was away does not come back to it together.
JITTER = random.SystemRandom()
UNDER_WAY = "Under way, or its worker was lost before it could say what came of it."
OCCASIONS = {states.QUEUED: "queued", states.RUNNING: "started", **dict.fromkeys(states.TERMINAL, "ended")}


@dataclass(frozen=True, slots=True)
class HeldDelivery:
    """A worker's hold on a delivery for one try; `until` fences what it settles."""

    delivery: int
    number: int
    until: datetime
    repeated: bool
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """What came of one try. Where it was not sent, `final` says that trying again would change nothing."""

    sent: bool
    detail: str
    duration_ms: int
    http_status: int | None = None
    final: bool = False
    after: float | None = None
    answer: Mapping[str, Any] | None = None


def owe(run: Run) -> None:
    """Owes what a locked run's present state is to be told for, with a queue message each."""
    occasion = OCCASIONS[run.status]
    now = timezone.now()
    rows = [
        Delivery(
            run=run,
            kind=kind,
            occasion=occasion,
            channel=channel,
            key=_key(run, kind, channel, occasion),
            next_try_at=now,
            queued_at=now,
        )
        for kind, channel in _owed(run, occasion)
    ]
    for row in Delivery.objects.bulk_create(rows):
        queue.send("deliver", row.pk)


def _key(run: Run, kind: str, channel: Channel | None, occasion: str) -> str:
    return ":".join([run.public_id, kind, *([channel.public_id] if channel else []), occasion])


def _owed(run: Run, occasion: str) -> Iterator[tuple[str, Channel | None]]:
    if occasion == "ended":
        if run.callback_url:
            yield CALLBACK, None
        if run.kind == "test" and run.status == states.COMPLETED:
            yield FEEDBACK, None
    if run.is_trial:
        return
    for channel in Channel.objects.filter(project=run.project_id, enabled=True, kind__in=CHANNELS).order_by("pk"):
        notifier = CHANNELS[channel.kind]
        if occasion not in notifier.occasions or not notifier.concerns(channel.settings, run.commit):
            continue
        if (run.kind == "test") if notifier.follows else _wanted(run, channel.when):
            yield channel.kind, channel


def _wanted(run: Run, when: str) -> bool:
    """Whether an ended run is news for a channel. Of crawls only those are that could not be carried through."""
    if run.kind == "crawl":
        return run.status == states.FAILED
    if when == "changes":
        partly_good = run.partial and _outcome(run) == "good"  # says nothing about what was bad elsewhere
        return _outcome(run) in ("good", "bad") and _outcome(run) != _outcome_before(run) and not partly_good
    return when == "always" or run.status != states.COMPLETED or run.verdict == states.FAILED


def _outcome(run: Run) -> str:
    """Good or bad; nothing where a run says nothing about the application."""
    if states.FAILED in (run.status, run.verdict):
        return "bad"
    return "good" if run.verdict == states.PASSED else ""


def _outcome_before(run: Run) -> str:
    """The outcome of the test run before it in the same environment; all was well before the first one.

    A run of some of the tests takes back nothing that was told of all.
    """
    said = Q(status=states.FAILED) | Q(verdict=states.FAILED) | Q(verdict=states.PASSED, partial=False)
    earlier = Run.objects.counted().filter(said, project=run.project_id, kind="test", environment=run.environment_id)
    before = earlier.filter(pk__lt=run.pk).only("status", "verdict").order_by("-pk").first()
    return _outcome(before) if before else "good"


def take_delivery(delivery_id: int) -> HeldDelivery | None:
    """Claims a due delivery for one try. None where it is settled, not due, or another one of its kind is under way."""
    now = timezone.now()
    with transaction.atomic():
        siblings = _siblings(delivery_id)
        mine = siblings.get(delivery_id)
        if mine is None:
            return None
        under_way = any(row.claimed_until is not None and row.claimed_until > now for row in siblings.values())
        if mine.state != states.OWED or mine.next_try_at > now or under_way:
            return None
        if mine.tries > len(WAITS):
            _end(mine, "give_up", f"Given up after {mine.tries} tries, the last of which lost its worker.", now)
            return None
        return _claimed(mine, siblings, now)


def _claimed(mine: Delivery, siblings: Mapping[int, Delivery], now: datetime) -> HeldDelivery:
    answers = [row.answer for row in siblings.values() if row.answer]
    repeated = DeliveryTry.objects.filter(delivery__in=siblings, sent=False).exists()
    number = _next_number(mine)
    # Before the try, so that the log knows of it when its worker is lost.
    DeliveryTry.objects.create(delivery=mine, number=number, at=now, duration_ms=0, sent=False, detail=UNDER_WAY)
    mine.claimed_until = now + CLAIM
    # Counted before the try as well: a delivery that takes every worker with it comes to its end.
    mine.tries += 1
    mine.save(update_fields=["claimed_until", "tries"])
    return HeldDelivery(mine.pk, number, mine.claimed_until, repeated, answers[-1] if answers else {})


def _siblings(delivery_id: int) -> dict[int, Delivery]:
    """All that tells one receiver about one run, locked, always in the same order: it goes out one by one."""
    known = Delivery.objects.filter(pk=delivery_id).values("run", "kind", "channel").first()
    if known is None:
        return {}
    rows = Delivery.objects.filter(**known).select_for_update(of=("self",)).order_by("pk")
    return {row.pk: row for row in rows}


def settle_delivery(taken: HeldDelivery, outcome: DeliveryOutcome) -> None:
    """Writes down what came of a try; the delivery itself moves only where the try is still the latest one."""
    now = timezone.now()
    with transaction.atomic():
        siblings = _siblings(taken.delivery)
        mine = siblings.get(taken.delivery)
        if mine is None:
            return
        mine.log.filter(number=taken.number).update(
            sent=outcome.sent,
            duration_ms=outcome.duration_ms,
            http_status=outcome.http_status,
            detail=outcome.detail[:1000],
        )
        # Somebody else has claimed it since, or a person sent it again: what became of this try stays in the log (R9).
        if mine.state != states.OWED or mine.claimed_until != taken.until:
            return
        if outcome.answer:
            mine.answer = dict(outcome.answer)
        meters.count(meters.DELIVERIES, label=_settle(mine, siblings, outcome, now))


def _settle(mine: Delivery, siblings: Mapping[int, Delivery], outcome: DeliveryOutcome, now: datetime) -> str:
    if outcome.sent:
        _end(mine, "send", "", now)
        for row in siblings.values():
            if row.pk < mine.pk and row.state == states.OWED:
                _replace(row, mine, now)
        return states.SENT
    if outcome.final or mine.tries > len(WAITS):
        tries = "" if outcome.final else f"Given up after {mine.tries} tries: "
        _end(mine, "give_up", f"{tries}{outcome.detail}", now)
        return states.GIVEN_UP
    wait = WAITS[mine.tries - 1] * JITTER.uniform(0.8, 1.2)
    wait = max(wait, min(outcome.after or 0.0, LONGEST_WAIT))
    mine.claimed_until, mine.next_try_at, mine.error = None, now + timedelta(seconds=wait), outcome.detail[:1000]
    mine.save(update_fields=["claimed_until", "next_try_at", "error", "answer"])
    return "retry"


def _end(mine: Delivery, trigger: str, error: str, now: datetime) -> None:
    shift_one(mine, trigger, claimed_until=None, settled_at=now, error=error[:1000], answer=mine.answer)


def _replace(row: Delivery, later: Delivery, now: datetime) -> None:
    """What a receiver was still to be told is told with what came later, which says how things stand."""
    detail = f"Not sent any more: {later.key} was sent first and says more."
    DeliveryTry.objects.create(delivery=row, number=_next_number(row), at=now, duration_ms=0, sent=True, detail=detail)
    row.answer = later.answer
    _end(row, "send", "", now)


def _next_number(row: Delivery) -> int:
    return (row.log.aggregate(last=Max("number"))["last"] or 0) + 1


def redeliver(delivery_id: int) -> None:
    """Sends a delivery again, by hand: with all its tries, at once. Raises Refused while a try is under way."""
    now = timezone.now()
    with transaction.atomic():
        mine = Delivery.objects.select_for_update(of=("self",)).get(pk=delivery_id)
        if mine.claimed_until is not None and mine.claimed_until > now:
            raise Refused("delivery_under_way", f"{mine.key} is being sent right now; look again in a moment.")
        again = {"tries": 0, "error": "", "settled_at": None, "claimed_until": None}
        shift_one(mine, "owe", next_try_at=now, queued_at=now, **again)
        queue.send("deliver", mine.pk)


def undelivered(before: datetime, most: int = 20) -> list[int]:
    """Deliveries that have been due since then and that no worker is at, the oldest first."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=timezone.now())
    due = Delivery.objects.filter(free, state=states.OWED, next_try_at__lt=before).order_by("next_try_at")
    return list(due.values_list("pk", flat=True)[:most])


def resend_deliveries() -> int:
    """Queues what is due: new tries when their time has come, and, into an empty queue, what got lost on its way."""
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    due = Delivery.objects.filter(free, state=states.OWED, next_try_at__lte=now)
    unsent = due.filter(Q(queued_at=None) | Q(queued_at__lt=F("next_try_at")))
    sent = sum(_queue(*row, now) for row in unsent.values_list("pk", "queued_at")[:AT_ONCE])
    lost = due.filter(queued_at__lt=now - RESEND)
    # Behind busy workers a message may wait for long; it is lost where no message waits at all (decision 4).
    if sent or not lost.exists() or queue.waiting():
        return sent
    again = sum(_queue(*row, now) for row in lost.values_list("pk", "queued_at")[:AT_ONCE])
    meters.count(meters.RESENT, again, "deliver")
    return again


def _queue(delivery_id: int, queued_at: datetime | None, now: datetime) -> int:
    with transaction.atomic():
        # Supervisors sweep side by side: of several that saw the same `queued_at`, one moves it and sends.
        due = Delivery.objects.filter(pk=delivery_id, state=states.OWED, queued_at=queued_at)
        sent = due.update(queued_at=now)
        if sent:
            queue.send("deliver", delivery_id)
        return sent
