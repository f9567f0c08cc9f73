"""What goes out of tests, their versions, comments and review."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.serializers import PublicId
from projects.models import Comment, Test, TestVersion
from projects.reviewing import REJECTED
from runs.api.documents import sentences
from runs.api.serializers import OrNull, Public


class TestOut(serializers.ModelSerializer[Test]):
    """A test without its document; `tags` and `priority` are the document's."""

    __test__ = False

    id = PublicId()
    project = Public("PRJ", "project_id")
    reason = serializers.SerializerMethodField()
    crawl_run = Public("RUN", allow_null=True)
    reviewed_by = serializers.CharField(source="reviewed_by.username", default=None, allow_null=True)
    stale_reason = OrNull()
    tags = serializers.SerializerMethodField()
    priority = serializers.SerializerMethodField()

    class Meta:
        model = Test
        fields = [
            "id",
            "project",
            "title",
            "version",
            "review_status",
            "reason",
            "reviewed_by",
            "reviewed_at",
            "approved_by_score",
            "stale_since",
            "stale_reason",
            "origin",
            "crawl_run",
            "family",
            "template",
            "page_url",
            "tags",
            "priority",
            "score",
            "evidence",
            "created_at",
            "updated_at",
        ]

    def get_reason(self, test: Test) -> str | None:
        """Why it is rejected; null in other states."""
        # The column keeps a rejection's reason for undo, when the test is in another state (decision 26).
        return test.reason or None if test.review_status == REJECTED else None

    def get_tags(self, test: Test) -> list[str]:
        return list(test.document.get("tags", []))

    def get_priority(self, test: Test) -> str:
        return str(test.document.get("priority", "medium"))


class TestDetailOut(TestOut):
    """A test with its document, and its steps in plain English."""

    in_words = serializers.SerializerMethodField()

    class Meta(TestOut.Meta):
        fields = [*TestOut.Meta.fields, "document", "in_words"]

    def get_in_words(self, test: Test) -> list[str]:
        return sentences(test.document)


class VersionOut(serializers.ModelSerializer[TestVersion]):
    author = serializers.CharField(source="author.username", default=None, allow_null=True)

    class Meta:
        model = TestVersion
        fields = ["number", "title", "document", "author", "created_at"]


class CommentOut(serializers.ModelSerializer[Comment]):
    author = serializers.CharField(source="author_name")

    class Meta:
        model = Comment
        fields = ["id", "author", "text", "created_at"]


class ReturnedOut(serializers.Serializer[Any]):
    """Which tests wait for review again."""

    changed = serializers.ListField(child=serializers.CharField())


class BulkOut(serializers.Serializer[Any]):
    """What a bulk action changed, and what it could not, with the reason."""

    changed = serializers.ListField(child=serializers.CharField())
    refused = serializers.DictField(child=serializers.CharField())
