"""The way out: judged addresses only, once resolved, no redirects, one deadline, short answers."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runs.engine.netguard import Guard
from runs.notifiers import egress_client
from runs.notifiers.base import NotNow, Undeliverable
from runs.notifiers.egress_client import BODY_LIMIT, EgressClient, forbidden
from tests.held import Held
from tests.receivers import Answer, Receiver, receiver

OPEN, CLOSED = Guard.allowing("0.0.0.0/0 [::]/0"), Guard()


def test_what_is_sent_arrives_as_it_was_given(received: Receiver) -> None:
    reply = EgressClient(OPEN).send("POST", f"{received.url}/hook?a=1", {"X-One": "1"}, b'{"a":1}')
    (arrived,) = received.arrived
    assert (arrived.method, arrived.path, arrived.body) == ("POST", "/hook?a=1", b'{"a":1}')
    assert arrived.headers["host"] == f"127.0.0.1:{received.port}"
    assert arrived.headers["x-one"] == "1"
    assert (reply.status, reply.body) == (200, b"{}")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://2130706433/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://localhost/",
        "http://10.0.0.8/",
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/",
        "ftp://example.com/",
        "ws://example.com/",
        "file:///etc/passwd",
    ],
)
def test_a_forbidden_address_is_given_up_before_anything_is_sent(url: str) -> None:
    with pytest.raises(Undeliverable, match="The address is not sent to"):
        EgressClient(CLOSED).send("POST", url, {})


def test_metadata_is_refused_where_private_addresses_are_allowed() -> None:
    with pytest.raises(Undeliverable, match="metadata"):
        EgressClient(OPEN).send("GET", "http://169.254.169.254/", {})


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "fd00::1", "169.254.169.254"])
def test_a_name_that_points_to_a_forbidden_address_is_refused(received: Receiver, address: str) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        return ["8.8.8.8", address]

    with pytest.raises(Undeliverable, match="The address is not sent to"):
        EgressClient(CLOSED, resolve=resolve).send("POST", f"http://innocent.test:{received.port}/", {})
    assert received.arrived == []
    assert forbidden("http://innocent.test/", CLOSED, resolve)


def test_a_name_is_resolved_once_and_the_judged_address_is_used(received: Receiver) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    EgressClient(OPEN, resolve=rebinding).send("POST", f"http://rebinding.test:{received.port}/", {}, b"x")
    assert asked == ["rebinding.test"]
    assert received.arrived[0].headers["host"] == f"rebinding.test:{received.port}"


def test_tls_is_spoken_with_the_name_and_not_with_the_address(
    certificate: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, public = certificate()
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    egress_client._tls.cache_clear()
    with receiver(context) as received:
        found = EgressClient(OPEN, resolve=lambda _host, _port: ["127.0.0.1"]).send(
            "POST", f"https://receiver.test:{received.port}/", {}, b"x"
        )
        assert found.status == 200
        assert names == ["receiver.test"]
        with pytest.raises(NotNow, match="certificate"):
            EgressClient(OPEN, resolve=lambda _host, _port: ["127.0.0.1"]).send(
                "POST", f"https://other.test:{received.port}/", {}, b"x"
            )
    egress_client._tls.cache_clear()


def test_no_redirect_is_followed(received: Receiver) -> None:
    received.answers = [Answer(302, headers={"Location": f"{received.url}/elsewhere"})]
    assert EgressClient(OPEN).send("POST", f"{received.url}/hook", {}, b"x").status == 302
    assert [request.path for request in received.arrived] == ["/hook"]


def test_a_receiver_that_keeps_silent_is_left_after_the_time_of_a_try(received: Receiver) -> None:
    held = Held()
    received.answers = [Answer(before=held.wait)]
    with pytest.raises(NotNow, match=r"did not answer within 0.5 s"):
        EgressClient(OPEN, seconds=0.5).send("POST", received.url, {}, b"x")
    assert held.is_held
    held.release()


def test_a_receiver_that_answers_a_byte_at_a_time_does_not_hold_the_worker() -> None:
    """Each byte comes in time; the whole does not."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not stop.wait(0.05):
                try:
                    connection.sendall(b".")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    with pytest.raises(NotNow, match="did not answer within"):
        EgressClient(OPEN, seconds=0.6).send("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", {})
    stop.set()
    thread.join(5)
    server.close()


def test_a_long_answer_is_cut_off(received: Receiver) -> None:
    received.answers = [Answer(body=b"x" * (4 * BODY_LIMIT))]
    assert len(EgressClient(OPEN).send("GET", received.url, {}).body) == BODY_LIMIT


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://unknown-name.invalid/"])
def test_where_nobody_listens_it_is_tried_again_later(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotNow, match=r"cannot be reached|not known to the name server"):
        EgressClient(OPEN).send("GET", url.format(port=port), {})


def test_what_is_no_http_is_named(tmp_path: Path) -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def speak() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"220 mail.test ESMTP\r\n")

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    with pytest.raises(NotNow, match="does not answer in HTTP"):
        EgressClient(OPEN).send("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", {})
    thread.join(5)
    server.close()


def test_an_unknown_name_is_not_forbidden() -> None:
    assert forbidden("https://ci.invalid/done", CLOSED, lambda _host, _port: []) is None
