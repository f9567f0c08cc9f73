"""Workspaces, who belongs to them in which role, and links by which others join."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from projects import membership
from projects.access import ADMIN, sees_all, with_project_counts, workspaces_of
from projects.account_forms import InvitationForm, WorkspaceForm
from projects.models import Invitation, Membership
from projects.models.workspace import MEANING, RANK, Role
from projects.once import show_once, shown_once
from projects.place import SignedInRequest, Team, page, team_of


@page
def workspaces(request: SignedInRequest) -> HttpResponse:
    may_create = sees_all(request.user)
    form = WorkspaceForm(request.POST if request.method == "POST" and may_create else None)
    if form.is_bound and form.is_valid():
        made = form.save()
        Membership.objects.create(workspace=made, user=request.user, role=ADMIN)
        membership.note(made, request.user, "workspace created", made.slug, made.name)
        return redirect("workspace", made.slug)
    rows = with_project_counts(workspaces_of(request.user))
    mine = [(row, Role(row.role).label, row.memberships.count()) for row in rows]
    context = {"here": "workspaces", "rows": mine, "form": form if may_create else None}
    return render(request, "projects/workspaces.html", context, status=422 if form.errors else 200)


@page
@never_cache
def members(request: SignedInRequest, workspace: str) -> HttpResponse:
    return _shown(request, team_of(request, workspace), InvitationForm())


def _shown(request: SignedInRequest, team: Team, form: InvitationForm) -> HttpResponse:
    rows = sorted(
        team.workspace.memberships.select_related("user"),
        key=lambda row: (-RANK[Role(row.role)], row.user.get_username().casefold()),
    )
    context = {
        "here": "workspaces",
        "team": team,
        "rows": rows,
        "roles": [(role.label, MEANING[role]) for role in Role],
        "choices": Role.choices,
    }
    if team.may_administer:
        link = shown_once(request, f"invitation {team.workspace.slug}")
        open_ones = team.workspace.invitations.open().select_related("invited_by")
        context |= {"form": form, "link": link, "invitations": open_ones.order_by("-pk")}
    return render(request, "projects/members.html", context, status=422 if form.errors else 200)


@page
@require_POST
def change(request: SignedInRequest, workspace: str, member: int) -> HttpResponse:
    team = team_of(request, workspace, ADMIN)
    role = request.POST.get("role", "")
    if role not in Role.values:
        messages.error(request, "Nothing was changed: choose one of the roles.")
        return redirect("workspace", workspace)
    try:
        row = membership.give_role(team.workspace, member, role, request.user)
    except Membership.DoesNotExist as error:
        raise Http404 from error
    except membership.NotPossible as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, f"{row.user.get_username()} is {Role(row.role).label} now.")
    return redirect("workspace", workspace)


@page
@require_POST
def remove(request: SignedInRequest, workspace: str, member: int) -> HttpResponse:
    """Admins remove anybody, and everybody may leave."""
    team = team_of(request, workspace)
    leaving = team.workspace.memberships.filter(pk=member, user=request.user).exists()
    if not leaving:
        team.require(ADMIN)
    try:
        row = membership.remove(team.workspace, member, request.user)
    except Membership.DoesNotExist as error:
        raise Http404 from error
    except membership.NotPossible as problem:
        messages.error(request, str(problem))
        return redirect("workspace", workspace)
    who = "You have" if leaving else f"{row.user.get_username()} has"
    messages.success(request, f"{who} left {team.workspace.name}.")
    return redirect("workspaces") if leaving and not sees_all(request.user) else redirect("workspace", workspace)


@page
@require_POST
def invite(request: SignedInRequest, workspace: str) -> HttpResponse:
    team = team_of(request, workspace, ADMIN)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _shown(request, team, form)
    given = form.cleaned_data
    _, text = membership.invite(team.workspace, given["role"], request.user, given["note"])
    link = request.build_absolute_uri(reverse("invitation", args=[text]))
    show_once(request, f"invitation {team.workspace.slug}", link)
    return redirect("workspace", workspace)


@page
@require_POST
def revoke(request: SignedInRequest, workspace: str, invitation: str) -> HttpResponse:
    team = team_of(request, workspace, ADMIN)
    try:
        row = Invitation.objects.filter(workspace=team.workspace).by_public_id(invitation)
    except Invitation.DoesNotExist as error:
        raise Http404 from error
    membership.revoke(team.workspace, row, request.user)
    messages.success(request, "The invitation was revoked: its link leads nowhere any more.")
    return redirect("workspace", workspace)
