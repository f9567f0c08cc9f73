"""The form of a project's route map: which files of the application show on which of its paths."""

from __future__ import annotations

from typing import Any

from django import forms
from pydantic import TypeAdapter, ValidationError

from projects.api.error_sentences import by_field
from projects.models import Project
from projects.pairs import Pairs
from runs.engine.plan import RouteMap

ROUTE_MAP: TypeAdapter[dict[str, tuple[str, ...]]] = TypeAdapter(RouteMap)


class RoutesForm(forms.Form):
    """One `files=/path /path` a line."""

    routes = Pairs(
        separator="=",
        label="Files and the paths that they show on",
        help_text="Such as server/cart/=/cart /checkout, one a line; * and ? match. Without it, files of screens are"
        " known by their place, and any other file runs all tests.",
    )

    def __init__(self, project: Project, data: Any = None) -> None:
        kept: dict[str, list[str]] = project.settings.get("route_map", {})
        initial = {"routes": {pattern: " ".join(paths) for pattern, paths in kept.items()}}
        super().__init__(data, prefix="routes", initial=initial)

    def clean_routes(self) -> dict[str, str]:
        written: dict[str, str] = self.cleaned_data["routes"]
        try:
            found = ROUTE_MAP.validate_python({pattern: paths.split() for pattern, paths in written.items()})
        except ValidationError as error:
            sentences = [f"{place}: {text}" for place, texts in by_field(error).items() for text in texts]
            raise forms.ValidationError(sentences) from error
        self.route_map = {pattern: list(paths) for pattern, paths in found.items()}
        return written
