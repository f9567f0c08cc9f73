"""What is done to the workers and what they stand on. Each answers whether there was anybody to do it to."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import psutil
from django.conf import settings
from django.db import connections

from runs import ledger, queue, states
from runs.management.drill import outside
from runs.management.drill.spinning import SPIN, SPIN_IN_A_TRANSACTION
from runs.management.drill.worker_fleet import WorkerFleet, kill
from runs.models import Delivery, Run, Shard

T = TypeVar("T")


@dataclass
class DrillStage:
    """Where faults happen."""

    fleet: WorkerFleet
    chance: Random
    later: list[threading.Timer] = field(default_factory=list)

    def pick(self, candidates: Sequence[T]) -> T | None:
        return self.chance.choice(candidates) if candidates else None

    def hit(self, candidates: Sequence[psutil.Process], number: int = signal.SIGKILL) -> bool:
        victim = self.pick(candidates)
        return victim is not None and kill(victim, number)

    def wait(self) -> None:
        """Until what was put off has happened."""
        for timer in self.later:
            timer.join()
        self.later = []


def kill_busy_worker(stage: DrillStage) -> bool:
    return stage.hit(stage.fleet.workers(busy=True))


def kill_idle_worker(stage: DrillStage) -> bool:
    return stage.hit(stage.fleet.workers(busy=False))


def kill_monitor(stage: DrillStage) -> bool:
    return stage.hit(stage.fleet.monitors())


def kill_pusher(stage: DrillStage) -> bool:
    return stage.hit(stage.fleet.pushers())


def kill_cluster(stage: DrillStage) -> bool:
    return stage.hit(list(stage.fleet.clusters()))


def kill_driver(stage: DrillStage) -> bool:
    return stage.hit(stage.fleet.of_browsers(drivers=True))


def kill_browser(stage: DrillStage) -> bool:
    return stage.hit(stage.fleet.of_browsers(drivers=False))


def kill_supervisor(stage: DrillStage) -> bool:
    child = stage.pick(stage.fleet.supervisors())
    return child is not None and kill(psutil.Process(child.pid))


def stop_supervisor(stage: DrillStage) -> bool:
    """As in a rolling deploy: asked to stop, and started again by the next muster."""
    child = stage.pick(stage.fleet.supervisors())
    if child is not None:
        child.ask_to_stop()
    return child is not None


def pause_past_lease(stage: DrillStage) -> bool:
    """A worker that sleeps until its lease was taken away and given to another, then wakes up and goes on."""
    victim = stage.pick(stage.fleet.workers(busy=True))
    if victim is None:
        return False
    stage.fleet.pause(victim)
    timer = threading.Timer(settings.ENV.lease_seconds + stage.chance.uniform(1, 3), stage.fleet.resume)
    timer.start()
    stage.later.append(timer)
    return True


def spin(stage: DrillStage) -> bool:
    """A worker computes without end and keeps the interpreter's lock, as over a pattern; its supervisor must see it."""
    return stage.hit(stage.fleet.workers(busy=True), SPIN)


def spin_in_a_transaction(stage: DrillStage) -> bool:
    """The same in the middle of a write, whose locks it keeps until it is killed."""
    return stage.hit(stage.fleet.workers(busy=True), SPIN_IN_A_TRANSACTION)


def restart_postgresql(stage: DrillStage) -> bool:
    outside.control("stop postgresql")
    time.sleep(stage.chance.uniform(0.2, 1.5))
    outside.control("start postgresql")
    connections.close_all()
    return True


def restart_redis(stage: DrillStage) -> bool:
    outside.control("stop redis")
    time.sleep(stage.chance.uniform(0.2, 1.5))
    outside.control("start redis")
    return True


def send_again(stage: DrillStage) -> bool:
    """Messages of all kinds twice: for shards held or done, for runs judged, for deliveries sent."""
    shards = list(Shard.objects.order_by("-pk").values_list("pk", flat=True)[:20])
    for number in stage.chance.sample(shards, min(3, len(shards))):
        queue.send("shard", number)
    for run in Run.objects.order_by("-pk").values_list("pk", flat=True)[:2]:
        queue.send("judge", run)
    for delivery in Delivery.objects.order_by("-pk").values_list("pk", flat=True)[:2]:
        queue.send("deliver", delivery)
    return bool(shards)


def abort(stage: DrillStage) -> bool:
    run = stage.pick(list(Run.objects.filter(status__in=states.LIVING).values_list("pk", flat=True)))
    if run is None:
        return False
    try:
        ledger.abort(run, "the drill")
    except ledger.Refused:
        return False
    return True


FAULTS: dict[str, Callable[[DrillStage], bool]] = {
    "busy worker killed": kill_busy_worker,
    "idle worker killed": kill_idle_worker,
    "monitor killed": kill_monitor,
    "pusher killed": kill_pusher,
    "cluster killed": kill_cluster,
    "driver killed": kill_driver,
    "browser killed": kill_browser,
    "supervisor killed": kill_supervisor,
    "supervisor stopped": stop_supervisor,
    "worker paused past its lease": pause_past_lease,
    "worker spins": spin,
    "worker spins in a transaction": spin_in_a_transaction,
    "PostgreSQL restarted": restart_postgresql,
    "Redis restarted": restart_redis,
    "messages sent again": send_again,
    "run aborted": abort,
}
# What happens often in life happens often here; what costs half a minute each time does not.
WEIGHTS = dict.fromkeys(FAULTS, 4) | {
    "cluster killed": 1,
    "supervisor killed": 1,
    "supervisor stopped": 1,
    "PostgreSQL restarted": 1,
    "worker paused past its lease": 2,
    "worker spins": 2,
    "worker spins in a transaction": 2,
    "busy worker killed": 8,
}
