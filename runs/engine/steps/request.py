from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any, ClassVar, Literal, Self
from urllib.parse import unquote, urlencode

from playwright.async_api import APIResponse, Error
from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import Field, model_validator

from projects.origins import origin_of
from runs.engine.deaths import page_gone
from runs.engine.events import FailureKind
from runs.engine.masking.trusted_origins import may_be_told
from runs.engine.netguard import joined
from runs.engine.steps import jsonpath
from runs.engine.steps.answer import Answer, AnswerExpectation, JsonPath
from runs.engine.steps.base import Scalar, Stage, Step, StepFailed, one_line
from runs.engine.steps.navigating import SitePath
from runs.engine.steps.variables import VariableName
from runs.engine.unopened import PROXY_STATUSES, by_proxy, too_large

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
MOST_REDIRECTS = 10


class Request(Step):
    """Ask the site's API directly, with the cookies of the test, and check the answer."""

    do: Literal["request"]
    method: Method = "GET"
    path: SitePath
    query: dict[str, Scalar | tuple[Scalar, ...]] = {}
    headers: dict[str, str] = {}
    payload: Any = Field(default=None, alias="json", description="sent as JSON")
    form: dict[str, Scalar] | None = Field(default=None, description="sent as a form")
    body: str | None = Field(default=None, description="sent as it is")
    follow: bool = Field(default=True, description="follow redirects")
    expect: AnswerExpectation = AnswerExpectation()
    save: dict[VariableName, JsonPath] = Field(default={}, description="variable name to a place in the JSON answer")

    strength: ClassVar[float] = 3
    estimate_ms: ClassVar[float] = 120
    begins_test: ClassVar[bool] = True
    asks_api: ClassVar[bool] = True

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if len(self.model_fields_set & {"payload", "form", "body"}) > 1:
            raise ValueError("give one of json, form, body")
        return self

    async def run(self, stage: Stage) -> None:
        answer = await self.answer(stage)
        self.expect.verify(answer)
        self._keep(answer, stage)

    async def answer(self, stage: Stage) -> Answer:
        """What comes back, whatever is expected. Raises `StepFailed` where nothing does."""
        started = time.perf_counter()
        try:
            response = await self._ask(stage)
            body = await response.body()
        except PlaywrightTimeout:
            raise StepFailed("timeout", f"{self.method} {self.path} was not answered within {stage.patience}") from None
        took = (time.perf_counter() - started) * 1000
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(response.status, headers, body, took)
        # The driver keeps the body until its context closes, unless it is told that nobody needs it.
        await response.dispose()
        if stage.heard is not None:
            stage.heard(self, answer)
        return answer

    def _keep(self, answer: Answer, stage: Stage) -> None:
        document = answer.document() if self.save else None
        for name, path in self.save.items():
            found = jsonpath.select(document, path)
            if not found:
                raise StepFailed("expectation", f"Expected {path} in the answer, but there is no such place")
            stage.saved[name] = found[0]

    async def _ask(self, stage: Stage) -> APIResponse:
        query = urlencode(self.query, doseq=True)
        url = stage.address(self.path) + (("&" if "?" in self.path else "?") + query if query else "")
        sending: dict[str, Any] = {"method": self.method, **self._body()}
        for _ in range(MOST_REDIRECTS):
            response = await self._once(stage, url, sending)
            location = response.headers.get("location")
            if not (self.follow and location and response.status in {301, 302, 303, 307, 308}):
                return response
            await response.dispose()
            # Each hop is judged anew, by the guard and for secrets; the driver would just follow it (decision 32).
            url = self._led_to(url, location)
            # As browsers do after a form: what was sent is not sent once more to where the answer leads.
            if response.status in {301, 302, 303} and sending["method"] not in {"GET", "HEAD"}:
                sending = {"method": "GET"}
        raise StepFailed("navigation", f"{self.method} {self.path} was redirected more than {MOST_REDIRECTS} times")

    def _led_to(self, url: str, location: str) -> str:
        try:
            return joined(url, location)
        except ValueError:
            said = f"{self.method} {self.path} was redirected to no address that browsers open"
            raise StepFailed("navigation", said, received=location[:200]) from None

    async def _once(self, stage: Stage, url: str, sending: dict[str, Any]) -> APIResponse:
        at_home = origin_of(url) == origin_of(stage.site.base_url)
        headers = {**stage.site.sent_headers, **self.headers} if at_home else {}
        self._require_open(stage, url, sending)
        status: int | None = None
        try:
            response = await stage.http.fetch(
                url, **sending, headers=headers, max_redirects=0, timeout=stage.timeout_ms, fail_on_status_code=False
            )
            status = response.status
            said = (await response.body())[:1000] if status in PROXY_STATUSES else b""
            found = by_proxy(said.decode("utf-8", "replace"))
            if found is None:
                return response
            kind: FailureKind = "blocked" if found.category == "blocked" else "navigation"
            raise StepFailed(kind, f"{self.method} {self.path} could not be sent: {found.words}")
        except PlaywrightTimeout:
            raise
        except Error as error:
            if page_gone(error):
                raise
            if large := too_large(error.message):
                raise StepFailed("navigation", f"{self.method} {self.path} is not read: {large}") from error
            reason = error.message.split("\n", 1)[0].removeprefix("APIRequestContext.fetch: ")
            raise StepFailed("navigation", f"{self.method} {self.path} could not be sent: {reason}") from error
        finally:
            # Also where no answer came: the site may have changed something all the same.
            if stage.sent is not None:
                stage.sent(sending["method"], url, status, sending.get("data"))

    def _require_open(self, stage: Stage, url: str, sending: dict[str, Any]) -> None:
        """Raises `StepFailed` for an address that is closed, or that must not be told what is sent."""
        # A secret may stand in an address both as it is and encoded.
        refusal = may_be_told(stage.site, [unquote(url), url, json.dumps(sending, default=str)], url)
        if refusal:
            raise StepFailed("blocked", f"{self.method} {self.path} leads elsewhere, and is not sent there: {refusal}")
        refusal = (stage.guard.refuses_url(url) if stage.guard else None) or ""
        if refusal:
            raise StepFailed("blocked", f"{self.method} {self.path} could not be sent: {refusal}")

    def _body(self) -> dict[str, Any]:
        if self.form is not None:
            return {"form": dict(self.form)}
        if self.body is not None:
            return {"data": self.body}
        if "payload" in self.model_fields_set:
            return {"data": self.payload}
        return {}

    def sentence(self) -> str:
        kept = f" and keep {', '.join(self.save)}" if self.save else ""
        expected = one_line(self.expect.described(), 300)
        return f"Send {self.method} {self.path}{kept}" + (f"; the answer {expected}" if expected else "")

    def checks(self) -> bool:
        return bool(self.expect.model_fields_set)

    def needs_page(self) -> bool:
        return False

    def saves(self) -> Iterable[str]:
        return tuple(self.save)
