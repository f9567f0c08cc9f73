"""What goes out of channels and deliveries."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.api.serializers import PublicId
from projects.models import Channel
from projects.secrets import SecretUnreadable
from runs import delivering
from runs.api.serializers import OrNull, Public
from runs.models import Delivery, DeliveryTry


class ChannelOut(serializers.ModelSerializer[Channel]):
    """A channel without its secrets: `secrets` names those that are kept, `target` says where it goes."""

    id = PublicId()
    project = Public("PRJ", "project_id")
    target = serializers.SerializerMethodField()
    secrets = serializers.SerializerMethodField()

    class Meta:
        model = Channel
        fields = [
            "id",
            "project",
            "kind",
            "name",
            "enabled",
            "when",
            "target",
            "settings",
            "secrets",
            "created_at",
            "updated_at",
        ]

    def get_target(self, row: Channel) -> str | None:
        return delivering.target_of(row)

    def get_secrets(self, row: Channel) -> list[str]:
        try:
            # A channel whose key is lost is still shown: its secrets can only be entered anew.
            return sorted(row.secrets)
        except SecretUnreadable:
            return []


class TryOut(serializers.ModelSerializer[DeliveryTry]):
    class Meta:
        model = DeliveryTry
        fields = ["number", "at", "duration_ms", "sent", "http_status", "detail"]


class DeliveryOut(serializers.ModelSerializer[Delivery]):
    """Something owed because of a run, with the log of its tries. `key` is the same on every try."""

    run = Public("RUN", "run_id")
    channel = Public("CH", "channel_id", allow_null=True)
    error = OrNull()
    log = TryOut(many=True)

    class Meta:
        model = Delivery
        fields = [
            "id",
            "run",
            "kind",
            "occasion",
            "channel",
            "key",
            "state",
            "tries",
            "next_try_at",
            "error",
            "created_at",
            "settled_at",
            "log",
        ]


class TriedOut(serializers.Serializer[Any]):
    """What the receiver of a test message said."""

    detail = serializers.CharField()


class SecretOut(serializers.Serializer[Any]):
    secret = serializers.CharField()
