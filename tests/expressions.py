"""The regular expressions that Sentri's own code is written with, and how each is asked."""

from __future__ import annotations

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.backtracking import Mode

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("sentri", "projects", "runs")
ASKED = {"search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer", "scanner"}
ANY = "…"
EVERY_WAY: frozenset[Mode] = frozenset({"search", "fullmatch"})  # what is found by match is looked for by search too


@dataclass(frozen=True)
class Expression:
    where: str
    pattern: str
    flags: int
    modes: frozenset[Mode]


class Unknown(Exception):
    """An expression is put together from what only a run of the code knows."""


def modules() -> Iterator[tuple[str, ast.Module, ModuleType]]:
    for path in sorted(path for place in PLACES for path in (ROOT / place).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        yield path.relative_to(ROOT).as_posix(), parsed(path), importlib.import_module(name)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def own() -> tuple[list[Expression], set[str]]:
    """All expressions, and the places of those that are not written out, as `path: what is compiled`."""
    read = list(modules())
    asked = {module.__name__: ways_of_asking(tree) for _, tree, module in read}
    found: list[Expression] = []
    unknown: set[str] = set()
    for where, tree, module in read:
        if any(isinstance(node, ast.ImportFrom) and node.module == "re" for node in ast.walk(tree)):
            unknown.add(f"{where}: from re import")
        for name in defined_in(tree):
            value = getattr(module, name, None)
            for one in compiled_in(value):
                alone = name if isinstance(value, re.Pattern) else ANY
                modes = frozenset().union(*(asked[each].get(alone, ()) for each in known_in(name, module, read)))
                found.append(Expression(f"{where}: {name}", text_of(one.pattern), one.flags, modes or EVERY_WAY))
        written_at_the_top = {id(node) for one in tree.body if is_constant(one) for node in ast.walk(one)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and id(node) not in written_at_the_top and (verb := verb_of(node)):
                try:
                    pattern, flags = resolved(node.args[0], module), flags_of(node, module)
                except Unknown:
                    unknown.add(f"{where}: {ast.unparse(node.args[0])}")
                    continue
                modes = EVERY_WAY if verb == "compile" else frozenset({mode_of(verb)})
                found.append(Expression(f"{where}: {pattern}", pattern, flags, modes))
    return found, unknown


def known_in(name: str, module: ModuleType, read: Any) -> Iterator[str]:
    """The modules that know the constant of this module: itself, and those that import it."""
    value = getattr(module, name)
    for _, _, other in read:
        if other is module or (vars(other).get(name) is value and not name.startswith("_")):
            yield other.__name__


def is_constant(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign | ast.AnnAssign)


def defined_in(tree: ast.Module) -> set[str]:
    return {
        one.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for one in ast.walk(target)
        if isinstance(one, ast.Name)
    }


def compiled_in(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from compiled_in(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from compiled_in(each)


def ways_of_asking(tree: ast.Module) -> dict[str, set[Mode]]:
    """For each constant how the module asks it, every way if it is handed on; under ANY how variables are asked."""
    asked: dict[str, set[Mode]] = defaultdict(set)
    heads = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=head, attr=verb)) if verb in ASKED:
                name = named(head)
                asked[name if name.lstrip("_").isupper() else ANY].add(
                    "search" if verb == "match" and len(node.args) > 1 else mode_of(verb)
                )
                heads.add(head)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load) and node not in heads:
            asked[named(node)] |= EVERY_WAY
    return asked


def named(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def mode_of(verb: str) -> Mode:
    return "match" if verb == "match" else "fullmatch" if verb == "fullmatch" else "search"


def verb_of(node: ast.Call) -> str:
    match node.func:
        case ast.Attribute(value=ast.Name(id="re"), attr=verb) if verb in ASKED | {"compile"}:
            return verb
        case ast.Name(id="re_path"):
            return "search"
    return ""


def flags_of(node: ast.Call, module: ModuleType) -> int:
    said = [keyword.value for keyword in node.keywords if keyword.arg == "flags"]
    position = {"sub": 4, "subn": 4, "split": 3}.get(verb_of(node), 2)
    if verb_of(node) and isinstance(node.func, ast.Attribute):
        said += node.args[position : position + 1]
    return sum(int(flag(one)) for one in said) and int(flag(said[0]))


def flag(node: ast.expr) -> re.RegexFlag:
    match node:
        case ast.Attribute(value=ast.Name(id="re"), attr=name):
            return re.RegexFlag[name]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return flag(left) | flag(right)
    raise Unknown(ast.unparse(node))


def resolved(node: ast.expr, module: ModuleType) -> str:
    """The text of an expression that is written out, by itself or from constants of its module. Raises Unknown."""
    match node:
        case ast.Constant(value=str() | bytes() as text):
            return text_of(text)
        case ast.Name(id=name) if isinstance(getattr(module, name, None), str):
            return str(getattr(module, name))
        case ast.JoinedStr(values=parts):
            return "".join(resolved(part, module) for part in parts)
        case ast.FormattedValue(value=inner):
            return resolved(inner, module)
    raise Unknown(ast.unparse(node))


def text_of(pattern: str | bytes) -> str:
    return pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
