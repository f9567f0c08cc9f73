"""E-mail: the same words as text and as HTML."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Annotated

from pydantic import AfterValidator, Field

from runs.notifiers.base import News, Notifier, Ports, Sent, Settings
from runs.notifiers.run_sentences import causes, facts, failing, headline

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


def _mail_address(text: str) -> str:
    # Without commas, spaces and line breaks it begins neither another recipient nor another header.
    if not ADDRESS.fullmatch(text):
        raise ValueError(f"'{text[:60]}' is not a mail address; write it as ada@example.com.")
    return text


Address = Annotated[str, Field(max_length=254), AfterValidator(_mail_address)]


class Email(Settings):
    to: Annotated[
        tuple[Address, ...], Field(title="To", description="One address a line.", min_length=1, max_length=20)
    ]


def message(news: News, settings: Email) -> EmailMessage:
    """The letter; its Message-ID is made of the delivery's key, so that a repeated one is recognised."""
    letter = EmailMessage()
    letter["To"] = ", ".join(settings.to)
    letter["Subject"] = headline(news.report)[:200]
    letter["Date"] = format_datetime(news.at)
    letter["Message-ID"] = f"<{news.key.replace(':', '.')}@sentri>"
    letter["X-Sentri-Delivery"] = news.key
    # By this nobody's absence note is sent in answer (RFC 3834).
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(_text(news))
    letter.add_alternative(_html(news), subtype="html")
    return letter


def _parts(news: News) -> list[tuple[str, list[str]]]:
    return [("Causes", causes(news)), ("Failing tests", failing(news.report))]


def _text(news: News) -> str:
    lines = [headline(news.report), "", *(f"{name}: {value}" for name, value in facts(news))]
    for title, listed in _parts(news):
        if listed:
            lines += ["", f"{title}:", *(f"- {line}" for line in listed)]
    return "\n".join([*lines, "", news.url, ""])


def _html(news: News) -> str:
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in facts(news))
    lists = "".join(
        f"<h3>{title}</h3><ul>{''.join(f'<li>{escape(line)}</li>' for line in listed)}</ul>"
        for title, listed in _parts(news)
        if listed
    )
    link = f'<p><a href="{escape(news.url, quote=True)}">Open {escape(news.report.run)}</a></p>'
    return f"<html><body><h2>{escape(headline(news.report))}</h2><table>{rows}</table>{lists}{link}</body></html>"


def send(news: News, settings: Email, ports: Ports) -> Sent:
    return Sent(ports.mail.send(message(news, settings)))


NOTIFIER = Notifier("email", "E-mail", Email, send, lambda settings: ", ".join(settings.to))
