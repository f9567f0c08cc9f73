from __future__ import annotations

from django.db import models
from django.db.models import Q

from projects.models import Channel
from runs import states
from runs.models.run import Run, choices


class Delivery(models.Model):
    """Something owed to the outside because of a run: written with what caused it, sent by workers afterwards."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="deliveries")
    kind = models.CharField(max_length=20, help_text="name of a notifier, or feedback")
    occasion = models.CharField(max_length=10, help_text="queued, started or ended")
    # The log of deliveries outlives the channel.
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True, blank=True, related_name="deliveries")
    # By this a receiver knows what it has been sent before (R19).
    key = models.CharField(max_length=120, unique=True, help_text="idempotency key, the same for every try")
    state = models.CharField(max_length=8, choices=choices(states.DELIVERY_STATES), default=states.OWED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(help_text="not before")
    queued_at = models.DateTimeField(null=True, blank=True, help_text="when its last queue message was sent")
    claimed_until = models.DateTimeField(null=True, blank=True, help_text="a worker is at it until then")
    answer = models.JSONField(default=dict, blank=True, help_text="what later deliveries need, e.g. a check's id")
    error = models.CharField(max_length=1000, default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["next_try_at"], condition=Q(state=states.OWED), name="delivery_owed")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=states.OWED, settled_at=None) | ~Q(state=states.OWED) & Q(settled_at__isnull=False),
                name="a_settled_delivery_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.kind} {self.occasion}"


class DeliveryTry(models.Model):
    """One try of a delivery: the log."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="log")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    sent = models.BooleanField()
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    detail = models.CharField(max_length=1000, default="", blank=True)

    class Meta:
        ordering = ["number"]
        verbose_name_plural = "delivery tries"
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="one_try_of_a_number")]

    def __str__(self) -> str:
        return f"{self.delivery} try {self.number}"
