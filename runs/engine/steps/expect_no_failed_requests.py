from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from runs.engine.steps.base import Role, Stage, Step, StepFailed, Subject
from runs.engine.steps.quiet import Patterns, remaining, rested, same_host


class ExpectNoFailedRequests(Step):
    """Every request of the page was answered below 400 since the test began."""

    do: Literal["expect_no_failed_requests"]
    ignore: Patterns = ()
    third_party: bool = Field(default=False, description="requests to other hosts count as well")

    role: ClassVar[Role] = "expect"
    about: ClassVar[Subject] = "requests"
    strength: ClassVar[float] = 1
    estimate_ms: ClassVar[float] = 20
    watches_requests: ClassVar[bool] = True

    async def run(self, stage: Stage) -> None:
        await rested(stage)
        failed = [
            f"{request['method']} {request['url']} → {request['failed']}"
            for request in stage.watch.requests
            if request["failed"] and (self.third_party or same_host(request["url"], stage.site.base_url))
        ]
        found = remaining(failed, self.ignore)
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            message = f"Expected no failed requests, but there are {len(found)}: {found[0]}{more}"
            raise StepFailed("expectation", message, expected="no failed requests", received=found[0])

    def sentence(self) -> str:
        return "Expect no failed requests"
