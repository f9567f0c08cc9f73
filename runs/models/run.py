from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from projects.access import visible_to
from projects.models import Environment, Project
from projects.models.public import PublicModel, PublicQuerySet
from runs import states


def choices(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ").capitalize()) for name in names]


# Who asked for a run that tries tests which nobody has approved: nothing is learnt from it, and nobody is told.
TRIAL = "trial"


class RunQuerySet(PublicQuerySet["Run"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(project__in=visible_to(user))

    def living(self) -> Self:
        return self.filter(status__in=states.LIVING)

    def counted(self) -> Self:
        """Runs that say something about the project: no trials."""
        return self.exclude(trigger=TRIAL)

    def with_provider(self, provider: str) -> Self:
        """Living runs that began while this AI provider was in use: what competes with it asks first."""
        return self.living().filter(ai_provider=provider).exclude(ai_provider="")


class Run(PublicModel):
    """One execution asked for by a person, a schedule, CI or a deployment. Written by runs.ledger alone."""

    PREFIX = "RUN"

    project = models.ForeignKey(Project, models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=5, choices=[("crawl", "Crawl"), ("test", "Test run")])
    status = models.CharField(max_length=10, choices=choices(states.RUN_STATES), default=states.QUEUED)
    verdict = models.CharField(max_length=6, choices=choices(states.VERDICTS), default="", blank=True)
    stage = models.CharField(max_length=10, default="", blank=True)
    stage_lease = models.PositiveBigIntegerField(null=True, blank=True, help_text="lease that carries out a lone stage")
    stage_losses = models.PositiveSmallIntegerField(default=0, help_text="leases lost over the lone stage that goes on")
    options = models.JSONField(default=dict)
    environment = models.ForeignKey(Environment, models.SET_NULL, null=True, blank=True, related_name="runs")
    site = models.JSONField(default=dict, help_text="base URL, headers, variables as they were at queueing; no secrets")
    priority = models.SmallIntegerField(default=0, help_text="-10 to 10; higher goes first")
    commit = models.JSONField(default=dict, blank=True, help_text="what CI tests: repo, sha, branch, pull_request")
    callback_url = models.CharField(max_length=2048, default="", blank=True)
    trigger = models.CharField(max_length=12, default="person", help_text="person, api, ci, schedule or demo")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    actor_name = models.CharField(max_length=160, default="")
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - unique where given
    rerun_of = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="reruns")
    # The only column that all shards of a run write (decision 2).
    last_seq = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="when its last judge message was sent")
    error = models.CharField(max_length=1000, default="", blank=True)
    error_category = models.CharField(max_length=20, choices=choices(states.ERROR_CATEGORIES), default="", blank=True)
    gate_result = models.JSONField(null=True, blank=True)
    vitals_result = models.JSONField(null=True, blank=True, help_text="web-vitals budgets: measured, violations")
    causes = models.JSONField(default=list, blank=True, help_text="failed results by cause, the largest first")
    scope = models.JSONField(
        default=dict, blank=True, help_text="how tests were chosen, how many are executed of how many, which were added"
    )
    partial = models.BooleanField(default=False, help_text="executes fewer tests than a run of all would")
    impact = models.JSONField(null=True, blank=True, help_text="which tests a change was thought to touch, and why")
    pipeline = models.JSONField(default=dict, blank=True, help_text="what each stage of a crawl counted")
    survey = models.JSONField(default=dict, blank=True, help_text="what a crawl must know to try things on its site")
    end_reason = models.CharField(max_length=20, default="", blank=True, help_text="why a crawl visited no more")
    without_account = models.BooleanField(
        default=False, help_text="a worker of this crawl could not sign in and went on as a visitor"
    )
    makespan = models.JSONField(null=True, blank=True, help_text="achieved_ms, ideal_ms, slots of a test run")
    ai_provider = models.CharField(max_length=40, default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(RunQuerySet)()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["project", "-id"], name="run_of_project"),
            # The sweep asks for living runs every second, and they are few among all.
            models.Index(fields=["id"], condition=Q(status__in=sorted(states.LIVING)), name="run_living"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["project", "idempotency_key"], name="one_run_per_idempotency_key"),
            models.CheckConstraint(
                condition=Q(status__in=sorted(states.TERMINAL), finished_at__isnull=False)
                | Q(status__in=sorted(states.LIVING), finished_at=None),
                name="an_ended_run_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(status=states.COMPLETED) & ~Q(verdict="") | ~Q(status=states.COMPLETED) & Q(verdict=""),
                name="a_verdict_belongs_to_a_completed_run",
            ),
            models.CheckConstraint(condition=~Q(status=states.FAILED) | ~Q(error=""), name="a_failed_run_says_why"),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(finished_at__gte=F("created_at")), name="a_run_ends_after_its_start"
            ),
        ]

    @property
    def is_trial(self) -> bool:
        return self.trigger == TRIAL

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_over(self) -> bool:
        return self.status in states.TERMINAL

    @property
    def duration_ms(self) -> int | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return int((self.finished_at - self.started_at).total_seconds() * 1000)
