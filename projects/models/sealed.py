from __future__ import annotations

from django.db import models

from projects.secrets import Hidden, seal, unseal


class Sealed(models.Model):
    """What keeps secrets: named texts, encrypted together in one column."""

    sealed = models.TextField(default="", blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def secrets(self) -> dict[str, Hidden]:
        return unseal(self.sealed)

    def keep_secrets(self, **values: str | None) -> None:
        """Puts secrets in (a text) or takes them out (None); others stay. The row is not saved."""
        kept: dict[str, str] = {**self.secrets}
        for name, value in values.items():
            if value is None:
                kept.pop(name, None)
            else:
                kept[name] = value
        self.sealed = seal(kept)
