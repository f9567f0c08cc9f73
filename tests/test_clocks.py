"""No test is decided by how fast a machine is: what a clock says is waited for, never held against a limit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "thread_time"}
READINGS = {"time.time", "loop.time", "timezone.now", "datetime.now", "get_running_loop().time"}
DURATIONS = {"elapsed", "duration_ms", "total_seconds"}


def reads_a_clock(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func)
    return name.rpartition(".")[2] in CLOCKS or any(name.endswith(reading) for reading in READINGS)


def measured(node: ast.AST, known: set[str]) -> bool:
    """Whether an expression is, or is made of, time that passed: a clock less something, or the name of that."""
    for part in ast.walk(node):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub):
            if any(reads_a_clock(below) for below in ast.walk(part)):
                return True
        elif getattr(part, "attr", None) in DURATIONS or getattr(part, "id", None) in known:
            return True
    return False


def durations(tree: ast.AST) -> set[str]:
    """The names that are given time that passed."""
    known: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and measured(node.value, known):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            known |= {target.id for target in targets if isinstance(target, ast.Name)}
    return known


def limits(source: str) -> Iterator[str]:
    """Comparisons by which time that passed is too long."""
    tree = ast.parse(source)
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found: dict[int, str] = {}
    for scope in scopes:
        known = durations(scope)
        for node in ast.walk(scope):
            if isinstance(node, ast.Compare) and _is_upper(node, known):
                found[node.lineno] = f"{node.lineno}: {ast.unparse(node)}"
    yield from found.values()


def _is_upper(node: ast.Compare, known: set[str]) -> bool:
    sides = [node.left, *node.comparators]
    return any(
        (isinstance(order, ast.Lt | ast.LtE) and measured(less, known))
        or (isinstance(order, ast.Gt | ast.GtE) and measured(more, known))
        for less, order, more in zip(sides, node.ops, sides[1:], strict=False)
    )


def test_no_test_fails_because_something_took_long() -> None:
    found = {
        path.relative_to(TESTS).as_posix(): list(limits(path.read_text()))
        for path in sorted(TESTS.rglob("*.py"))
        if path != Path(__file__)
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "said",
    [
        "assert time.monotonic() - began < 3",
        "assert 0.4 < time.monotonic() - began < 12",
        "assert abs(row.at - time.time()) < 5",
        "assert 2 >= (timezone.now() - began).total_seconds()",
        "assert (perf_counter() - began) * 1000 / len(pairs) < 5",
        "took = loop.time() - began; assert took <= 2",
        "assert answer.elapsed.total_seconds() < 1",
        "assert 9_900 <= row.duration_ms < 12_000",
    ],
)
def test_a_limit_on_time_that_passed_is_seen(said: str) -> None:
    assert len(list(limits(f"def test():\n    {said}"))) == 1


@pytest.mark.parametrize(
    "said",
    [
        "assert time.monotonic() - began >= 2",
        "assert 2.5 <= answer.elapsed.total_seconds()",
        "assert time.monotonic() < deadline",
        "assert before + wait <= row.next_try_at <= timezone.now() + wait",
        "assert len(found) - 1 < 5",
    ],
)
def test_waiting_at_least_as_long_and_waiting_for_something_are_none(said: str) -> None:
    assert list(limits(f"def test():\n    {said}")) == []
