"""What a notifier is: the settings that a channel gives it, and a way to send news of a run through a port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from runs.report import RunReport


class Undeliverable(Exception):
    """Trying again would change nothing; the message says what to put right."""

    def __init__(self, sentence: str, http_status: int | None = None) -> None:
        super().__init__(sentence)
        self.http_status = http_status


class NotNow(Exception):
    """It did not work this time; `after` is how many seconds the other side asks for, if it does."""

    def __init__(self, sentence: str, http_status: int | None = None, after: float | None = None) -> None:
        super().__init__(sentence)
        self.http_status, self.after = http_status, after


class Settings(BaseModel):
    """What a channel of one kind needs. Fields that are SecretStr are kept encrypted and never shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class News:
    """All that is told about a run; the same for every notifier."""

    key: str
    occasion: str
    report: RunReport
    url: str
    at: datetime
    signing_secret: str = field(default="", repr=False)
    gate_result: dict[str, Any] | None = None
    vitals_result: dict[str, Any] | None = None
    causes: tuple[dict[str, Any], ...] = ()
    commit: Mapping[str, Any] = field(default_factory=dict)
    # What earlier deliveries of the channel learnt about this run, and whether one may have arrived unnoticed.
    answer: Mapping[str, Any] = field(default_factory=dict)
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """It arrived; `answer` is kept for later deliveries of the same channel and run."""

    detail: str
    http_status: int | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered; the body is cut off after some kilobytes. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Web(Protocol):
    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """One request, no redirects. Raises Undeliverable for a forbidden address, NotNow where nobody answers."""


class Mail(Protocol):
    def send(self, message: EmailMessage) -> str:
        """Hands a message to the mail server; what that said. Raises Undeliverable, NotNow."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ways out, and what this process keeps from one delivery to the next (access tokens with their end)."""

    web: Web
    mail: Mail
    kept: dict[str, Any]
    github_api: str = "https://api.github.com"


def always(_settings: Mapping[str, Any], _commit: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Notifier:
    """One way to tell. `target` names the receiver without secrets; `addresses` are settings that hold a URL.

    A notifier that signs gets the project's signing secret with its news.

    `concerns` says whether a run of this commit is for a channel of these settings. A notifier that follows is told
    of every occasion in `occasions` of every run that concerns it, whatever the channel's own choice of runs. `trial`
    is how a channel is tried out where it cannot be by sending made-up news.
    """

    name: str
    words: str
    settings: type[Settings]
    send: Callable[[News, Any, Ports], Sent]
    target: Callable[[Any], str]
    addresses: tuple[str, ...] = ()
    occasions: tuple[str, ...] = ("ended",)
    follows: bool = False
    signs: bool = False
    concerns: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = always
    trial: Callable[[News, Any, Ports], Sent] | None = None
