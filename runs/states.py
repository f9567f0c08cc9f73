"""The life of runs, leases, results, pages, cases, deliveries and trials as tables. Pure; the docs show them."""

from __future__ import annotations

from typing import Final

# Run
QUEUED: Final = "queued"
RUNNING: Final = "running"
JUDGING: Final = "judging"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
ABORTED: Final = "aborted"
# Lease
OPEN: Final = "open"
FINISHED: Final = "finished"
LOST: Final = "lost"
STOPPED: Final = "stopped"
# Delivery
OWED: Final = "owed"
SENT: Final = "sent"
GIVEN_UP: Final = "given_up"
# Result, page and case (pages and cases are done instead of passed)
PENDING: Final = "pending"
PASSED: Final = "passed"
FLAKY: Final = "flaky"
SKIPPED: Final = "skipped"
DONE: Final = "done"
# Verdict
EMPTY: Final = "empty"

RUN_STATES = (QUEUED, RUNNING, JUDGING, COMPLETED, FAILED, ABORTED)
LEASE_STATES = (OPEN, FINISHED, LOST, STOPPED)
RESULT_STATES = (PENDING, RUNNING, PASSED, FLAKY, FAILED, SKIPPED)
PAGE_STATES = (PENDING, RUNNING, DONE, FAILED, SKIPPED)
CASE_STATES = (PENDING, RUNNING, DONE, FAILED, SKIPPED)
DELIVERY_STATES = (OWED, SENT, GIVEN_UP)
TRIAL_STATES = (QUEUED, RUNNING, PASSED, FAILED)
VERDICTS = (PASSED, FAILED, EMPTY)

TERMINAL = frozenset({COMPLETED, FAILED, ABORTED})
LIVING = frozenset({QUEUED, RUNNING, JUDGING})
RESOLVED = frozenset({PASSED, FLAKY, FAILED, SKIPPED})
UNRESOLVED = frozenset({PENDING, RUNNING})
EXECUTED = frozenset({PASSED, FLAKY, FAILED})

SKIP_REASONS = (
    "over_budget",
    "no_impact",
    "quarantined",
    "stale",
    "dependency_failed",
    "max_failures",
    "aborted",
    "test_deleted",
    "unproved",
)
PRE_SEEDED = frozenset({"over_budget", "no_impact", "quarantined", "stale"})
ERROR_CATEGORIES = (
    "dns",
    "refused",
    "tls",
    "timeout",
    "http_error",
    "blocked",
    "sign_in",
    "not_a_page",
    "crash",
    "challenge",
    "browser",
    "project_missing",
    "secrets_missing",
    "leases_used_up",
    "internal",
)

# Why a crawl visited no more.
END_REASONS = (
    "all_visited",
    "page_budget",
    "state_budget",
    "time_budget",
    "challenge",
    "unreachable",
    "sign_in",
    "aborted",
    "failed",
)

# What a run is busy with while it is running. Tests are executed; a crawl visits, plans, observes, proposes and proves.
EXECUTE: Final = "execute"
CRAWL: Final = "crawl"
PLAN: Final = "plan"
OBSERVE: Final = "observe"
PROPOSE: Final = "propose"
PROVE: Final = "prove"
SCORE: Final = "score"
LONE = frozenset({PLAN, PROPOSE, SCORE})  # carried out by one lease at a time; the others by rows that all shards claim
STAGES = {"test": (EXECUTE,), "crawl": (CRAWL, PLAN, OBSERVE, PROPOSE, PROVE, SCORE)}

Table = dict[tuple[str, str], str]

