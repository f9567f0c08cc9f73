from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from projects.views import (
    account,
    activity,
    auth_profiles,
    creating,
    environments,
    joining,
    members,
    settings,
    signing_in,
    tokens,
    values,
)

SETTINGS = "projects/<str:project>/settings"
WORKSPACE = "workspaces/<slug:workspace>"

urlpatterns = [
    path("sign-in", signing_in.SignIn.as_view(), name="sign-in"),
    path("session", signing_in.session, name="session"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
    path("account", account.account, name="account"),
    path("account/password", account.password, name="password"),
    path("account/tokens/<int:token>/revoke", account.revoke, name="revoke-personal-token"),
    path("workspaces", members.workspaces, name="workspaces"),
    path(WORKSPACE, members.members, name="workspace"),
    path(f"{WORKSPACE}/activity", activity.of_workspace, name="workspace-activity"),
    path(f"{WORKSPACE}/members/<int:member>", members.change, name="member"),
    path(f"{WORKSPACE}/members/<int:member>/remove", members.remove, name="remove-member"),
    path(f"{WORKSPACE}/invitations", members.invite, name="invite"),
    path(f"{WORKSPACE}/invitations/<str:invitation>/revoke", members.revoke, name="revoke-invitation"),
    path("invitations/<str:text>", joining.invitation, name="invitation"),
    path("projects/new", creating.new_project, name="new-project"),
    path(SETTINGS, settings.general, name="settings"),
    path(f"{SETTINGS}/credentials", settings.credentials, name="credentials"),
    path(f"{SETTINGS}/values", values.values, name="values"),
    path(f"{SETTINGS}/environments", environments.environments, name="environments"),
    path(f"{SETTINGS}/environments/new", environments.new_environment, name="new-environment"),
    path(f"{SETTINGS}/environments/<str:environment>", environments.environment, name="environment"),
    path(
        f"{SETTINGS}/environments/<str:environment>/delete", environments.delete_environment, name="delete-environment"
    ),
    path(f"{SETTINGS}/sign-ins", auth_profiles.auth_profiles, name="auth-profiles"),
    path(f"{SETTINGS}/sign-ins/new/<str:kind>", auth_profiles.new_auth_profile, name="new-auth-profile"),
    path(f"{SETTINGS}/sign-ins/<str:profile>", auth_profiles.auth_profile, name="auth-profile"),
    path(f"{SETTINGS}/sign-ins/<str:profile>/delete", auth_profiles.delete_auth_profile, name="delete-auth-profile"),
    path(f"{SETTINGS}/activity", activity.of_project, name="activity"),
    path(f"{SETTINGS}/tokens", tokens.tokens, name="tokens"),
    path(f"{SETTINGS}/tokens/<int:token>/revoke", tokens.revoke, name="revoke-token"),
]
