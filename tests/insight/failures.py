"""Failures as literals."""

from typing import Any

from runs.report import FailedRequest, FailedTest

DEFAULTS: dict[str, Any] = {
    "title": "A test",
    "error": "Expected heading “Cart”, found none.",
    "kind": "expectation",
    "retries": 0,
    "host": "shop.test",
}


def failure(number: int = 1, **fields: Any) -> FailedTest:
    return FailedTest(**{"result": number, "test": f"TC-{number}", **DEFAULTS, **fields})


def answered(method: str, path: str, status: int | None, failed: str = "", kind: str = "fetch") -> FailedRequest:
    return FailedRequest(method, f"http://shop.test{path}", status, failed or str(status), kind)


def missing(number: int, target: str, page: str = "/cart", error: str = "", **fields: Any) -> FailedTest:
    error = error or f"There is no {target} after 5.0 s (buttons there: “Back”)"
    return failure(number, kind="not_found", step="click", target=target, page=page, error=error, **fields)
