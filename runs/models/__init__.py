from runs.models.attempt import Artifact, Attempt
from runs.models.event import RunEvent
from runs.models.frame import LiveFrame, LiveView
from runs.models.page import CrawlPage
from runs.models.result import Result
from runs.models.run import Run
from runs.models.shard import Lease, Shard

__all__ = [
    "Artifact",
    "Attempt",
    "CrawlPage",
    "Lease",
    "LiveFrame",
    "LiveView",
    "Result",
    "Run",
    "RunEvent",
    "Shard",
]
