"""What runs, in which order, in whose share, and what is left out. Pure functions of plain values."""

from runs.planning.again import wait_seconds
from runs.planning.budget import makespan, within_budget
from runs.planning.crawl_budget import LINK, STATE, CrawlBudget, begun, rooms, saturated, used_up
from runs.planning.deadlines import SHARES, Share, begins_until, ends_by
from runs.planning.estimates import DEFAULT, Prior, fitted, kinds_of, proof_estimate
from runs.planning.impact import Impact, impact_of, paths_of, under
from runs.planning.ordering import Circular, DispatchCandidate, dispatch_order, ideal_ms, risk_order
from runs.planning.risk import EXECUTED, Signals, failing_lately, risk
from runs.planning.sharing import patience_ms, share, slowest, worth_hedging
from runs.planning.skips import skips

__all__ = [
    "DEFAULT",
    "EXECUTED",
    "LINK",
    "SHARES",
    "STATE",
    "Circular",
    "CrawlBudget",
    "DispatchCandidate",
    "Impact",
    "Prior",
    "Share",
    "Signals",
    "begins_until",
    "begun",
    "dispatch_order",
    "ends_by",
    "failing_lately",
    "fitted",
    "ideal_ms",
    "impact_of",
    "kinds_of",
    "makespan",
    "paths_of",
    "patience_ms",
    "proof_estimate",
    "risk",
    "risk_order",
    "rooms",
    "saturated",
    "share",
    "skips",
    "slowest",
    "under",
    "used_up",
    "wait_seconds",
    "within_budget",
    "worth_hedging",
]
