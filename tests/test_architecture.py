"""The house rules that a machine can check."""

import ast
import configparser
import os
import re
import subprocess
import sys
from collections.abc import Container, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("sentri", "projects", "runs", "tests", "bench", "bin")
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "service", "services", "misc"}
BANNED_IMPORTS = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}

STATE_COLUMNS = {"status", "verdict", "stage", "state", "resolution"}
STATE_MODELS = {"Run", "Shard", "Lease", "Result", "CrawlPage", "Case", "Attempt", "RunEvent", "Delivery", "Trial"}
WRITES = {"create", "update", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "acreate"}
MAY_WRITE = ("runs/ledger", "runs/migrations", "runs/models", "runs/engine")
# The one module that gives rows their states; models say the first one, and the engine knows no rows.
SHIFTS = ("runs/ledger/work.py", "runs/migrations", "runs/models", "runs/engine")
STATUS = {"status", "state"}
READS = {"filter", "exclude", "get", "Q"}

# Modules of runs that may start the engine, and those that have no say: see the contract `starters`.
STARTERS = {"tasks", "worker", "consumers", "management", "engine"}
STARTERS |= {"apps", "urls", "routing", "migrations", "templatetags"}


def sources(*places: str) -> Iterator[Path]:
    for place in places or OURS:
        yield from sorted((ROOT / place).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_imports_follow_the_layers() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_every_module_of_runs_stands_in_the_contract_about_starting_the_engine() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    named = set(contracts["importlinter:contract:starters"]["source_modules"].split())
    modules = {
        path.stem for path in (ROOT / "runs").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert {f"runs.{name}" for name in modules - STARTERS - {"__init__"}} <= named


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports in functions and those for types alone count as well: who reads one module has to read the other."""
    modules = {module_name(path): path for path in sources() if "migrations" not in path.parts}
    graph = {name: {*imported_modules(path, modules)} - {name} for name, path in modules.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError with the circle


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported_modules(path: Path, modules: Container[str]) -> Iterator[str]:
    """The modules of ours that a module imports; of a package those that are named, else the package itself."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            named = (f"{node.module}.{name.name}" for name in node.names)
            yield from (full if full in modules else node.module for full in named if node.module in modules)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in modules)


def test_step_kinds_do_not_know_each_other() -> None:
    """Unlike the other plug-ins they share modules that are no kinds, so the registry says which are."""
    from runs.engine.steps import STEPS

    kinds = {kind.__module__ for kind in STEPS.values()}
    imports = {kind: imported_by(ROOT / f"{kind.replace('.', '/')}.py") for kind in kinds}
    assert {kind: known & kinds for kind, known in imports.items() if known & kinds} == {}


def imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def test_json_of_sites_is_read_in_one_place_that_bounds_it() -> None:
    """The lines of a trace are Playwright's, and nested as deep as the page is: `archive` bounds that itself."""
    reading = [relative(path) for path in sources("runs/engine") if "json.loads(" in path.read_text(encoding="utf-8")]
    assert reading == ["runs/engine/browser/video.py", "runs/engine/foreign.py", "runs/engine/masking/archive.py"]


def test_no_module_is_longer_than_400_lines() -> None:
    modules = [path for path in sources() if "migrations" not in path.parts]
    too_long = [path for path in modules if length(path) > 400]
    assert [relative(path) for path in too_long] == []


def length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {relative(path): set(re.split(r"[_.]", path.stem)) | {path.parent.name} for path in sources()}
    assert {name for name, words in names.items() if words & BANNED_NAMES} == set()


def test_nothing_of_ours_executes_text_or_unpickles() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.stmt | ast.expr) and executes_text(node)
    ]
    assert found == []


def executes_text(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="exec" | "eval")):
            return True
        case ast.Import(names=names):
            return any(name.name.split(".")[0] in BANNED_IMPORTS for name in names)
        case ast.ImportFrom(module=str(module)):
            return module.split(".")[0] in BANNED_IMPORTS
    return False


def test_only_the_ledger_writes_the_state_of_runs() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in sources("runs", "sentri")
        if not relative(path).startswith(MAY_WRITE)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.stmt | ast.Call) and writes_state(node)
    ]
    assert found == []


