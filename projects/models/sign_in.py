from __future__ import annotations

from django.db import models


class FailedSignIns(models.Model):
    """How often signing in was tried in vain since a window began; `key` is a digest of what is counted."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    until = models.DateTimeField(db_index=True, help_text="when the window ends")

    def __str__(self) -> str:
        return f"{self.count} until {self.until}"
