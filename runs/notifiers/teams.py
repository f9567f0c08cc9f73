"""Microsoft Teams: an adaptive card through a channel's workflow address."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, SecretStr

from runs.notifiers.base import News, Notifier, Ports, Sent, Settings
from runs.notifiers.http import SecretUrl, as_json, host_of, post
from runs.notifiers.run_sentences import causes, facts, failing, headline

COLOURS = {"passed": "Good", "failed": "Attention"}


class Teams(Settings):
    url: Annotated[SecretStr, Field(title="Workflow address", min_length=1, max_length=2000), SecretUrl]


def card(news: News) -> dict[str, Any]:
    """Texts from outside stand in text runs, which show what they hold; a text block would read Markdown in them."""
    report = news.report
    colour = COLOURS.get(report.verdict or report.status, "Default")
    body = [
        _text(headline(report), size="Large", weight="Bolder", color=colour),
        *(_text(f"{name}: {value}") for name, value in facts(news)),
    ]
    for title, lines in (("Causes", causes(news)), ("Failing tests", failing(report))):
        if lines:
            body += [_text(title, weight="Bolder"), *(_text(line) for line in lines)]
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": f"Open {report.run}", "url": news.url}],
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}],
    }


def _text(text: str, **looks: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **looks}]}


def send(news: News, settings: Teams, ports: Ports) -> Sent:
    return post(news, settings.url.get_secret_value(), as_json(card(news)), ports)


NOTIFIER = Notifier(
    "teams", "Microsoft Teams", Teams, send, lambda settings: host_of(settings.url.get_secret_value()), ("url",)
)
