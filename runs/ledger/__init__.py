"""The only writer of run state.

Lock order, everywhere: Run, then Shard, then Lease, then results and pages. Each verb locks, decides by
`runs.states`, writes, tells the story and sends messages in one transaction; bells ring after the commit.
"""

from runs.ledger.claiming import claim, claim_page, skip_deleted
from runs.ledger.ending import abort, close, fail
from runs.ledger.holding import Hold, finish, give_back, hold, lose, renew, wanted
from runs.ledger.learning import learn
from runs.ledger.opening import Order, open_crawl, open_test_run
from runs.ledger.proposing import keep_proposals, take_stage
from runs.ledger.recording import record
from runs.ledger.refusals import Refused, Stale
from runs.ledger.sweeping import requeue, sweep

__all__ = [
    "Hold",
    "Order",
    "Refused",
    "Stale",
    "abort",
    "claim",
    "claim_page",
    "close",
    "fail",
    "finish",
    "give_back",
    "hold",
    "keep_proposals",
    "learn",
    "lose",
    "open_crawl",
    "open_test_run",
    "record",
    "renew",
    "requeue",
    "skip_deleted",
    "sweep",
    "take_stage",
    "wanted",
]
