"""One name, one meaning: of public classes and of modules."""

import ast
from collections import Counter
from collections.abc import Iterator

from tests.test_architecture import relative, sources

# What a module's name means where several rooms have a module for the same thing.
SHARED_STEMS = {
    "accounts": "accounts that a site signs in",
    "activity": "what people did in a workspace",
    "application": "what is known of an application",
    "attempt": "one execution of a test",
    "auth_profiles": "sign-ins",
    "base": "what the members of a registry have in common",
    "cases": "what a crawl tries",
    "causes": "why tests fail together",
    "channels": "where notifications go",
    "cluster": "the workers of django-q2",
    "comments": "comments on tests and runs",
    "deadlines": "the minutes of a crawl by stage",
    "deleting": "deleting what may still be in use",
    "entering": "entering values into fields and forms",
    "endpoint": "the base class of endpoints of the API",
    "entrusted": "which secret belongs to which origins",
    "environments": "environments of a project",
    "events": "the events of a run",
    "first": "the first account",
    "form": "a form of a tested page",
    "inputs": "bodies that the API takes",
    "learning": "what a run adds to what was known",
    "members": "members of a workspace",
    "page": "a page of a tested site",
    "pages": "pages of a tested site",
    "projects": "projects",
    "result": "the result of a test in a run",
    "reviewing": "deciding about drafts",
    "run": "a run",
    "schema": "the OpenAPI document of the API",
    "scoring": "what a proven test is worth",
    "serializers": "serializers of the API",
    "settings": "settings",
    "signin": "signing in to a tested site",
    "story": "the log of a run",
    "tests": "tests of a project",
    "tokens": "tokens for the API",
    "trials": "tries of a sign-in",
    "worker": "a worker process, and what it does with a lease",
}
NAMES_OF_DJANGO = {"__init__", "admin", "apps", "urls"}
SAY_NOTHING = {"told", "_told", "one", "_one", "of", "asked", "_asked"}
# What is stored under such a name: a column, a link of a page, a recorded page, a step of a test.
STORED = {
    "runs/models/page.py asked",
    "runs/engine/events.py asked",
    "runs/engine/identity/state_signature.py told",
    "runs/engine/steps/save.py of",
}


def test_no_public_class_has_the_name_of_another_one() -> None:
    """A command has the name that Django asks for; an inner `Meta` is no class of a module."""
    places: dict[str, list[str]] = {}
    for path in sources("projects", "runs", "sentri"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if (
                isinstance(node, ast.ClassDef)
                and not node.name.startswith("_")
                and path.parent.name not in ("commands", "migrations")
            ):
                places.setdefault(node.name, []).append(relative(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_name_of_a_module_has_two_meanings() -> None:
    modules = [
        path for path in sources("projects", "runs", "sentri") if path.parent.name not in ("commands", "migrations")
    ]
    counted = Counter(path.stem for path in modules if path.stem not in NAMES_OF_DJANGO)
    assert {stem for stem, number in counted.items() if number > 1} == SHARED_STEMS.keys()


def test_variables_say_what_they_hold() -> None:
    """Neither do functions, fields and arguments have a name that could be anything's."""
    paths = [path for path in sources("projects", "runs", "sentri") if path.parent.name != "migrations"]
    found = {
        f"{relative(path)} {name}"
        for path in paths
        for name in _named(ast.parse(path.read_text(encoding="utf-8")))
        if name in SAY_NOTHING
    }
    assert found == STORED


def _named(tree: ast.Module) -> Iterator[str]:
    """All that a module gives a name: variables, attributes, arguments, functions, and what it imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name
