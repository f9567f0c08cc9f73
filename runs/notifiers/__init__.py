"""Ways to tell people and machines about a run: pure functions of news, settings and a port."""

from __future__ import annotations

from runs.notifiers import callback, email, github, teams, webhook
from runs.notifiers.base import Notifier

NOTIFIERS: dict[str, Notifier] = {
    "callback": callback.NOTIFIER,
    "teams": teams.NOTIFIER,
    "email": email.NOTIFIER,
    "webhook": webhook.NOTIFIER,
    "github": github.NOTIFIER,
}

# A callback's address comes with the run; the others are set up as channels of a project.
CHANNELS: dict[str, Notifier] = {name: notifier for name, notifier in NOTIFIERS.items() if name != "callback"}
