"""A run sends no secret to an origin that it was not entered for: it is refused before it begins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from projects.entrusting import strange_sentence, strange_sign_ins
from projects.models import Project
from projects.models.entrusted import CREDENTIALS, HEADER, VARIABLE
from projects.models.project import Reachable
from runs.engine.plan import ACCOUNT, VISITOR
from runs.ledger.refusals import Refused

BRACES = re.compile(r"\{\{([^{}]+)\}\}")
CHOICE = "An admin can let it go there in the settings; otherwise run where it belongs, or without it."


@dataclass(frozen=True)
class Uses:
    """What a run will use of what is secret: sign-ins by name, and the variables that its tests name."""

    roles: frozenset[str]
    documents: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of_tests(cls, documents: Sequence[Mapping[str, Any]]) -> Uses:
        return cls(frozenset(str(document["auth"]) for document in documents if document.get("auth")), documents)

    @classmethod
    def of_crawl(cls, roles: Iterable[str]) -> Uses:
        """A crawl without roles goes as the project's own account."""
        return cls(frozenset(roles or (ACCOUNT,)) - {VISITOR})

    def sends(self, name: str) -> bool:
        """Whether the run would send this secret of its project or environment: headers go with every request."""
        if name.startswith(HEADER):
            return True
        if name == CREDENTIALS:
            return ACCOUNT in self.roles or any(variable.startswith(f"{ACCOUNT}.") for variable in self.variables)
        return name.removeprefix(VARIABLE) in self.variables

    @cached_property
    def variables(self) -> frozenset[str]:
        """What stands between braces anywhere in the tests."""
        # Names stand between the braces as people wrote them, so letters beyond ASCII must not be escaped.
        texts = (json.dumps(document, ensure_ascii=False) for document in self.documents)
        return frozenset(name.strip() for text in texts for name in BRACES.findall(text))


def entrusted(project: Project, holder: Reachable, base_url: str, uses: Uses) -> dict[str, list[str]]:
    """The secrets and sign-ins that the run may use, by name, for its snapshot. Raises Refused(secret_elsewhere)."""
    strange = holder.strange(base_url)
    for sentence in (*_strange(strange, base_url, uses), *strange_sign_ins(project.pk, uses.roles, base_url)):
        raise Refused("secret_elsewhere", f"{sentence} {CHOICE}")
    return {"secrets": [name for name in holder.origins if name not in strange], "roles": sorted(uses.roles)}


def _strange(strange: Mapping[str, list[str]], base_url: str, uses: Uses) -> Iterator[str]:
    return (strange_sentence(name, origins, base_url) for name, origins in strange.items() if uses.sends(name))
