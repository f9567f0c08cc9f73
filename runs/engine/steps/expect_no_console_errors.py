from __future__ import annotations

from typing import ClassVar, Literal

from runs.engine.steps.base import Role, Stage, Step, StepFailed, Subject, listed, one_line
from runs.engine.steps.quiet import Patterns, remaining, rested


class ExpectNoConsoleErrors(Step):
    """Nothing was written to the console as an error, and no exception went uncaught, since the test began."""

    do: Literal["expect_no_console_errors"]
    ignore: Patterns = ()

    role: ClassVar[Role] = "expect"
    about: ClassVar[Subject] = "console"
    strength: ClassVar[float] = 1
    estimate_ms: ClassVar[float] = 20
    watches_requests: ClassVar[bool] = True

    async def run(self, stage: Stage) -> None:
        await rested(stage)
        found = [one_line(error) for error in remaining(stage.watch.console_errors, self.ignore)]
        if found:
            message = f"Expected no errors in the console, but there are {len(found)}: {listed(found, 3)}"
            raise StepFailed("script", message, expected="no errors", received=found[0])

    def sentence(self) -> str:
        return "Expect no errors in the console"
