"""The only writer of run state.

Lock order, everywhere: Project, then Run, then Shard, then Lease, then results and pages. Each verb locks, decides by
`runs.states`, writes, tells the story and sends messages in one transaction; bells ring after the commit. Nothing of a
site or a person is computed while a transaction is open: verbs think first, and again where that is outdated by then.
"""

from runs.ledger.application import learn_application
from runs.ledger.approving import approve_by_score
from runs.ledger.claiming import claim, claim_cases, claim_proofs
from runs.ledger.deadlines import seconds_to_end
from runs.ledger.ending import abort, close, fail, fail_judging
from runs.ledger.fair_share import ahead_of, should_yield, waiting
from runs.ledger.frontier import claim_pages
from runs.ledger.holding import finish, forfeit, give_back, hold, lose, renew, take, take_from_hung, wanted
from runs.ledger.learning import learn
from runs.ledger.leases import Hold
from runs.ledger.opening import RunRequest, open_crawl, open_proofs, open_test_run, unproved
from runs.ledger.outbox import DeliveryOutcome, HeldDelivery, redeliver, settle_delivery, take_delivery, undelivered
from runs.ledger.proposing import keep_plan, keep_proposals, take_stage
from runs.ledger.recording import record
from runs.ledger.refusals import Refused, StaleLease
from runs.ledger.releasing import release
from runs.ledger.repeating import Otherwise, otherwise, prove_rest, repeat, repeatable
from runs.ledger.running_out import stop_stage
from runs.ledger.scoring import keep_tests
from runs.ledger.sweeping import pass_on, requeue, sweep, unjudged
from runs.ledger.trials import begin_trial, fail_trial, open_trial, record_trial, settle_lost_trial
from runs.ledger.work import Claim
from runs.models.run import TRIAL

__all__ = [
    "TRIAL",
    "Claim",
    "DeliveryOutcome",
    "HeldDelivery",
    "Hold",
    "Otherwise",
    "Refused",
    "RunRequest",
    "StaleLease",
    "abort",
    "ahead_of",
    "approve_by_score",
    "begin_trial",
    "claim",
    "claim_cases",
    "claim_pages",
    "claim_proofs",
    "close",
    "fail",
    "fail_judging",
    "fail_trial",
    "finish",
    "forfeit",
    "give_back",
    "hold",
    "keep_plan",
    "keep_proposals",
    "keep_tests",
    "learn",
    "learn_application",
    "lose",
    "open_crawl",
    "open_proofs",
    "open_test_run",
    "open_trial",
    "otherwise",
    "pass_on",
    "prove_rest",
    "record",
    "record_trial",
    "redeliver",
    "release",
    "renew",
    "repeat",
    "repeatable",
    "requeue",
    "seconds_to_end",
    "settle_delivery",
    "settle_lost_trial",
    "should_yield",
    "stop_stage",
    "sweep",
    "take",
    "take_delivery",
    "take_from_hung",
    "take_stage",
    "undelivered",
    "unjudged",
    "unproved",
    "waiting",
    "wanted",
]
