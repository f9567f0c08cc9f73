"""The first visit: one page makes the account, its workspace and a project, and starts the first crawl."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from pydantic import ValidationError

from projects.account_forms import AccountForm
from projects.api.error_sentences import by_field
from projects.api.inputs import NewProject
from projects.first import SomebodyWasFirst, first_account, is_operator, nobody_yet
from projects.forms import AddressFormField
from projects.models import Project, Workspace
from projects.place import place_of
from runs import ledger
from runs.engine.plan import CrawlOptions
from runs.views.overview import run_request


class FirstForm(AccountForm):
    """Four fields: who you are, twice; what your work is called; where the application is."""

    workspace = forms.CharField(max_length=120, initial="Quality", help_text="The name of your team")
    url = AddressFormField(
        label="Address of the application",
        max_length=2000,
        required=False,
        help_text="Sentri crawls it at once, e.g. https://shop.example. Leave it empty to do that later.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("url"):
            try:
                NewProject(name=_name_of(cleaned["url"]), url=cleaned["url"])
            except ValidationError as problem:
                self.add_error("url", [sentence for some in by_field(problem).values() for sentence in some])
        return cleaned


def _name_of(url: str) -> str:
    return url.split("://", 1)[-1].split("/", 1)[0][:120] or url[:120]


@never_cache
def first_visit(request: HttpRequest) -> HttpResponse:
    if not nobody_yet():
        return redirect("home")
    if not is_operator(request):
        return render(request, "runs/first_elsewhere.html", status=403)
    form = FirstForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or not form.is_valid():
        return render(request, "runs/first.html", {"form": form}, status=422 if form.is_bound else 200)
    given = form.cleaned_data
    try:
        with transaction.atomic():
            # It looks again under a lock: of several who send the page at once one becomes the first (decision 37).
            user, workspace = first_account(given["username"], given["password"], given["workspace"])
            project = _project(workspace, given["url"])
    except SomebodyWasFirst:
        messages.error(request, "Somebody has just made the first account. Sign in, or ask them for an invitation.")
        return redirect("sign-in")
    login(request, user)
    return _begun(request, project) if project else redirect("home")


def _project(workspace: Workspace, url: str) -> Project | None:
    return Project.objects.create(workspace=workspace, name=_name_of(url), url=url) if url else None


def _begun(request: Any, project: Project) -> HttpResponse:
    place = place_of(request, project.pk)
    place.note("project created", project.public_id, project.name)
    try:
        run = ledger.open_crawl(run_request(request, place), CrawlOptions())
    except ledger.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("project", project.public_id)
    messages.success(request, "Welcome. Sentri visits the application now, and proposes tests when it knows it.")
    return redirect("run", run.public_id)
