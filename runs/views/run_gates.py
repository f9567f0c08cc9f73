"""What a project asks of its test runs: quality gates and web-vitals budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from projects.access import QA_LEAD, VIEWER
from projects.models import Project
from projects.place import SignedInRequest, page, place_of
from runs.gates import BUDGETS, GATES


class Limits(forms.Form):
    """A limit per name; what is left empty is not asked for. `kept` is the project's column."""

    kept: str
    kinds: Mapping[str, Any]

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(data, initial=getattr(project, self.kept), prefix=self.kept)
        for name, kind in self.kinds.items():
            self.fields[name] = self.field(kind)

    @staticmethod
    def field(kind: Any) -> forms.Field:
        raise NotImplementedError

    @property
    def limits(self) -> dict[str, float]:
        return {name: limit for name, limit in self.cleaned_data.items() if limit is not None}


def _number(kind: Any, label: str, help_text: str = "") -> forms.Field:
    return forms.FloatField(
        label=label, min_value=kind.low, max_value=kind.high, required=False, help_text=help_text, step_size=None
    )


class GateLimits(Limits):
    kept, kinds = "quality_gates", GATES
    title = "Quality gates"
    text = (
        "A pass rate is one of the tests that were to be executed: what is skipped for the budget, for want of impact, "
        "in quarantine or as stale does not count, what a failed dependency skipped does."
    )

    @staticmethod
    def field(kind: Any) -> forms.Field:
        return _number(kind, kind.words.capitalize())


class BudgetLimits(Limits):
    kept, kinds = "web_vitals_budgets", BUDGETS
    title = "Web-vitals budgets"
    text = "Held against the worst page of every test. A test over a budget is named with its page, and the run fails."

    @staticmethod
    def field(kind: Any) -> forms.Field:
        unit = f" {kind.unit}" if kind.unit else ""
        label = f"{kind.words} ({kind.name.upper()}{',' if unit else ''}{unit})"
        return _number(kind, label, f"Good is {kind.good:g}{unit} or less.")


@page
def quality(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project, QA_LEAD if request.method == "POST" else VIEWER)
    part = request.POST.get("part")
    forms_ = [kind(place.project, request.POST if part == kind.kept else None) for kind in (GateLimits, BudgetLimits)]
    for form in forms_:
        if form.is_bound and form.is_valid():
            setattr(place.project, form.kept, form.limits)
            place.project.save(update_fields=[form.kept, "updated_at"])
            messages.success(request, "Saved. Runs that end from now on are judged by it.")
            return redirect("quality", project)
    gates, budgets = forms_
    context = {"here": "settings", "tab": "quality", "place": place, "gates": gates, "budgets": budgets}
    return render(request, "runs/quality.html", context, status=422 if gates.errors or budgets.errors else 200)
