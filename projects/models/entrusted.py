from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import models

from projects.models.sealed import Sealed
from projects.origins import origin_of, trusts

CREDENTIALS, HEADER, VARIABLE = "credentials", "header ", "variable "


class Entrusted(Sealed):
    """What keeps secrets of an application. `origins` says of each, by its name, which origins it was entered for.

    Names are credentials, "header X-Key" and "variable api_key"; the credentials are several texts in `sealed`, the
    others are kept there under their names.
    """

    origins = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def address(self) -> str:
        """Where the application answers."""
        raise NotImplementedError

    def keep_credentials(self, **values: str | None) -> None:
        """Puts texts of the sign-in in, for the present address where no origins are known. The row is not saved."""
        self.entrust(CREDENTIALS, self.origins.get(CREDENTIALS) or [self.address], values)

    def entrust(self, name: str, origins: Iterable[str], values: Mapping[str, str | None]) -> None:
        """Puts the texts of a secret in, for these origins. The row is not saved."""
        self.keep_secrets(**values)
        self.origins = {**self.origins, name: list(dict.fromkeys(origin_of(origin) for origin in origins))}

    def forget(self, name: str, keys: Iterable[str]) -> None:
        """Takes the texts of a secret out. The row is not saved."""
        self.keep_secrets(**dict.fromkeys(keys))
        self.origins = {kept: origins for kept, origins in self.origins.items() if kept != name}

    def strange(self, url: str) -> dict[str, list[str]]:
        """The secrets that may not be sent to an address, each with the origins that it was entered for."""
        return {name: origins for name, origins in self.origins.items() if not trusts(origins, url)}

    def let_follow(self, url: str) -> list[str]:
        """Entrusts every secret to an address as well; which ones are new to it. The row is not saved."""
        moved = list(self.strange(url))
        self.origins = {
            name: [*origins, origin_of(url)] if name in moved else origins for name, origins in self.origins.items()
        }
        return moved

    def names_of(self, kind: str) -> list[str]:
        """The secret headers, or variables."""
        return [name.removeprefix(kind) for name in self.origins if name.startswith(kind)]
