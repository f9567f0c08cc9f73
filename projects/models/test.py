"""Tests and their versions. This module's verbs are the only writers of review state."""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects import reviewing
from projects.models.project import NameTaken, Project
from projects.models.public import PublicModel, PublicQuerySet
from projects.reviewing import Decided

AT_ONCE = 5_000
KEPT_AT_ONCE = 500
ASKED_AT_ONCE, FEW_DOCUMENTS = 200, 10
DECIDED = ("review_status", "approved_by_score", "reviewed_by", "reviewed_at")


class TestQuerySet(PublicQuerySet["Test"]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def approved(self) -> Self:
        return self.alive().filter(review_status=reviewing.APPROVED)

    def waiting(self) -> Self:
        return self.alive().filter(review_status=reviewing.DRAFT)

    def known_signatures(self) -> frozenset[str]:
        """What is not proposed again: all that there is, what was merged into it, and what a person has deleted."""
        rows = self.values_list("signature", "evidence__merged_signatures")
        return frozenset(signature for own, merged in rows for signature in (own, *(merged or ())) if signature)

    def as_known(self, newest: int, person: Any) -> Self:
        """Those whose present version is the first, was there when `newest` was the newest row of all, or is theirs."""
        known = TestVersion.objects.filter(test=models.OuterRef("pk"), number=models.OuterRef("version"))
        return self.filter(
            models.Q(version=1) | models.Exists(known.filter(models.Q(pk__lte=newest) | models.Q(author=person)))
        )

    def by_score(self) -> Self:
        return self.approved().filter(approved_by_score=True)

    def decide_all(self, action: str, by: Any, reason: str = "") -> Decided:
        """One action on those whose state allows it; the others stay. A few statements however many there are.

        Needs a transaction around it: the rows are locked first.
        """
        before: dict[tuple[str, bool, str], list[int]] = defaultdict(list)
        rows = self.select_for_update().order_by("pk").values_list("pk", "review_status", "approved_by_score", "reason")
        for number, state, by_score, replaced in rows:
            if reviewing.allows(state, action, by_score):
                before[state, by_score, replaced if action == "reject" else ""].append(number)
        at, to = timezone.now(), reviewing.LEADS_TO[action]
        kept = {"reason": reason[:1000]} if action == "reject" else {}
        for numbers in before.values():
            self._put(numbers, review_status=to, approved_by_score=False, reviewed_by=by, reviewed_at=at, **kept)
        return Decided(at, to, tuple((*was, tuple(numbers)) for was, numbers in before.items()))

    def take_back(self, decided: Decided, by: Any) -> int:
        """Undoes a decision where nobody has decided or edited since; how many tests it was."""
        now, count = timezone.now(), 0
        untouched = self.filter(review_status=decided.to, reviewed_at=decided.at)
        for state, by_score, replaced, numbers in decided.before:
            was = {"review_status": state, "approved_by_score": by_score, "reviewed_by": None if by_score else by}
            was |= {"reason": replaced} if decided.to == reviewing.REJECTED else {}
            count += untouched._put(numbers, reviewed_at=now, **was)
        return count

    def approve_by_score(self, least: int) -> Decided:
        """Approves, for nobody, what a crawl has proved with this score or more and no person has touched yet."""
        untouched = self.waiting().filter(
            version=1, origin="crawl", reviewed_at=None, stale_since=None, score__gte=least
        )
        rows = untouched.select_for_update().order_by("pk").values_list("pk", "evidence")
        numbers = tuple(number for number, evidence in rows if reviewing.proved(evidence))
        at = timezone.now()
        self._put(numbers, review_status=reviewing.APPROVED, approved_by_score=True, reviewed_at=at)
        return Decided(at, reviewing.APPROVED, ((reviewing.DRAFT, False, "", numbers),))

    def _put(self, numbers: Sequence[int], **fields: Any) -> int:
        fields["updated_at"] = timezone.now()
        groups = (numbers[begin : begin + AT_ONCE] for begin in range(0, len(numbers), AT_ONCE))
        return sum(self.filter(pk__in=group).update(**fields) for group in groups)

    def go_stale(self, reason: str) -> int:
        """What these tests test is gone; those that were stale before stay so since then. How many are new."""
        now = timezone.now()
        return self.filter(stale_since=None).update(stale_since=now, stale_reason=reason[:300], updated_at=now)

    def come_back(self) -> int:
        """What these tests test is there again."""
        back = self.exclude(stale_since=None)
        return back.update(stale_since=None, stale_reason="", updated_at=timezone.now())


class Test(PublicModel):
    PREFIX = "TC"
    __test__ = False

    project = models.ForeignKey(Project, models.CASCADE, related_name="tests")
    title = models.CharField(max_length=300)
    document = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    review_status = models.CharField(max_length=10, choices=list(reviewing.STATES.items()), default=reviewing.DRAFT)
    reason = models.CharField(max_length=1000, default="", blank=True, help_text="why it was rejected")
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    approved_by_score = models.BooleanField(
        default=False, help_text="approved by the project's threshold, not by a person"
    )
    stale_since = models.DateTimeField(null=True, blank=True)
    stale_reason = models.CharField(max_length=300, default="", blank=True, help_text="what it tests that is gone")
    origin = models.CharField(max_length=10, choices=[("crawl", "Crawl"), ("person", "Person")], default="person")
    crawl_run = models.PositiveBigIntegerField(null=True, blank=True, help_text="number of the run that proposed it")
    family = models.CharField(max_length=40, default="", blank=True)
    template = models.CharField(max_length=80, default="", blank=True)
    page_url = models.CharField(max_length=2000, default="", blank=True)
    signature = models.CharField(max_length=64, default="", blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = models.Manager.from_queryset(TestQuerySet)()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["project", "review_status"], name="test_by_review")]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "signature"],
                condition=models.Q(deleted_at=None) & ~models.Q(signature=""),
                name="one_living_test_of_a_signature",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def propose(cls, project: Project, *, rejected_for: str = "", **fields: Any) -> Test:
        """A test found by a crawl, kept as a draft, or as rejected with the reason."""
        test = cls.proposed(project, rejected_for=rejected_for, **fields)
        cls.keep_proposed([test])
        return test

    @classmethod
    def proposed(cls, project: Project, *, rejected_for: str = "", **fields: Any) -> Test:
        """The same, still to be kept with others."""
        state = reviewing.move(reviewing.DRAFT, "reject") if rejected_for else reviewing.DRAFT
        return cls(project=project, origin="crawl", review_status=state, reason=rejected_for[:1000], **fields)

    @classmethod
    def keep_proposed(cls, tests: Sequence[Test]) -> None:
        """Keeps them in a few statements; they get their numbers."""
        cls.objects.bulk_create(tests, batch_size=KEPT_AT_ONCE)
        TestVersion.objects.bulk_create(
            (TestVersion(test=test, number=1, title=test.title, document=test.document) for test in tests),
            batch_size=KEPT_AT_ONCE,
        )

    @classmethod
    def write(cls, project: Project, author: Any, title: str, document: dict[str, Any]) -> Test:
        """A test written by a person or a client."""
        test = cls.objects.create(project=project, title=title, document=document)
        TestVersion.objects.create(test=test, number=1, title=title, document=document, author=author)
        return test

    def decide(self, action: str, by: Any, reason: str = "") -> None:
        """Approve, reject or restore. Raises ReviewRefused where the state forbids it."""
        self.review_status = reviewing.decide(self.review_status, action, self.approved_by_score)
        self.reviewed_by, self.reviewed_at, self.approved_by_score = by, timezone.now(), False
        self.reason = reason[:1000] if action == "reject" else self.reason
        self.save(update_fields=[*DECIDED, "reason", "updated_at"])

    def edit(self, by: Any, title: str, document: dict[str, Any]) -> None:
        """A new immutable version, which nobody has decided about; the test returns to draft."""
        before = self.review_status
        self.review_status = reviewing.move(before, "edit")
        self.reviewed_by, self.reviewed_at, self.approved_by_score = None, None, False
        self.title, self.document, self.version = title, document, self.version + 1
        self.save(update_fields=[*DECIDED, "title", "document", "version", "updated_at"])
        TestVersion.objects.create(
            test=self, number=self.version, title=title, document=document, author=by, replaces=before
        )

    def delete_softly(self) -> None:
        self.deleted_at = timezone.now()
        self.save(update_fields=["deleted_at", "updated_at"])

    def undelete(self) -> None:
        """Brings it back as it was. Raises Taken where a living test was proposed for the same."""
        twins = self.project.tests.alive().filter(signature=self.signature).exclude(pk=self.pk)
        twin = twins.first() if self.signature else None
        if twin is not None:
            raise NameTaken(f"{twin.public_id} does the same now; delete that one first.")
        self.deleted_at = None
        self.save(update_fields=["deleted_at", "updated_at"])


