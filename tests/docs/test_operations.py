"""What the operators' guide must not leave out."""

import re
from dataclasses import fields
from pathlib import Path

from sentri.env import Env

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
TABLE = GUIDE.partition("\n## Settings\n")[2].partition("\n## ")[0]


def test_every_setting_has_its_row() -> None:
    rows = {name for line in TABLE.splitlines() if line.startswith("| `") for name in variables(line.split("|")[1])}
    assert {f"SENTRI_{field.name.upper()}" for field in fields(Env)} - rows == set()


def test_no_setting_is_named_that_does_not_exist() -> None:
    known = {f"SENTRI_{field.name.upper()}" for field in fields(Env)}
    assert variables(GUIDE) - known == set()


def variables(text: str) -> set[str]:
    return set(re.findall(r"SENTRI_[A-Z_]+[A-Z]", text))
