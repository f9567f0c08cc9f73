from projects.models.activity import Activity
from projects.models.auth_profile import AuthProfile, Session, UsedCode
from projects.models.channel import Channel
from projects.models.environment import Environment
from projects.models.project import Project
from projects.models.sign_in import FailedSignIns
from projects.models.test import Comment, Test, TestVersion
from projects.models.token import ApiToken, IdempotentReply
from projects.models.workspace import Invitation, Membership, Workspace

__all__ = [
    "Activity",
    "ApiToken",
    "AuthProfile",
    "Channel",
    "Comment",
    "Environment",
    "FailedSignIns",
    "IdempotentReply",
    "Invitation",
    "Membership",
    "Project",
    "Session",
    "Test",
    "TestVersion",
    "UsedCode",
    "Workspace",
]
