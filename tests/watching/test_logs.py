"""Log lines and the numbers of requests."""

import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from structlog.contextvars import bound_contextvars, get_contextvars

from sentri.logs import logging_for, request_id


@pytest.fixture
def written() -> Iterator[Callable[[str], tuple[logging.Logger, StringIO]]]:
    """A logger whose lines end in a text, set up as the product's are."""
    stream, logger = StringIO(), logging.getLogger("tests.logs")

    def set_up(form: str) -> tuple[logging.Logger, StringIO]:
        config = logging_for(form, "INFO")
        formatter = logging.config.DictConfigurator(config).configure_formatter(config["formatters"]["lines"])
        screen = logging.StreamHandler(stream)
        screen.setFormatter(formatter)
        logger.handlers, logger.propagate = [screen], False
        logger.setLevel("INFO")
        return logger, stream

    yield set_up
    logger.handlers, logger.propagate = [], True


def broken() -> None:
    raise ValueError("no such mug")


def test_json_lines_say_what_they_belong_to(written: Any) -> None:
    log, stream = written("json")
    with bound_contextvars(run="RUN-1", shard=0):
        log.warning("lost %s", "it", extra={"lease": 2, "password": "correct horse"})
    line = json.loads(stream.getvalue())
    moment = line.pop("timestamp")
    assert moment.endswith("Z")
    assert line == {
        "event": "lost it",
        "level": "warning",
        "logger": "tests.logs",
        "run": "RUN-1",
        "shard": 0,
        "lease": 2,
    }


def test_an_exception_stays_in_its_json_line(written: Any) -> None:
    log, stream = written("json")
    try:
        broken()
    except ValueError:
        log.exception("it broke")
    (text,) = stream.getvalue().splitlines()
    assert "ValueError: no such mug" in json.loads(text)["exception"]


def test_plain_lines_are_for_people(written: Any) -> None:
    log, stream = written("plain")
    with bound_contextvars(shard=0, run="RUN-1"):
        log.info("held")
    assert stream.getvalue().endswith("INFO    tests.logs: held (run=RUN-1 shard=0)\n")


# With the answer a connection is handed back, which an earlier test of this process may have opened.
@pytest.mark.django_db
@pytest.mark.parametrize("given", ["abc-123", "0af7651916cd43dd8448eb211c80319c"])
def test_a_request_keeps_the_number_of_its_caller(client: Client, given: str) -> None:
    assert client.get("/healthz", HTTP_X_REQUEST_ID=given)["X-Request-ID"] == given


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "<b>", "né"])
def test_a_request_without_a_usable_number_gets_one(client: Client, given: str) -> None:
    first, second = (client.get("/healthz", HTTP_X_REQUEST_ID=given)["X-Request-ID"] for _ in range(2))
    assert len(first) == 32
    assert first != second


async def test_asynchronous_requests_have_numbers_too() -> None:
    answer = await AsyncClient().get("/healthz", headers={"X-Request-ID": "abc-123"})
    assert answer["X-Request-ID"] == "abc-123"


def test_what_a_request_logs_carries_its_number_and_nothing_after_it_does() -> None:
    seen: list[Any] = []

    def view(_: HttpRequest) -> HttpResponse:
        seen.append(get_contextvars())
        return HttpResponse()

    request_id(view)(RequestFactory().get("/", headers={"X-Request-ID": "abc-123"}))
    assert seen == [{"request_id": "abc-123"}]
    assert get_contextvars() == {}
