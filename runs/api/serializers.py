"""What goes out of runs, results, pages and tests."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.api.serializers import PublicId
from runs import reading
from runs.models import Artifact, Attempt, Change, CrawlPage, Result, Run
from runs.storage import signed_url


class OrNull(serializers.CharField):
    """A text column whose empty text means nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, allow_null=True, **options)

    def to_representation(self, value: Any) -> Any:
        return value or None


class Public(serializers.CharField):
    """The public id behind a foreign key, without reading its row."""

    def __init__(self, prefix: str, column: str | None = None, **options: Any) -> None:
        super().__init__(source=column, read_only=True, **options)
        self.prefix = prefix

    def to_representation(self, value: Any) -> str:
        return f"{self.prefix}-{value}"


class CountsOut(serializers.Serializer[Any]):
    pending = serializers.IntegerField()
    running = serializers.IntegerField()
    passed = serializers.IntegerField()
    flaky = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    total = serializers.IntegerField()


class PageCountsOut(serializers.Serializer[Any]):
    pending = serializers.IntegerField()
    running = serializers.IntegerField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    total = serializers.IntegerField()


MOST_CAUSES = 10


class CauseOut(serializers.Serializer[Any]):
    """Why tests failed, in one line; the report has all causes with their results."""

    signature = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    category = serializers.CharField()
    size = serializers.IntegerField()
    since = OrNull()


class RunOut(serializers.ModelSerializer[Run]):
    """A run; `results` and `pages` are counts, given by the context for all runs of an answer at once."""

    id = PublicId()
    project = Public("PRJ", "project_id")
    environment = Public("ENV", "environment_id", allow_null=True)
    rerun_of = Public("RUN", "rerun_of_id", allow_null=True)
    base_url = serializers.CharField(source="site.base_url")
    verdict = OrNull()
    error = OrNull()
    error_category = OrNull()
    end_reason = OrNull()
    actor = serializers.CharField(source="actor_name")
    causes = serializers.SerializerMethodField()
    results = serializers.SerializerMethodField()
    pages = serializers.SerializerMethodField()
    coverage = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = [
            "id",
            "project",
            "kind",
            "status",
            "verdict",
            "stage",
            "pipeline",
            "end_reason",
            "trigger",
            "actor",
            "environment",
            "base_url",
            "options",
            "priority",
            "impact",
            "partial",
            "coverage",
            "rerun_of",
            "error",
            "error_category",
            "gate_result",
            "vitals_result",
            "causes",
            "makespan",
            "results",
            "pages",
            "last_seq",
            "created_at",
            "started_at",
            "finished_at",
            "duration_ms",
        ]

    def get_coverage(self, run: Run) -> str:
        """What of the project a partial run executes, as in: 3 of 98 tests, by tag smoke. Else empty."""
        return reading.coverage(run)

    @extend_schema_field(CauseOut(many=True))
    def get_causes(self, run: Run) -> list[dict[str, Any]]:
        return [dict(CauseOut(cause).data) for cause in run.causes[:MOST_CAUSES]]

    @extend_schema_field(CountsOut)
    def get_results(self, run: Run) -> dict[str, int]:
        return dict(CountsOut(self.context["results"][run.pk]).data)

    @extend_schema_field(PageCountsOut)
    def get_pages(self, run: Run) -> dict[str, int]:
        return dict(PageCountsOut(self.context["pages"][run.pk]).data)


class ResultOut(serializers.ModelSerializer[Result]):
    """One line of a run: light enough for lists of thousands."""

    run = Public("RUN", "run_id")
    test = Public("TC", "test_id", allow_null=True)
    skip_reason = OrNull()
    error = OrNull()
    error_kind = OrNull()
    shard = serializers.IntegerField(source="lease.shard.index", default=None, allow_null=True)
    worker = serializers.CharField(source="lease.worker", default=None, allow_null=True)

    class Meta:
        model = Result
        fields = [
            "id",
            "run",
            "position",
            "test",
            "title",
            "version",
            "row_index",
            "estimate_ms",
            "risk",
            "status",
            "skip_reason",
            "attempt_count",
            "retries",
            "failed_after_retry",
            "error",
            "error_kind",
            "shard",
            "worker",
            "duration_ms",
            "claimed_at",
            "finished_at",
        ]


