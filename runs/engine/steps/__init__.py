"""The closed set of steps. A kind is one file and one line here; the order is that in which they are told."""

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

_KINDS: tuple[type[Step], ...] = (
    Goto,
    Reload,
    Back,
    Click,
    Hover,
    Fill,
    Press,
    Select,
    Check,
    Uncheck,
    Scroll,
    WaitFor,
    ExpectVisible,
    ExpectHidden,
    ExpectText,
    ExpectValue,
    ExpectUrl,
    ExpectTitle,
    ExpectCount,
    ExpectNoConsoleErrors,
    ExpectNoFailedRequests,
    Request,
    Save,
)
STEPS: dict[str, type[Step]] = {kind.kind: kind for kind in _KINDS}
