"""What may pass by itself, and how long a site asks to wait."""

from datetime import UTC, datetime
from typing import Any

import pytest

from runs.engine.passing import broke_off, passes, steadily, troubles, wait_of

NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(None, False), (200, False), (404, False), (429, True), (500, True), (501, False), (502, True), (503, True)],
)
def test_what_the_server_could_not_answer_now_may_pass(status: int | None, expected: bool) -> None:
    assert passes(status) is expected


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0),
        ("Sun, 29 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 29 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("9" * 5_000, 999_999_999.0),
        ("Sun, 99 Nov 99999 12:00:30 GMT", None),
    ],
)
def test_a_site_says_when_to_come_back_in_seconds_or_by_a_date(said: str, seconds: float | None) -> None:
    assert wait_of({"retry-after": said}, NOW) == seconds


def test_only_what_the_site_itself_answered_is_its_trouble() -> None:
    heard: list[dict[str, Any]] = [
        {"method": "GET", "url": "http://shop.test/api/stock/17?x=1", "status": 500},
        {"method": "GET", "url": "http://shop.test/api/stock/18", "status": 500},
        {"method": "GET", "url": "http://other.test/x", "status": 503},
        {"method": "POST", "url": "http://shop.test/cart", "status": 200},
        {"method": "GET", "url": "http://shop.test/gone", "status": None},
    ]
    assert troubles(heard, "http://shop.test") == ("GET /api/stock/{id} answered 500",)


class Answer:
    def __init__(self, status: int, wait: float | None = None) -> None:
        self.status, self.wait = status, wait

    @property
    def passing(self) -> bool:
        return passes(self.status)


@pytest.mark.parametrize(
    ("answers", "asked", "status"),
    [
        ([Answer(200)], 1, 200),
        ([Answer(500), Answer(200)], 2, 200),
        ([Answer(500)] * 9, 4, 500),
        ([Answer(503, wait=3_600.0), Answer(200)], 1, 503),
    ],
)
async def test_a_document_is_asked_for_again_three_times_at_most(
    answers: list[Answer], asked: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.engine.passing.WAITS", (0.0, 0.0, 0.0))
    left = list(answers)

    async def ask() -> Answer:
        return left.pop(0)

    assert (await steadily(ask)).status == status
    assert len(answers) - len(left) == asked


def test_a_lost_connection_may_pass_and_a_refused_one_does_not() -> None:
    assert broke_off("apiRequestContext.get: read ECONNRESET")
    assert broke_off("apiRequestContext.get: Timeout 5000ms exceeded.")
    assert not broke_off("connect ECONNREFUSED 127.0.0.1:9")
