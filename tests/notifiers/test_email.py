"""E-mail through a real SMTP exchange on loopback."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from pydantic import ValidationError

from runs.notifiers import email
from runs.notifiers.base import NotNow, Undeliverable
from runs.notifiers.smtp import BadMailServer, Smtp, SmtpServer, server_of
from tests.notifiers.conftest import news, ports, report

TO = email.Email(to=("ada@shop.test", "grace@shop.test"))


class Mailbox:
    """What a mail server took, and what it answers."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.tls: list[bool] = []
        self.recipients: dict[str, str] = {}
        self.data = "250 OK: queued as 7"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, to: str, _options: Any) -> str:
        if to in self.recipients:
            return self.recipients[to]
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Envelope) -> str:
        if self.data.startswith("250"):
            self.envelopes.append(envelope)
            self.tls.append(session.ssl is not None)
        return self.data


def letter_in(box: Mailbox) -> EmailMessage:
    (envelope,) = box.envelopes
    content = envelope.content
    assert isinstance(content, bytes)
    found = message_from_bytes(content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


@contextmanager
def mail_server(box: Mailbox, **options: Any) -> Iterator[int]:
    class Quick(Controller):
        def factory(self) -> SMTP:
            return SMTP(self.handler, hostname="mail.test", **options)

    controller = Quick(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def box() -> Mailbox:
    return Mailbox()


def send(port: int, query: str = "?tls=none", user: str = "", about: Any = None) -> str:
    mail = Smtp(f"smtp://{user}localhost:{port}{query}", "Sentri <sentri@shop.test>", seconds=5)
    return email.send(about or news(key="RUN-42:email:CH-2:ended"), TO, ports(mail=mail)).detail


def test_a_letter_reaches_all_its_recipients_as_text_and_html(box: Mailbox) -> None:
    with mail_server(box) as port:
        assert send(port) == "localhost took the message."
    (envelope,) = box.envelopes
    assert envelope.rcpt_tos == ["ada@shop.test", "grace@shop.test"]
    assert envelope.mail_from == "sentri@shop.test"
    letter = letter_in(box)
    assert letter["Subject"] == "Shop: 12 of 18 tests failed"
    assert letter["From"] == "Sentri <sentri@shop.test>"
    assert letter["X-Sentri-Delivery"] == "RUN-42:email:CH-2:ended"
    assert letter["Message-ID"] == "<RUN-42.email.CH-2.ended@sentri>"
    text = letter.get_body(("plain",))
    html = letter.get_body(("html",))
    assert text is not None
    assert html is not None
    for part in (text.get_content(), html.get_content()):
        assert "TC-1 Test 1" in part
        assert "and 2 more" in part
        assert "3 tests: POST /api/cart answers 500" in part
        assert "https://sentri.test/runs/RUN-42" in part


def test_names_from_outside_can_neither_add_headers_nor_markup(box: Mailbox) -> None:
    named = report(project_name="Shop\r\nBcc: evil@x.test\r\n\r\n<script>alert(1)</script>")
    with mail_server(box) as port:
        send(port, about=news(report=named))
    letter = letter_in(box)
    html = letter.get_body(("html",))
    assert letter["Bcc"] is None
    assert box.envelopes[0].rcpt_tos == ["ada@shop.test", "grace@shop.test"]
    assert html is not None
    assert "<script>" not in html.get_content()


def test_starttls_and_a_password_are_used_where_the_address_says_so(
    box: Mailbox, certificate: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, public = certificate()
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    seen: list[Any] = []

    def authenticate(_server: Any, session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
        seen.append((session.ssl is not None, login.login, login.password))
        return AuthResult(success=login.password == b"p@ss:word", handled=False)

    with mail_server(box, tls_context=context, require_starttls=True, authenticator=authenticate) as port:
        assert send(port, "?tls=starttls", "ada:p%40ss%3Aword@") == "localhost took the message."
        with pytest.raises(Undeliverable, match="localhost refuses the user name or password: 535"):
            send(port, "?tls=starttls", "ada:wrong@")
    assert seen[0] == (True, b"ada", b"p@ss:word")
    assert box.tls == [True]


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(box: Mailbox, certificate: Callable[[], Any]) -> None:
    context, _ = certificate()
    with (
        mail_server(box, tls_context=context) as port,
        pytest.raises(Undeliverable, match="localhost has a certificate that is not trusted"),
    ):
        send(port, "?tls=starttls")
    assert box.envelopes == []


def test_a_server_without_starttls_gets_no_letter_in_the_clear(box: Mailbox) -> None:
    with mail_server(box) as port, pytest.raises(Undeliverable, match="cannot do what SENTRI_SMTP_URL asks for"):
        send(port, "?tls=starttls")
    assert box.envelopes == []


@pytest.mark.parametrize(("code", "kind"), [("451 busy", NotNow), ("554 spam", Undeliverable)])
def test_a_message_that_is_refused_for_now_is_sent_again_and_one_refused_for_good_is_not(
    box: Mailbox, code: str, kind: type[Exception]
) -> None:
    box.data = code
    with mail_server(box) as port, pytest.raises(kind, match=f"localhost refuses the message: {code}"):
        send(port)


@pytest.mark.parametrize(("code", "kind"), [("450 later", NotNow), ("550 nobody of that name", Undeliverable)])
def test_where_no_recipient_is_taken_the_code_decides(box: Mailbox, code: str, kind: type[Exception]) -> None:
    box.recipients = dict.fromkeys(TO.to, code)
    with mail_server(box) as port, pytest.raises(kind, match="takes none of the recipients"):
        send(port)


def test_a_recipient_that_is_refused_among_others_is_named(box: Mailbox) -> None:
    box.recipients = {"ada@shop.test": "550 nobody of that name"}
    with mail_server(box) as port:
        assert send(port) == "localhost took the message, but not for ada@shop.test."
    assert box.envelopes[0].rcpt_tos == ["grace@shop.test"]


def test_a_server_that_is_away_is_tried_again_later() -> None:
    with pytest.raises(NotNow, match="cannot be reached"):
        send(free_port())


def test_without_a_mail_server_the_sentence_says_what_to_set() -> None:
    with pytest.raises(Undeliverable, match="set SENTRI_SMTP_URL"):
        email.send(news(), TO, ports(mail=Smtp("", "x")))


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.test", SmtpServer("mail.test", 587, "starttls")),
        ("smtp://mail.test:25?tls=none", SmtpServer("mail.test", 25, "none")),
        ("smtps://ada:p%40ss@mail.test", SmtpServer("mail.test", 465, "implicit", "ada", "p@ss")),
    ],
)
def test_an_address_of_a_mail_server_says_how_to_speak_with_it(url: str, server: SmtpServer) -> None:
    assert server_of(url) == server
    assert "p@ss" not in repr(server_of(url))


@pytest.mark.parametrize(
    "url", ["mail.test", "http://mail.test", "smtp://", "smtp://x?tls=maybe", "smtp://x?a=1", "smtp://x:y"]
)
def test_an_address_of_a_mail_server_that_makes_no_sense_says_so(url: str) -> None:
    with pytest.raises(BadMailServer):
        server_of(url)


@pytest.mark.parametrize(
    "to", [[], ["nobody"], ["a@b\nBcc: c@d.test"], ["a@x.test, b@x.test"], ["@x.test"], ["a@x.test"] * 21]
)
def test_recipients_that_are_none_are_refused(to: list[str]) -> None:
    with pytest.raises(ValidationError):
        email.Email.model_validate({"to": to})