class ArtifactOut(serializers.ModelSerializer[Artifact]):
    """A file of an attempt; the link is good for an hour."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Artifact
        fields = ["id", "kind", "content_type", "size", "url"]

    def get_url(self, row: Artifact) -> str:
        path = signed_url(row)
        request = self.context.get("request")
        return str(request.build_absolute_uri(path)) if request else path


class AttemptOut(serializers.ModelSerializer[Attempt]):
    shard = serializers.IntegerField(source="lease.shard.index", default=None, allow_null=True)
    worker = serializers.CharField(source="lease.worker", default=None, allow_null=True)
    artifacts = ArtifactOut(many=True)

    class Meta:
        model = Attempt
        fields = [
            "number",
            "passed",
            "started_at",
            "duration_ms",
            "shard",
            "worker",
            "steps",
            "failure",
            "console",
            "requests",
            "artifacts",
        ]


class DiagnosisOut(serializers.Serializer[Any]):
    """What kind of failure it is; `standing` is new, known, flaky or first, `since` a run.

    `cause` says what explains it besides its own message, such as "POST /cart/add answered 500".
    """

    category = serializers.CharField()
    words = serializers.CharField()
    standing = serializers.CharField()
    since = OrNull()
    cause = OrNull()


class ResultDetailOut(ResultOut):
    """`document` is what was executed, without its rows of data: `row` is the result's own."""

    document = serializers.SerializerMethodField()
    attempts = AttemptOut(many=True)
    diagnosis = serializers.SerializerMethodField()
    flaky_score = serializers.SerializerMethodField()

    class Meta(ResultOut.Meta):
        fields = [*ResultOut.Meta.fields, "document", "row", "vitals", "diagnosis", "flaky_score", "attempts"]

    def get_document(self, result: Result) -> dict[str, Any]:
        return reading.document(result)

    @extend_schema_field(DiagnosisOut(allow_null=True))
    def get_diagnosis(self, result: Result) -> dict[str, Any] | None:
        # Of a single result only: in lists these would ask the database for each row.
        found = reading.diagnosis(result)
        return dict(DiagnosisOut(found).data) if found else None

    def get_flaky_score(self, result: Result) -> float | None:
        known = reading.history(result)
        return known.flaky_score if known else None


class PageOut(serializers.ModelSerializer[CrawlPage]):
    """A page of a crawl, or a state, seen as `role`: `path` are the steps that lead to it from `url`.

    `action` says the last of them in words. `found_on` is the page whose link or action led to it: the edges of the
    map. `same_as` is the row that showed the same before.
    """

    role = OrNull()
    found_on = serializers.IntegerField(source="found_on_id", allow_null=True)
    same_as = serializers.IntegerField(source="same_as_id", allow_null=True)
    action = OrNull()
    path = serializers.ListField(child=serializers.DictField())
    skip_reason = OrNull()
    error = OrNull()
    error_category = OrNull()
    forms = serializers.SerializerMethodField()

    class Meta:
        model = CrawlPage
        fields = [
            "id",
            "url",
            "role",
            "depth",
            "kind",
            "action",
            "path",
            "same_as",
            "found_on",
            "status",
            "skip_reason",
            "title",
            "http_status",
            "template",
            "forms",
            "error",
            "error_category",
            "visited_at",
        ]

    def get_forms(self, row: CrawlPage) -> list[dict[str, Any]]:
        return list((row.snapshot or {}).get("forms", []))


class ChangeOut(serializers.ModelSerializer[Change]):
    """A request of a crawl that could have changed something; `because` is the action that sent it, in words."""

    page = serializers.IntegerField(source="page_id", allow_null=True)
    because = OrNull()

    class Meta:
        model = Change
        fields = ["id", "page", "method", "url", "status", "held_back", "because", "cleaned", "at"]


class EventOut(serializers.Serializer[Any]):
    seq = serializers.IntegerField()
    type = serializers.CharField()
    at = serializers.DateTimeField()
    data = serializers.DictField()  # type: ignore[assignment]


class TriggeredOut(serializers.Serializer[Any]):
    runId = serializers.CharField()  # noqa: N815
    statusUrl = serializers.URLField()  # noqa: N815


class TriggerStatusOut(serializers.Serializer[Any]):
    """What CI polls, in the spelling of its jobs."""

    runId = serializers.CharField()  # noqa: N815
    status = serializers.CharField()
    verdict = serializers.CharField(allow_null=True)
    passed = serializers.IntegerField()
    failed = serializers.IntegerField()
    flaky = serializers.IntegerField()
    skipped = serializers.IntegerField()
    total = serializers.IntegerField()
    coverage = serializers.CharField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    gateResult = serializers.DictField(allow_null=True)  # noqa: N815
    webVitalsResult = serializers.DictField(allow_null=True)  # noqa: N815
    startedAt = serializers.DateTimeField(allow_null=True)  # noqa: N815
    finishedAt = serializers.DateTimeField(allow_null=True)  # noqa: N815
    durationMs = serializers.IntegerField(allow_null=True)  # noqa: N815
    url = serializers.URLField()
