"""What is known about applications from crawl to crawl. Written by runs.ledger alone."""

from __future__ import annotations

from django.db import models

from projects.models import Environment, Project
from runs import states
from runs.insight import application as insight
from runs.models.run import Run

KINDS = [
    ("template", "Kind of page"),
    ("page", "Page"),
    ("form", "Form"),
    ("action", "Action"),
    ("endpoint", "Endpoint"),
    ("edge", "Way"),
]


class Application(models.Model):
    """The application of a project as one environment shows it; without environment, as it is in production.

    What its account sees and what a visitor sees are two: a crawl that did not sign in is compared with its like.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="applications", db_index=False)
    environment = models.ForeignKey(Environment, models.CASCADE, null=True, blank=True, related_name="+")
    signed_in = models.BooleanField(default=False, help_text="as crawls see it that sign in")
    learned_run = models.PositiveBigIntegerField(default=0, help_text="number of the last crawl that taught it")
    learned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            # Two constraints, for NULLs are distinct in a unique index: NULLS NOT DISTINCT needs PostgreSQL 15.
            models.UniqueConstraint(
                fields=["project", "environment", "signed_in"], name="one_application_in_an_environment"
            ),
            models.UniqueConstraint(
                fields=["project", "signed_in"],
                condition=models.Q(environment=None),
                name="one_application_of_a_project",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} in {self.environment or 'production'}"


class Part(models.Model):
    """One thing that an application has; `runs.insight.application.Part` says what key, template and facts hold."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="parts", db_index=False)
    kind = models.CharField(max_length=8, choices=KINDS)
    digest = models.CharField(max_length=64, help_text="SHA-256 of key; long keys do not fit an index")
    key = models.TextField()
    name = models.CharField(max_length=500)
    template = models.CharField(max_length=80, default="", blank=True)
    facts = models.JSONField(default=dict)
    roles = models.JSONField(default=list, blank=True)
    first_seen_run = models.PositiveBigIntegerField()
    last_seen_run = models.PositiveBigIntegerField()
    gone_since_run = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["application", "kind", "template", "id"], name="part_of_template")]
        constraints = [models.UniqueConstraint(fields=["application", "kind", "digest"], name="one_part_of_a_key")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def value(self) -> insight.KnownPart:
        return insight.KnownPart(
            kind=self.kind,  # type: ignore[arg-type]
            key=self.key,
            name=self.name,
            template=self.template,
            facts=self.facts,
            roles=tuple(self.roles),
            first_seen=self.first_seen_run,
            last_seen=self.last_seen_run,
            gone_since=self.gone_since_run,
        )


class ComparisonQuerySet(models.QuerySet["Comparison"]):
    def changed_since_tested(self, run: Run) -> frozenset[str] | None:
        """What this crawl found changed, and those before it since one has proposed tests to its end; None is all.

        A crawl that was to propose none, or did not complete, has taught the application all the same.
        """
        application = self.filter(pk=run.pk).values("application")
        known = self.filter(application__in=application, pk__lte=run.pk)
        tested = known.filter(pk__lt=run.pk, run__status=states.COMPLETED, run__options__test_count__gt=0)
        last = tested.order_by("-pk").values_list("pk", flat=True).first()
        if last is None:
            return None
        changed: set[str] = set()
        for found in known.filter(pk__gt=last).values_list("changed", flat=True):
            if found is None:
                return None
            changed |= set(found)
        return frozenset(changed)


class Comparison(models.Model):
    """What a crawl found otherwise than it was known. There is one once the crawl has been learnt from."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="comparison")
    application = models.ForeignKey(Application, models.CASCADE, related_name="comparisons")
    earlier_run = models.PositiveBigIntegerField(null=True, blank=True, help_text="what it is compared with, if any")
    changed = models.JSONField(null=True, blank=True, help_text="structures to generate for; null is all")
    note = models.CharField(max_length=300, default="", blank=True, help_text="what was not compared, and why")

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.run} compared"


class Difference(models.Model):
    """One line of a comparison; `words` are clauses such as "field Phone is new"."""

    comparison = models.ForeignKey(Comparison, models.CASCADE, related_name="differences")
    kind = models.CharField(max_length=8, choices=KINDS)
    what = models.CharField(max_length=7, choices=[(word, word.capitalize()) for word in ("new", "changed", "removed")])
    key = models.TextField()
    name = models.CharField(max_length=500)
    words = models.JSONField(default=list)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} is {self.what}"
