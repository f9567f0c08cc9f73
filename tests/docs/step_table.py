"""The guide's table of steps, as the kinds themselves say it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from runs.engine.steps import STEPS
from runs.engine.steps.base import Step

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide.md"
BEGINS = "| step | what it does | parts |"


def rows() -> list[str]:
    """A line for each kind, in the order of the registry."""
    return [f"| `{name}` | {told(kind)} | {', '.join(parts(kind))} |" for name, kind in STEPS.items()]


def told(kind: type[Step]) -> str:
    """The first sentences of the kind's docstring, as one line."""
    return " ".join((kind.__doc__ or "").split())


def parts(kind: type[Step]) -> Iterable[str]:
    """Its own parts; those that it cannot do without in bold."""
    for name, field in kind.model_fields.items():
        if name not in Step.model_fields:
            written = f"`{field.alias or name}`"
            yield f"**{written}**" if field.is_required() else written


def written_rows() -> list[str]:
    """The lines that stand in the guide."""
    table = GUIDE.read_text(encoding="utf-8").partition(BEGINS)[2].partition("\n\n")[0]
    return table.strip().splitlines()[1:]
