"""Where a page stands: a project, and what the person may do in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery, Value
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from projects.access import ADMIN, QA_LEAD, VIEWER, Forbidden, name_of, sees_all, visible_to, workspaces_of
from projects.entrusting import TrustChange
from projects.models import Activity, Membership, Project, Workspace
from projects.models.workspace import RANK, Role

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request of a signed-in person."""

    htmx: HtmxDetails
    user: User


@dataclass
class Place:
    """A project and the person's role in it; what a page asks before it shows a button."""

    project: Project
    role: str
    person: User

    @property
    def may_work(self) -> bool:
        return RANK[Role(self.role)] >= RANK[QA_LEAD]

    @property
    def may_administer(self) -> bool:
        return RANK[Role(self.role)] >= RANK[ADMIN]

    @cached_property
    def waiting(self) -> int:
        """How many tests wait for review."""
        return self.project.tests.alive().filter(review_status="draft").count()

    def note(self, verb: str, subject: str, detail: str = "") -> None:
        """One line in the project's log of activity."""
        Activity.objects.create(
            project=self.project,
            actor=self.person,
            actor_name=name_of(self.person)[:160],
            verb=verb,
            subject=subject,
            detail=detail[:500],
        )

    def note_all(self, subject: str, changes: Iterable[TrustChange]) -> None:
        for change in changes:
            self.note(change.verb, subject, change.detail)

    def require(self, needed: str) -> None:
        """Raises PermissionDenied with one sentence where the role is too low."""
        if RANK[Role(self.role)] < RANK[Role(needed)]:
            raise PermissionDenied(str(Forbidden(needed)))


def place_of(request: SignedInRequest, project: str | int, needed: str = VIEWER) -> Place:
    """The place of a project by its public id or row number. 404 for strangers, 403 where the role is too low."""
    role: Any = Subquery(
        Membership.objects.filter(user=request.user, workspace=OuterRef("workspace")).values("role")[:1]
    )
    if sees_all(request.user):
        role = Value(ADMIN.value)
    found: Any = visible_to(request.user).select_related("workspace").annotate(role=role)
    try:
        row = found.by_public_id(project) if isinstance(project, str) else found.get(pk=project)
    except Project.DoesNotExist as error:
        raise Http404 from error
    place = Place(row, row.role, request.user)
    place.require(needed)
    return place


@dataclass
class Team:
    """A workspace and the person's role in it."""

    workspace: Workspace
    role: str
    person: User

    @property
    def may_administer(self) -> bool:
        return RANK[Role(self.role)] >= RANK[ADMIN]

    def require(self, needed: str) -> None:
        """Raises PermissionDenied with one sentence where the role is too low."""
        if RANK[Role(self.role)] < RANK[Role(needed)]:
            raise PermissionDenied(str(Forbidden(needed)))


def team_of(request: SignedInRequest, slug: str, needed: str = VIEWER) -> Team:
    """The workspace with this slug. 404 for strangers, 403 where the role is too low."""
    row = workspaces_of(request.user).filter(slug=slug).first()
    if row is None:
        raise Http404
    team = Team(row, row.role, request.user)
    team.require(needed)
    return team


def page(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A view for people who are signed in; others go to the sign-in page and come back.

    What no database looks for, a null character, is left out of what the address asks for.
    """

    @wraps(view)
    def shown(request: Any, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.user.is_authenticated:
            request.GET = _searchable(request.GET)
            return view(request, *args, **kwargs)
        if request.htmx:
            here = urlsplit(request.htmx.current_url or "/")
            return HttpResponseClientRedirect(redirect_to_login(here.path).url)
        return redirect_to_login(request.get_full_path() if request.method == "GET" else _written_on(request))

    return cast(Callable[Concatenate[HttpRequest, P], HttpResponse], shown)


def _written_on(request: HttpRequest) -> str:
    """The page that a form stands on: what takes the form may show nothing."""
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure())
    return urlsplit(page)._replace(scheme="", netloc="").geturl() if page and ours else request.get_full_path()


def _searchable(given: QueryDict) -> QueryDict:
    kept = given.copy()
    for name, values in given.lists():
        kept.setlist(name, [value.replace("\0", "") for value in values])
    return kept
