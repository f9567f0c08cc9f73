"""The mail port: one server for the whole installation, given as smtp://user:password@host:587?tls=starttls."""

from __future__ import annotations

import smtplib
import ssl
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from runs.notifiers.base import NotNow, Undeliverable

SECONDS = 10.0
PORTS = {"starttls": 587, "implicit": 465, "none": 25}


class BadMailServer(ValueError):
    """The address of the mail server cannot be understood; the message says what to write."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    host: str
    port: int
    tls: str
    username: str = ""
    password: str = field(default="", repr=False)


def server_of(url: str) -> SmtpServer:
    """What the address says. smtps:// is TLS from the first byte, smtp:// STARTTLS unless it says tls=none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadMailServer(f"it is no address: {error}") from error
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise BadMailServer("write it as smtp://user:password@host:587?tls=starttls")
    given = parse_qs(parts.query)
    tls = given.pop("tls", ["implicit" if parts.scheme == "smtps" else "starttls"])[0]
    if given or tls not in PORTS:
        raise BadMailServer("after the ? only tls=starttls, tls=implicit or tls=none is known")
    return SmtpServer(
        parts.hostname, port or PORTS[tls], tls, unquote(parts.username or ""), unquote(parts.password or "")
    )


@dataclass(frozen=True, slots=True)
class Smtp:
    """Hands letters to the server at `url`, from `sender`."""

    url: str = field(repr=False)
    sender: str
    seconds: float = SECONDS

    def send(self, message: EmailMessage) -> str:
        if not self.url:
            raise Undeliverable("No mail server is set up; set SENTRI_SMTP_URL and SENTRI_MAIL_FROM.")
        try:
            server = server_of(self.url)
        except BadMailServer as error:
            raise Undeliverable(f"SENTRI_SMTP_URL cannot be used: {error}.") from error
        message["From"] = self.sender
        try:
            return self._handed_over(server, message)
        except (smtplib.SMTPException, OSError) as error:
            raise _named(server, error) from error

    def _handed_over(self, server: SmtpServer, message: EmailMessage) -> str:
        until = time.monotonic() + self.seconds
        with self._connected(server) as smtp:
            if server.tls == "starttls":
                # Without a context of its own smtplib checks no certificate.
                smtp.starttls(context=ssl.create_default_context())
            if server.username:
                # The time-out of smtplib counts anew for each answer; what is left of the try bounds all of them.
                _limit(smtp, until)
                smtp.login(server.username, server.password)
            _limit(smtp, until)
            refused = smtp.send_message(message)
        lost = f", but not for {', '.join(sorted(refused))}" if refused else ""
        return f"{server.host} took the message{lost}."

    def _connected(self, server: SmtpServer) -> smtplib.SMTP:
        if server.tls == "implicit":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=self.seconds, context=context)
        return smtplib.SMTP(server.host, server.port, timeout=self.seconds)


def _limit(smtp: smtplib.SMTP, until: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(max(0.1, until - time.monotonic()))


def _named(server: SmtpServer, error: Exception) -> Exception:
    """What went wrong, and by its kind whether it makes sense to try again."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return Undeliverable(f"{server.host} refuses the user name or password: {_said(error)}.")
        case smtplib.SMTPSenderRefused() | smtplib.SMTPDataError() | smtplib.SMTPHeloError():
            return _by_code(error.smtp_code, f"{server.host} refuses the message: {_said(error)}.")
        case smtplib.SMTPRecipientsRefused():
            answers = error.recipients.items()
            said = "; ".join(f"{to}: {code} {text.decode(errors='replace')}" for to, (code, text) in answers)
            # A recipient that is refused for now is worth another try, whatever is said of the others.
            lowest = min(code for _, (code, _) in answers)
            return _by_code(lowest, f"{server.host} takes none of the recipients: {said[:300]}.")
        case smtplib.SMTPNotSupportedError():
            return Undeliverable(f"{server.host} cannot do what SENTRI_SMTP_URL asks for: {error}.")
        case ssl.SSLCertVerificationError():
            return Undeliverable(f"{server.host} has a certificate that is not trusted: {error.verify_message}.")
    return NotNow(f"{server.host}:{server.port} cannot be reached: {str(error)[:200]}.")


def _said(error: smtplib.SMTPResponseException) -> str:
    text = error.smtp_error
    return f"{error.smtp_code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"[:300]


def _by_code(code: int, sentence: str) -> Exception:
    """4yz asks to come again, 5yz never changes."""
    return Undeliverable(sentence) if code >= 500 else NotNow(sentence)
