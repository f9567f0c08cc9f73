"""How the sources of pages are written: templates, scripts and style sheets."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_architecture import ROOT, length, relative


def of_pages(*places: str) -> Iterator[Path]:
    """Templates, scripts and style sheets."""
    for place in places:
        yield from (path for path in sorted((ROOT / place).rglob("*")) if path.suffix in {".html", ".js", ".css"})


@pytest.mark.parametrize(
    ("limit", "places"), [(140, ["templates"]), (120, ["sentri/static", "runs/engine", "tests/site/assets"])]
)
def test_no_line_of_a_template_script_or_style_is_too_long(limit: int, places: list[str]) -> None:
    """The formatters of bin/check break what they can; what they cannot is broken by hand."""
    lines = [
        (f"{relative(path)}:{number}", line)
        for path in of_pages(*places)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]
    assert lines
    assert [where for where, line in lines if len(line) > limit] == []


def test_scripts_and_styles_stand_in_files_and_not_in_templates() -> None:
    """A browser would refuse them (`sentri/security.py`), and nothing would format or lint them."""
    inline = re.compile(r"<script(?![^>]*\ssrc=)|<style|\s(?:style|on[a-z]+)=|javascript:")
    found = [
        f"{relative(path)}: {match[0]}"
        for path in of_pages("templates")
        for match in inline.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_nothing_stands_before_what_is_shown_with_its_line_breaks() -> None:
    """`.expected dd` and `.plain` keep white space: that of a template would be seen."""
    found = [
        f"{relative(path)}: {line}"
        for path in of_pages("templates")
        for block in re.findall(
            r'<dl class="expected">.*?</dl>|<li class="plain">.*?</li>', path.read_text(), re.DOTALL
        )
        for line in re.findall(r"<dd>\s|\s</dd>|plain\">\s|\s</li>", block)
    ]
    assert found == []


def test_no_template_script_or_style_sheet_is_longer_than_250_lines() -> None:
    too_long = [path for path in of_pages("templates", "sentri/static", "runs/engine") if length(path) > 250]
    assert [relative(path) for path in too_long] == []
