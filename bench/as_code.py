"""The steps of a document as the Playwright code that a person would write for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Step = Mapping[str, Any]


def functions(documents: Sequence[Mapping[str, Any]], base_url: str, *, asynchronous: bool) -> str:
    """A module with one test function per document, for the synchronous or the asynchronous API."""
    api, start, wait = ("async_api", "async def", "await ") if asynchronous else ("sync_api", "def", "")
    lines = ["import re", "", f"from playwright.{api} import Page, expect", ""]
    for number, document in enumerate(documents, start=1):
        lines += ["", f"{start} test_{number:03}(page: Page) -> None:", f"    {document['title']!r}"]
        lines += [f"    {wait}{line(step, base_url)}" for step in document["steps"]]
    return "\n".join([*lines, ""])


def line(step: Step, base_url: str) -> str:
    """One call of Playwright's API, without await."""
    return LINES[step["do"]](step, base_url)


def locator(target: Mapping[str, Any], scope: str = "page") -> str:
    if "within" in target:
        scope = locator(target["within"], scope)
    if "label" in target:
        return f"{scope}.get_by_label({target['label']!r})"
    words = [repr(target["role"])]
    words += [f"name={target['name']!r}"] if "name" in target else []
    words += ["exact=True"] if target.get("exact") else []
    return f"{scope}.get_by_role({', '.join(words)})"


def _url(step: Step, base_url: str) -> str:
    pattern = rf"^{re.escape(base_url + step['path'])}(\?.*)?$"
    return f"expect(page).to_have_url(re.compile({pattern!r}))"


LINES: dict[str, Callable[[Step, str], str]] = {
    "goto": lambda step, base_url: f"page.goto({base_url + step['path']!r})",
    "click": lambda step, _: f"{locator(step['target'])}.click()",
    "fill": lambda step, _: f"{locator(step['target'])}.fill({step['value']!r})",
    "press": lambda step, _: f"{locator(step['target'])}.press({step['key']!r})",
    "expect_visible": lambda step, _: f"expect({locator(step['target'])}).to_be_visible()",
    "expect_text": lambda step, _: f"expect({locator(step['target'])}).to_contain_text({step['contains']!r})",
    "expect_url": _url,
}