def writes_state(node: ast.stmt | ast.Call) -> bool:
    match node:
        case ast.Assign(targets=targets):
            return any(is_state_of_another(target) for target in targets)
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return is_state_of_another(target)
        case ast.Call(func=ast.Attribute(attr=verb, value=value), keywords=keywords) if verb in WRITES:
            return bool(STATE_COLUMNS & {keyword.arg for keyword in keywords}) or first_name(value) in STATE_MODELS
    return False


def is_state_of_another(target: ast.expr) -> bool:
    return isinstance(target, ast.Attribute) and target.attr in STATE_COLUMNS and first_name(target) != "self"


def first_name(node: ast.expr) -> str:
    """`Run` of Run.objects.filter(…).update."""
    while True:
        match node:
            case ast.Attribute(value=inner) | ast.Call(func=inner) | ast.Subscript(value=inner):
                node = inner
            case ast.Name(id=name):
                return name
            case _:
                return ""


@pytest.mark.parametrize(
    ("text", "writes"),
    [
        ("run.status = 'failed'", True),
        ("Run.objects.filter(pk=1).update(status='failed')", True),
        ("project.runs.create(status='queued')", True),
        ("Result.objects.create(run=run)", True),
        ("self.status = 404", False),
        ("Run.objects.filter(status='failed')", False),
        ("counts.update(passed=1)", False),
    ],
)
def test_the_check_for_writers_sees_what_it_should(text: str, writes: bool) -> None:
    tree = ast.walk(ast.parse(text))
    assert any(writes_state(node) for node in tree if isinstance(node, ast.stmt | ast.Call)) == writes


def test_a_row_gets_its_state_by_shift_alone() -> None:
    """Along the tables of `runs.states`; who reads by a state names it from there as well."""
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in sources("runs")
        if not relative(path).startswith(SHIFTS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.stmt | ast.expr) and (gives_a_state(node) or writes_a_state_out(node))
    ]
    assert found == []


def gives_a_state(node: ast.AST) -> bool:
    """Whether a row gets its state here: by assignment, as an argument of a write or of a model, or in SQL."""
    match node:
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return any(is_status_of_another(target) for target in targets)
        case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=name), _]):
            return name in STATUS
        case ast.Call(func=ast.Attribute(attr="update"), keywords=keywords):
            return bool({*STATUS, None} & {keyword.arg for keyword in keywords})
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), keywords=keywords):
            return name in WRITES | STATE_MODELS and bool(STATUS & {keyword.arg for keyword in keywords})
        case ast.Constant(value=str(text)):
            return re.search(r"UPDATE .* SET (.*, )?(status|state) =", text) is not None
    return False


