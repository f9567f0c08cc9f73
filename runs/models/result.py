from __future__ import annotations

from django.db import models
from django.db.models import Count, Q

from projects.models import Test
from runs import states
from runs.models.run import Run, choices
from runs.models.shard import Lease


class ResultQuerySet(models.QuerySet["Result"]):
    def tally(self) -> dict[str, int]:
        """How many results are in each state, zeros included, and their total."""
        found = dict(self.order_by().values_list("status").annotate(Count("pk")))
        tally = {state: found.get(state, 0) for state in states.RESULT_STATES}
        return {**tally, "total": sum(tally.values())}


class Result(models.Model):
    """One test (one data row of it) inside one run: planned at queueing, resolved once.

    Each change of a row is paid for in every index of the table, so none says what another one says already.
    """

    # No index for the run alone, since others begin with it (decision 13).
    run = models.ForeignKey(Run, models.CASCADE, related_name="results", db_index=False)
    position = models.PositiveIntegerField(help_text="dispatch order, from 0")
    home = models.PositiveSmallIntegerField(default=0, help_text="index of the shard whose share it is")
    # The result of a test that is deleted for good stays and counts (R2).
    test = models.ForeignKey(Test, models.SET_NULL, null=True, blank=True, related_name="results")
    title = models.CharField(max_length=300)
    document = models.JSONField(
        null=True, blank=True, help_text="what is being proved; an executed test is the version that is named here"
    )
    version = models.PositiveIntegerField(default=0, help_text="of the test, as it was at queueing")
    row = models.JSONField(default=dict, blank=True, help_text="its own row of the version's data")
    row_index = models.PositiveIntegerField(default=0)
    proposal = models.JSONField(null=True, blank=True, help_text="what is being proved, in a crawl")
    proof = models.JSONField(null=True, blank=True, help_text="replays, breakages, what was dropped and added")
    replays = models.PositiveSmallIntegerField(default=1)
    waits_for = models.JSONField(default=list, blank=True, help_text="numbers of tests that have to pass first")
    blocked = models.BooleanField(default=False, help_text="waits for others that are not resolved yet")
    estimate_ms = models.PositiveIntegerField(default=0, help_text="expected duration, as known at queueing")
    risk = models.FloatField(default=0.0, help_text="how likely it seemed to find something, 0 to 135")
    serial = models.CharField(max_length=80, default="", blank=True, help_text="one at a time of a name within the run")
    account = models.CharField(
        max_length=120, default="", blank=True, help_text="exclusive account; one at a time in all runs"
    )
    no_hedge = models.BooleanField(default=False, help_text="must not be executed twice at once")
    status = models.CharField(max_length=8, choices=choices(states.RESULT_STATES), default=states.PENDING)
    skip_reason = models.CharField(max_length=20, choices=choices(states.SKIP_REASONS), default="", blank=True)
    lease = models.ForeignKey(Lease, models.SET_NULL, null=True, blank=True, related_name="results")
    hedge = models.ForeignKey(
        Lease,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="hedges",
        db_index=False,
        help_text="second lease that executes it as well; the first to finish wins",
    )
    losses = models.PositiveSmallIntegerField(default=0, help_text="times its shard was lost while it was running")
    attempt_count = models.PositiveSmallIntegerField(default=0)
    retries = models.PositiveSmallIntegerField(default=0)
    failed_after_retry = models.BooleanField(default=False)
    error = models.CharField(max_length=2000, default="", blank=True)
    error_kind = models.CharField(max_length=20, default="", blank=True)
    vitals = models.JSONField(null=True, blank=True, help_text="worst of its pages: lcp, inp, ttfb in ms, cls")
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ResultQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(fields=["run", "status"], name="result_by_status"),
            # Partial: what is over, which is nearly all, pays nothing for these.
            models.Index(fields=["run", "home", "position"], condition=Q(status=states.PENDING), name="result_pending"),
            models.Index(fields=["run"], condition=Q(status=states.PENDING, blocked=True), name="result_blocked"),
            models.Index(fields=["run", "lease"], condition=Q(status=states.RUNNING), name="result_running"),
            models.Index(fields=["hedge"], condition=Q(hedge__isnull=False), name="result_hedged"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="one_result_of_a_position"),
            models.UniqueConstraint(fields=["run", "test", "row_index"], name="one_result_per_test_and_row"),
            models.CheckConstraint(
                condition=Q(status=states.SKIPPED) & ~Q(skip_reason="") | ~Q(status=states.SKIPPED) & Q(skip_reason=""),
                name="a_skipped_result_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(status__in=sorted(states.RESOLVED), finished_at__isnull=False)
                | Q(status__in=sorted(states.UNRESOLVED), finished_at=None),
                name="a_resolved_result_has_an_end",
            ),
            models.CheckConstraint(
                condition=~Q(status=states.RUNNING) | Q(lease__isnull=False), name="a_running_result_has_a_lease"
            ),
            models.UniqueConstraint(
                fields=["run", "serial"],
                condition=Q(status=states.RUNNING) & ~Q(serial=""),
                name="one_running_result_of_a_serial_group",
            ),
            models.UniqueConstraint(
                # Not of a run: the same account is used by one test at a time in all runs.
                fields=["account"],
                condition=Q(status=states.RUNNING) & ~Q(account=""),
                name="one_running_result_of_an_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run}: {self.title}"
