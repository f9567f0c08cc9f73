from __future__ import annotations

from django.db import models

from projects.models import Environment, Test


class TestHistory(models.Model):
    """What ended runs taught about a test in one browser and environment; kept by the feedback delivery alone."""

    # pytest would take the class for tests, by its name.
    __test__ = False

    test = models.ForeignKey(Test, models.CASCADE, related_name="histories")
    environment = models.ForeignKey(Environment, models.CASCADE, null=True, blank=True, related_name="+")
    browser = models.CharField(max_length=10, default="chromium")
    outcomes = models.JSONField(
        default=list, help_text="newest first, 20 at most: run, status, retries, version, build, kind"
    )
    durations = models.JSONField(default=list, help_text="ms of passes, newest first, 10 at most")
    estimate_ms = models.PositiveIntegerField(null=True, blank=True)
    flaky_score = models.FloatField(default=0.0, help_text="0 to 100")
    is_flaky = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "test histories"
        constraints = [
            # Two constraints, for NULLs are distinct in a unique index: NULLS NOT DISTINCT needs PostgreSQL 15.
            models.UniqueConstraint(fields=["test", "environment", "browser"], name="one_history_in_an_environment"),
            models.UniqueConstraint(
                fields=["test", "browser"], condition=models.Q(environment=None), name="one_history_of_a_test"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.test} in {self.browser}"