RUN: Table = {
    (QUEUED, "start"): RUNNING,
    (RUNNING, "drain"): JUDGING,
    (JUDGING, "judge"): COMPLETED,
    (QUEUED, "fail"): FAILED,
    (RUNNING, "fail"): FAILED,
    (JUDGING, "fail"): FAILED,
    (QUEUED, "abort"): ABORTED,
    (RUNNING, "abort"): ABORTED,
    (JUDGING, "abort"): ABORTED,
}
LEASE: Table = {
    (OPEN, "finish"): FINISHED,
    (OPEN, "lose"): LOST,
    (OPEN, "stop"): STOPPED,
}
# What all work that leases claim has in common.
WORK: Table = {
    (PENDING, "claim"): RUNNING,
    (PENDING, "skip"): SKIPPED,
    (RUNNING, "skip"): SKIPPED,
    (RUNNING, "fail"): FAILED,
    (RUNNING, "return"): PENDING,
}
RESULT: Table = {
    **WORK,
    (RUNNING, "pass"): PASSED,
    (RUNNING, "recover"): FLAKY,
}
PAGE: Table = {
    **WORK,
    (RUNNING, "visit"): DONE,
    (RUNNING, "put_off"): PENDING,
    (RUNNING, "give_up"): FAILED,
    # What was put off waits, and fails where its time is over before it is asked again.
    (PENDING, "give_up"): FAILED,
    # A state that was seen once and cannot be reached again (decision 17).
    (DONE, "lose"): FAILED,
}
CASE: Table = {
    **WORK,
    (RUNNING, "observe"): DONE,
    (RUNNING, "put_off"): PENDING,
}
DELIVERY: Table = {
    (OWED, "send"): SENT,
    (OWED, "give_up"): GIVEN_UP,
    (OWED, "owe"): OWED,
    (SENT, "owe"): OWED,
    (GIVEN_UP, "owe"): OWED,
}
TRIAL: Table = {
    (QUEUED, "begin"): RUNNING,
    (RUNNING, "pass"): PASSED,
    (QUEUED, "fail"): FAILED,
    (RUNNING, "fail"): FAILED,
}
MACHINES: dict[str, Table] = {
    "run": RUN,
    "lease": LEASE,
    "result": RESULT,
    "page": PAGE,
    "case": CASE,
    "delivery": DELIVERY,
    "trial": TRIAL,
}

# What entering a run's state owes, carried out by the ledger in the transaction of the move.
ON_ENTRY: dict[str, tuple[str, ...]] = {
    # In this order: `tell_done` comes after whatever else tells, since `done` is the last event of a run (R22).
    RUNNING: ("tell_started", "owe"),
    JUDGING: ("measure", "tell_judging", "send_judge"),
    COMPLETED: ("tell_done", "note_end", "owe", "send_waiting"),
    FAILED: ("skip_unresolved", "stop_leases", "end_crawl", "tell_done", "note_end", "owe", "send_waiting"),
    ABORTED: ("skip_unresolved", "stop_leases", "end_crawl", "tell_done", "note_end", "owe", "send_waiting"),
}

OUTCOME_TRIGGER = {PASSED: "pass", FLAKY: "recover", FAILED: "fail"}


class Impossible(Exception):
    """The state has no such move."""

    def __init__(self, machine: str, state: str, trigger: str) -> None:
        super().__init__(f"A {machine} that is {state} cannot {trigger}.")
        self.machine, self.state, self.trigger = machine, state, trigger


def move(machine: str, state: str, trigger: str) -> str:
    """Where a trigger leads from a state. Raises Impossible where the table has no such move."""
    try:
        return MACHINES[machine][state, trigger]
    except KeyError:
        raise Impossible(machine, state, trigger) from None


def sources(machine: str, trigger: str) -> tuple[str, ...]:
    """The states that a trigger can leave, for conditional updates. Raises Impossible where no state has it."""
    found = tuple(state for state, name in MACHINES[machine] if name == trigger)
    if not found:
        raise Impossible(machine, "in any state", trigger)
    return found


def target(machine: str, trigger: str) -> str:
    """Where a trigger leads, which is the same from all its sources."""
    return MACHINES[machine][sources(machine, trigger)[0], trigger]


def next_stage(kind: str, stage: str) -> str | None:
    """The stage after this one, None after the last."""
    stages = STAGES[kind]
    following = stages.index(stage) + 1
    return stages[following] if following < len(stages) else None
