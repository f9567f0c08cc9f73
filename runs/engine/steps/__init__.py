"""The closed set of steps. A kind is one file and one line here."""

from runs.engine.steps.back import Back
from runs.engine.steps.base import Step
from runs.engine.steps.check import Check
from runs.engine.steps.click import Click
from runs.engine.steps.expect_count import ExpectCount
from runs.engine.steps.expect_hidden import ExpectHidden
from runs.engine.steps.expect_no_console_errors import ExpectNoConsoleErrors
from runs.engine.steps.expect_no_failed_requests import ExpectNoFailedRequests
from runs.engine.steps.expect_text import ExpectText
from runs.engine.steps.expect_title import ExpectTitle
from runs.engine.steps.expect_url import ExpectUrl
from runs.engine.steps.expect_value import ExpectValue
from runs.engine.steps.expect_visible import ExpectVisible
from runs.engine.steps.fill import Fill
from runs.engine.steps.goto import Goto
from runs.engine.steps.hover import Hover
from runs.engine.steps.press import Press
from runs.engine.steps.reload import Reload
from runs.engine.steps.request import Request
from runs.engine.steps.save import Save
from runs.engine.steps.scroll import Scroll
from runs.engine.steps.select import Select
from runs.engine.steps.uncheck import Uncheck
from runs.engine.steps.wait_for import WaitFor

STEPS: dict[str, type[Step]] = {
    "goto": Goto,
    "reload": Reload,
    "back": Back,
    "click": Click,
    "hover": Hover,
    "fill": Fill,
    "press": Press,
    "select": Select,
    "check": Check,
    "uncheck": Uncheck,
    "scroll": Scroll,
    "wait_for": WaitFor,
    "expect_visible": ExpectVisible,
    "expect_hidden": ExpectHidden,
    "expect_text": ExpectText,
    "expect_value": ExpectValue,
    "expect_url": ExpectUrl,
    "expect_title": ExpectTitle,
    "expect_count": ExpectCount,
    "expect_no_console_errors": ExpectNoConsoleErrors,
    "expect_no_failed_requests": ExpectNoFailedRequests,
    "request": Request,
    "save": Save,
}