class VersionQuerySet(models.QuerySet["TestVersion"]):
    def bodies(self, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], dict[str, Any]]:
        """The documents of tests and version numbers without their rows of data; unknown ones are left out."""
        return {
            (version.test_id, version.number): {
                name: value for name, value in version.document.items() if name != "data"
            }
            for version in self._at(places)
        }

    def given_up(self, places: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
        """Those of the tests and version numbers that were not approved any more when another version replaced them."""
        behind = {(test, number + 1): (test, number) for test, number in places}
        refused = (reviewing.REJECTED, reviewing.DRAFT)
        return {behind[version.test_id, version.number] for version in self._at(behind) if version.replaces in refused}

    def texts(self, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, dict[str, Any]]]:
        """Title and whole document of tests and version numbers; unknown ones are left out."""
        return {(version.test_id, version.number): (version.title, version.document) for version in self._at(places)}

    def _at(self, places: Iterable[tuple[int, int]]) -> Iterator[TestVersion]:
        wanted = list(dict.fromkeys(places))
        for begin in range(0, len(wanted), ASKED_AT_ONCE):
            group = wanted[begin : begin + ASKED_AT_ONCE]
            condition = functools.reduce(operator.or_, (models.Q(test=test, number=number) for test, number in group))
            yield from self.filter(condition).iterator(chunk_size=FEW_DOCUMENTS)


class TestVersion(models.Model):
    """What a test was at one time. It never changes: results say which one they executed, and keep no copy of it."""

    __test__ = False

    test = models.ForeignKey(Test, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=300)
    document = models.JSONField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    replaces = models.CharField(
        max_length=10, default="", blank=True, help_text="review state of the version before, when it was replaced"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = models.Manager.from_queryset(VersionQuerySet)()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["test", "number"], name="one_version_of_a_number")]

    def __str__(self) -> str:
        return f"{self.test} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A version never changes; edit the test, which makes a new one.")
        super().save(*args, **kwargs)


class Comment(models.Model):
    """What somebody has to say about a test."""

    test = models.ForeignKey(Test, models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    author_name = models.CharField(max_length=160, default="")
    text = models.TextField(max_length=4000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:80]

    def written_by(self, person: Any) -> bool:
        return person is not None and self.author_id is not None and self.author_id == person.pk
