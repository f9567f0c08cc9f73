"""Where the database is asked for more than rows."""

import ast

import pytest

from tests.test_architecture import relative, sources

COMPUTING = frozenset({"annotate", "aggregate", "alias", "raw", "extra", "Subquery", "Exists", "RawSQL"})


def test_pages_and_the_api_compute_nothing_in_the_database() -> None:
    """They choose, order and page rows; numbers about rows are read by `reading`, or by what owns the rows."""
    edges = sources("runs/views", "runs/api", "projects/views", "projects/api")
    found = {
        f"{relative(path)}:{node.lineno} {name}"
        for path in edges
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and (name := computes(node))
    }
    assert not found


def computes(node: ast.Call) -> str:
    """The name of what is called, where it makes a query that computes; else ""."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name if name in COMPUTING else ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("rows.annotate(Count('pk'))", "annotate"),
        ("Subquery(rows)", "Subquery"),
        ("rows.filter(pk=1).order_by('pk')", ""),
        ("rows.filter(Q(pk=1)).count()", ""),
    ],
)
def test_the_check_for_computing_queries_sees_what_it_should(text: str, name: str) -> None:
    assert computes(ast.parse(text, mode="eval").body) == name  # type: ignore[arg-type]
