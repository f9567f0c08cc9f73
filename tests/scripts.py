"""The regular expressions in Sentri's own scripts, in the spelling of Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.expressions import ROOT, parsed

SCRIPTS = ("runs", "sentri/static")
BEFORE_AN_EXPRESSION = frozenset("(,=:[!&|?{};+>\n")


def texts() -> Iterator[tuple[str, str]]:
    """All scripts, those that stand in modules of Python as well."""
    for path in sorted(
        path for place in SCRIPTS for path in (ROOT / place).rglob("*.js") if "vendor" not in path.parts
    ):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "runs" / "engine").rglob("*.py")):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "=>" in node.value:
                yield f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", node.value


def expressions() -> Iterator[tuple[str, str, int]]:
    """Place, pattern and flags of each."""
    for where, text in texts():
        for source, signs in literals(text):
            yield where, in_python(source), flags_of(signs)


def literals(text: str) -> Iterator[tuple[str, str]]:
    """What stands between the strokes of each expression, and the letters behind them."""
    at, last, braces = 0, "\n", list[str]()
    while at < len(text):
        one = text[at]
        if text.startswith("//", at):
            at = (text.find("\n", at) + 1 or len(text) + 1) - 1
        elif text.startswith("/*", at):
            at = text.index("*/", at) + 2
        elif one in "'\"":
            at, last = ended(text, at + 1, one) + 1, one
        elif one == "`" or (one == "}" and braces and braces[-1] == "`"):
            at, opened = template(text, at + 1)
            braces = [*braces[: -1 if one == "}" else None], *(["`"] if opened else [])]
            last = "(" if opened else "`"
        elif one == "/" and (last in BEFORE_AN_EXPRESSION or text[:at].rstrip().endswith("return")):
            end = ended(text, at + 1, "/")
            signs = re.match("[a-z]*", text[end + 1 :])
            assert signs
            yield text[at + 1 : end], signs[0]
            at, last = end + 1 + len(signs[0]), "/"
        else:
            braces = [*braces, "{"] if one == "{" else braces[:-1] if one == "}" else braces
            at, last = at + 1, last if one == " " else one


def ended(text: str, at: int, mark: str) -> int:
    """Where a text or an expression ends that goes on at `at`."""
    bracket = False
    while text[at] != mark or bracket:
        bracket = mark == "/" and (text[at] == "[" or (bracket and text[at] != "]"))
        at += 2 if text[at] == "\\" else 1
    return at


def template(text: str, at: int) -> tuple[int, bool]:
    """Behind the next end of a template's text, and whether an expression begins there."""
    while text[at] != "`" and not text.startswith("${", at):
        at += 2 if text[at] == "\\" else 1
    return (at + 1, False) if text[at] == "`" else (at + 2, True)


def in_python(source: str) -> str:
    """Any letter is as good as those of \\p{L}: what matters is what repeats and overlaps."""
    letters = re.sub(r"\\p\{(L|Lu|Ll)\}", "A-Za-zà-ÿ", source).replace(r"\p{N}", "0-9")
    return letters.replace("(?<", "(?P<").replace("(?P<!", "(?<!").replace("(?P<=", "(?<=")


def flags_of(signs: str) -> int:
    known = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
    return sum(int(known.get(sign, re.NOFLAG)) for sign in signs) | re.ASCII
