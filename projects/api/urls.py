"""Addresses below /api/v1/ that know nothing of runs; `runs.api.urls` adds the others."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import AllowAny

from projects.api.auth_profiles import AuthProfileDetail, AuthProfileList
from projects.api.environments import EnvironmentDetail, EnvironmentList
from projects.api.me import Me
from projects.api.members import (
    ActivityList,
    InvitationDetail,
    InvitationList,
    MemberDetail,
    MemberList,
    WorkspaceList,
)
from projects.api.reference import docs
from projects.api.tokens import PersonalTokenDetail, PersonalTokenList, ProjectTokenDetail, ProjectTokenList

OPEN: dict[str, Any] = {"permission_classes": [AllowAny], "throttle_classes": []}

urlpatterns = [
    path("schema", SpectacularJSONAPIView.as_view(**OPEN), name="api-schema"),
    path("docs", docs, name="api-docs"),
    path("me", Me.as_view()),
    path("workspaces", WorkspaceList.as_view()),
    path("workspaces/<str:workspace>/members", MemberList.as_view()),
    path("workspaces/<str:workspace>/members/<str:member>", MemberDetail.as_view()),
    path("workspaces/<str:workspace>/invitations", InvitationList.as_view()),
    path("workspaces/<str:workspace>/invitations/<str:invitation>", InvitationDetail.as_view()),
    path("workspaces/<str:workspace>/activity", ActivityList.as_view()),
    path("tokens", PersonalTokenList.as_view()),
    path("tokens/<str:token>", PersonalTokenDetail.as_view()),
    path("projects/<str:project>/environments", EnvironmentList.as_view()),
    path("projects/<str:project>/environments/<str:environment>", EnvironmentDetail.as_view()),
    path("projects/<str:project>/auth-profiles", AuthProfileList.as_view()),
    path("projects/<str:project>/auth-profiles/<str:profile>", AuthProfileDetail.as_view()),
    path("projects/<str:project>/tokens", ProjectTokenList.as_view()),
    path("projects/<str:project>/tokens/<str:token>", ProjectTokenDetail.as_view()),
]