def is_status_of_another(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return any(is_status_of_another(one) for one in target.elts)
    return isinstance(target, ast.Attribute) and target.attr in STATUS and first_name(target) != "self"


def writes_a_state_out(node: ast.AST) -> bool:
    """Whether rows are read by a state that is spelled out."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), keywords=keywords) if name in READS:
            named = [keyword for keyword in keywords if re.search(r"(^|__)(status|state)(__in)?$", keyword.arg or "")]
            return any(is_spelled_out(keyword.value) for keyword in named)
        case ast.Compare(left=ast.Attribute(attr=name), comparators=values) if name in STATUS:
            return any(is_spelled_out(value) for value in values)
    return False


def is_spelled_out(value: ast.expr) -> bool:
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        return any(is_spelled_out(one) for one in value.elts)
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value != ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("run.status = states.FAILED", True),
        ("row.error, row.status = '', states.FAILED", True),
        ("lease.state: str = states.LOST", True),
        ("setattr(run, 'status', to)", True),
        ("results.update(status=states.PENDING, lease=None)", True),
        ("results.update(**fields)", True),
        ("Lease.objects.filter(shard=shard).update(state=states.STOPPED)", True),
        ("CrawlPage(run=run, status=states.SKIPPED)", True),
        ("Case.objects.create(run=run, status=states.SKIPPED)", True),
        ("execute('UPDATE runs_result SET lease_id = 1, status = %s')", True),
        ("run.results.filter(status='failed')", True),
        ("Q(run__status__in=('queued', 'running'))", True),
        ("run.status == 'failed'", True),
        ("run.status in ('queued', 'running')", True),
        ("results.update(lease=None)", False),
        ("self.status = 404", False),
        ("run.results.filter(status=states.FAILED)", False),
        ("Q(state='')", False),
        ("render(request, page, status=422)", False),
        ("shift(results, 'return', lease=None)", False),
    ],
)
def test_the_check_for_states_sees_what_it_should(text: str, found: bool) -> None:
    tree = ast.walk(ast.parse(text))
    assert any(gives_a_state(node) or writes_a_state_out(node) for node in tree) == found


def test_models_and_migrations_agree() -> None:
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    pending = {
        app: changes for app, changes in detector.changes(graph=loader.graph).items() if app in ("projects", "runs")
    }
    assert pending == {}


def test_the_glossary_names_places_that_exist() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    places = re.findall(r"`([a-z_/.]+)`", text)
    assert len(places) > 30
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_commands_that_the_documents_name_exist() -> None:
    from django.core.management import get_commands

    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages if page.exists())
    scripts = set(re.findall(r"(?<![\w/.-])bin/([a-z]+)\b", text))
    assert {name for name in scripts if not os.access(ROOT / "bin" / name, os.X_OK)} == set()
    assert set(re.findall(r"manage\.py (\w+)", text)) <= set(get_commands())


ONE_THAT_COMPILES = "runs/engine/patterns.py"
# Its expressions are made of words that it escapes itself, for the browser alone.
MADE_OF_OUR_WORDS = {"runs/engine/locate.py"}


def test_expressions_of_people_and_sites_are_compiled_in_one_place() -> None:
    """Python's own engine backtracks and holds the interpreter: one pattern could stop a worker's heartbeat."""
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in sources("sentri", "projects", "runs")
        if relative(path) not in {ONE_THAT_COMPILES, *MADE_OF_OUR_WORDS}
        for tree in [ast.parse(path.read_text(encoding="utf-8"))]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and compiles_foreign_text(node, constants(tree))
    ]
    assert found == []
    others = [path for path in sources("sentri", "projects", "runs") if "re2" in imported_by(path)]
    assert [relative(path) for path in others] == [ONE_THAT_COMPILES]


def constants(tree: ast.Module) -> set[str]:
    """Names of texts and expressions that a module writes out itself."""
    names = {"REPO"}  # a pattern of runs.notifiers.github
    for node in tree.body:
        if isinstance(node, ast.Assign) and is_written_out(node.value, names):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            names |= {
                one.id
                for target in node.targets
                if isinstance(target, ast.Tuple)
                for one in target.elts
                if isinstance(one, ast.Name)
            }
    return names


def is_written_out(node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Constant() | ast.Name():
            return isinstance(node, ast.Constant) or node.id in names
        case ast.JoinedStr(values=parts) | ast.Tuple(elts=parts):
            return all(is_written_out(part, names) for part in parts)
        case ast.FormattedValue(value=value):
            return is_written_out(value, names)
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[part]):
            return is_written_out(part, names)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=verb)):
            return verb == "escape"
    return False


def compiles_foreign_text(node: ast.Call, names: set[str]) -> bool:
    verbs = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
    match node.func:
        case ast.Attribute(value=ast.Name(id="re"), attr=verb) if verb in verbs:
            return not is_written_out(node.args[0], names)
    return False


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("re.search(pattern, line)", True),
        ("re.compile(f'^{word}$')", True),
        ("re.compile('^a$')", False),
        ("re.compile(rf'^{re.escape(word)}$')", False),
        ("re.compile(rf'^{WRITTEN}$')", False),
    ],
)
def test_the_check_for_foreign_expressions_sees_what_it_should(text: str, foreign: bool) -> None:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    assert compiles_foreign_text(call, constants(ast.parse("WRITTEN = 'a|b'"))) == foreign


def test_no_sentence_quotes_the_expression_that_a_value_is_checked_by() -> None:
    """pydantic's `pattern` would be shown to whoever writes the value; a validator says it in words."""
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in sources("sentri", "projects", "runs")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and first_name(node.func) == "Field"
        if any(keyword.arg == "pattern" for keyword in node.keywords)
    ]
    assert found == []


def test_the_files_that_are_begun_first_are_there() -> None:
    from tests.conftest import LONGEST_FIRST

    assert [name for name in LONGEST_FIRST if not (ROOT / "tests" / name).is_file()] == []
