from projects.models.activity import Activity
from projects.models.channel import Channel
from projects.models.environment import Environment
from projects.models.project import Project
from projects.models.test import Test, TestVersion
from projects.models.token import ApiToken, IdempotentReply
from projects.models.workspace import Membership, Workspace

__all__ = [
    "Activity",
    "ApiToken",
    "Channel",
    "Environment",
    "IdempotentReply",
    "Membership",
    "Project",
    "Test",
    "TestVersion",
    "Workspace",
]
