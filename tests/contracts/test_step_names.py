"""A step's name is written in its own file and nowhere else in the product: who must know of a kind asks its traits."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runs.engine.steps import STEPS

ROOT = Path(__file__).resolve().parent.parent.parent
STEPS_HOME = "runs/engine/steps/"
EXPECTS = "expect_"
SHORTEST_BEGINNING = 4

# Words that are names of steps and mean something else there.
OTHERWISE: dict[str, set[str]] = {
    "runs/api/results.py": {"request"},  # a serializer's context
    "runs/api/serializers.py": {"request"},
    "projects/api/environments.py": {"request"},
    "projects/api/projects.py": {"request"},
    "projects/api/serializers.py": {"request"},
    "runs/application_map.py": {"request"},  # what an endpoint is sent
    "runs/engine/traffic/exchange.py": {"request"},
    "runs/insight/application/api_endpoint.py": {"request"},
    "runs/engine/browser/headers.py": {"request"},  # events of the browser's driver
    "runs/engine/browser/watch.py": {"request"},
    "runs/engine/browser/writes.py": {"request"},
    "runs/engine/prove/touched.py": {"request"},
    "runs/engine/prove/before_act.py": {"request"},
    "runs/engine/prove/mutations/swallowed_click.py": {"click"},  # events of the page
    "runs/engine/prove/mutations/swallowed_submit.py": {"click"},
    "runs/engine/crawl/form_action.py": {"select"},  # the element of HTML
    "runs/engine/generate/proposals/filtering.py": {"select"},
    "runs/engine/generate/proposals/entering.py": {"select"},
    "runs/engine/generate/proposals/following.py": {"select"},
    "runs/engine/generate/proposals/form.py": {"select"},
    "runs/engine/page/boundaries.py": {"select"},
    "runs/engine/page/filling.py": {"select"},
    "runs/engine/page/naming.py": {"select"},
    "runs/engine/crawl/actions.py": {"select", "press", "hover", "scroll"},  # and what a crawl tries on an element
    "runs/engine/crawl/score.py": {"press", "hover", "scroll"},
    "runs/engine/generate/proposals/form_kinds.py": {"select", "press"},  # and what a form is for
    "runs/engine/generate/proposals/journey.py": {"press"},
    "runs/engine/generate/proposals/action.py": {"press"},  # and a pattern of a title
    "runs/engine/generate/proposals/interruption.py": {"back"},
    "runs/engine/generate/preferences.py": {"check"},  # a word that people use for anything
    "runs/views/deleting.py": {"back"},  # the way back
}


def product() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(path for place in ("runs", "projects", "sentri") for path in (ROOT / place).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(STEPS_HOME) and "migrations" not in path.parts:
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Names of steps, and beginnings of such names, that are written out."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if text in STEPS or re.fullmatch(rf"{EXPECTS}\w*", text):
                yield node.lineno, text
            case ast.Call(func=ast.Attribute(attr="startswith"), args=[given]):
                yield from ((given.lineno, text) for text in texts_of(given) if begins_a_name(text))


def texts_of(node: ast.expr) -> Iterator[str]:
    return (one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str))


def begins_a_name(text: str) -> bool:
    return len(text) >= SHORTEST_BEGINNING and any(name.startswith(text) for name in STEPS)


def kinds_told_apart_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts that are made the `do` of a step, or compared with one."""
    for node in ast.walk(tree):
        match node:
            case ast.Dict(keys=keys, values=values):
                pairs = [value for key, value in zip(keys, values, strict=True) if is_text(key, "do")]
                yield from ((node.lineno, text) for value in pairs for text in texts_of(value) if text)
            case ast.Compare(left=left, comparators=others) if any(is_do(one) for one in (left, *others)):
                compared = [one for one in (left, *others) if not is_do(one)]
                yield from ((node.lineno, text) for one in compared for text in texts_of(one) if text)


def is_do(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(attr="do"):
            return True
        case ast.Subscript(slice=key):
            return is_text(key, "do")
        case ast.Call(func=ast.Attribute(attr="get"), args=[key, *_]):
            return is_text(key, "do")
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return is_do(inner)
    return False


def is_text(node: ast.expr | None, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def test_no_name_of_a_step_stands_outside_of_its_file() -> None:
    found = [
        f"{name}:{line}: {text}"
        for name, tree in product()
        for line, text in names_in(tree)
        if text not in OTHERWISE.get(name, set())
    ]
    assert found == []


def test_no_step_is_made_or_told_apart_by_a_text() -> None:
    """Also not where a word means something else as well."""
    found = [f"{name}:{line}: {text}" for name, tree in product() for line, text in kinds_told_apart_in(tree)]
    assert found == []


def test_words_that_mean_something_else_are_there() -> None:
    there = {name: {text for _, text in names_in(tree)} for name, tree in product() if name in OTHERWISE}
    assert {name: words - there.get(name, set()) for name, words in OTHERWISE.items() if words - there[name]} == {}


@pytest.mark.parametrize("place", ["templates", "sentri/static"])
def test_no_page_and_no_script_knows_a_kind_of_step(place: str) -> None:
    paths = [path for path in (ROOT / place).rglob("*") if path.suffix in {".html", ".js"}]
    texts = {path.name: path.read_text(encoding="utf-8") for path in paths if "vendor" not in path.parts}
    assert texts
    knows = re.compile(rf"\b{EXPECTS}[a-z]+|\.do\b\s*(?:==|in\b)")
    assert [name for name, text in texts.items() if knows.search(text)] == []


@pytest.mark.parametrize(
    ("text", "names", "told_apart"),
    [
        ("{'do': 'click', 'target': target}", ["click"], ["click"]),
        ("step['do'] == 'fill'", ["fill"], ["fill"]),
        ("step.do in ('select', 'goto')", ["select", "goto"], ["select", "goto"]),
        ("str(step.get('do', '')) != 'dance'", [], ["dance"]),
        ("name.startswith(('expect_', 'wait_'))", ["expect_", "wait_", "expect_"], []),
        ("name.startswith('expe')", ["expe"], []),
        ("frozenset({'expect_no_console_errors'})", ["expect_no_console_errors"], []),
        ("Click.step(target=target)", [], []),
        ("kind_of(step).role == 'expect'", [], []),
        ("answer['expect']", [], []),
    ],
)
def test_the_check_for_names_of_steps_sees_what_it_should(text: str, names: list[str], told_apart: list[str]) -> None:
    tree = ast.parse(text)
    assert sorted(name for _, name in names_in(tree)) == sorted(names)
    assert [name for _, name in kinds_told_apart_in(tree)] == told_apart
