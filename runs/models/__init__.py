from runs.models.application import Application, Comparison, Difference, Part
from runs.models.attempt import Artifact, Attempt
from runs.models.case import Case
from runs.models.delivery import Delivery, DeliveryTry
from runs.models.event import RunEvent
from runs.models.frame import LiveFrame, LiveView
from runs.models.history import TestHistory
from runs.models.page import Change, CrawlPage, StateBand
from runs.models.result import Result
from runs.models.run import Run
from runs.models.shard import Lease, Shard
from runs.models.trial import Trial
from runs.models.worker import Meter, Worker

__all__ = [
    "Application",
    "Artifact",
    "Attempt",
    "Case",
    "Change",
    "Comparison",
    "CrawlPage",
    "Delivery",
    "DeliveryTry",
    "Difference",
    "Lease",
    "LiveFrame",
    "LiveView",
    "Meter",
    "Part",
    "Result",
    "Run",
    "RunEvent",
    "Shard",
    "StateBand",
    "TestHistory",
    "Trial",
    "Worker",
]
