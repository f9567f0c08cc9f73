"""Which tests a change of the application touches. What cannot be attributed to addresses selects everything."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from runs.engine.kinds import kind_of

SCREENS = frozenset({".js", ".ts", ".jsx", ".tsx", ".vue", ".svelte", ".astro"})
HOMES = ("app", "pages", "routes", "views", "screens")
NAMES_OF_FOLDERS = frozenset({"index", "page", "route", "layout", "+page", "+layout"})
SUFFIX = re.compile(r"(?<=[a-z0-9])(Page|Route|View|Screen|Component)$")
# Below a home of screens, but shared by several or run on the server.
SHARED = frozenset(
    {"api", "assets", "common", "components", "composables", "config", "contexts", "core", "helpers", "hooks", "i18n"}
    | {"lib", "locales", "middleware", "migrations", "models", "providers", "scripts", "server", "services", "shared"}
    | {"store", "stores", "styles", "types", "ui", "utils", "_app", "_document", "_error"}
)
TEST_FOLDERS = frozenset({"test", "tests", "e2e", "cypress", "spec"})
TEST_FILE = re.compile(r"\.(test|spec|stories)\.\w+$")
PROSE = frozenset({".md", ".mdx", ".rst", ".txt"})
PROSE_NAMES = frozenset({"license", "licence", "changelog", "codeowners", ".gitignore", ".editorconfig"})
PROSE_FOLDERS = frozenset({"docs", "doc"})
WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Impact:
    """What changed files mean. With a `fallback_reason` everything runs; `because` is the file that it is owed to."""

    route_prefixes: frozenset[str] = frozenset()
    fallback_reason: str | None = None
    because: str = ""


def impact_of(changed_files: Sequence[str], route_map: Mapping[str, Sequence[str]]) -> Impact:
    """Routes that the files stand for, or why everything has to run."""
    if not changed_files:
        return Impact(fallback_reason="no_changed_files")
    prefixes: set[str] = set()
    for file in changed_files:
        found = _routes(file, route_map)
        if found is None:
            return Impact(fallback_reason="unknown_files", because=file)
        prefixes |= found
    return Impact(frozenset(prefixes))


def under(paths: Iterable[str], prefixes: Set[str]) -> bool:
    """Whether an address lies at or below one of others, whole segments compared. Only the start page lies at /."""
    return any(not prefixes.isdisjoint(_with_those_above(path)) for path in paths)


def _with_those_above(path: str) -> list[str]:
    segments = path.split("/")[1:]
    return [path, *("/" + "/".join(segments[:depth]) for depth in range(1, len(segments)))]


def paths_of(document: Mapping[str, Any], page_url: str = "", base_url: str = "") -> set[str]:
    """Addresses that a test names, below the base URL and up to their first variable; empty where it names none."""
    steps = [step for step in document.get("steps", ()) if isinstance(step, dict)]
    named = [document.get("start"), *(step.get("path") for step in steps)]
    found = {_clean(path) for path in named if isinstance(path, str) and path.startswith("/")}
    opens_itself = bool(steps) and kind_of(steps[0]).begins_test
    if document.get("kind", "ui") == "ui" and not document.get("start") and not opens_itself:
        found.add("/")
    if page_url:
        found.add(_clean("/" + urlsplit(page_url).path.removeprefix(urlsplit(base_url).path.rstrip("/")).lstrip("/")))
    return found


def _clean(path: str) -> str:
    bare = re.split(r"[?#]|\{\{", path, maxsplit=1)[0]
    return bare.rstrip("/") or "/"


def _routes(file: str, route_map: Mapping[str, Sequence[str]]) -> set[str] | None:
    """Prefixes of one file, none for what no visitor ever sees, None for what cannot be attributed."""
    path = file.strip().replace("\\", "/").removeprefix("./").lstrip("/")
    mapped = {_clean(route) for pattern, routes in route_map.items() if _matches(path, pattern) for route in routes}
    if mapped or not path:
        return mapped or None
    return set() if _unseen(path) else _derived(PurePosixPath(path))


def _matches(path: str, pattern: str) -> bool:
    """By a pattern with * ? [], by equality, by folder, or by a part of the path."""
    if WILD.search(pattern):
        return fnmatchcase(path, pattern)
    return path == pattern or path.startswith(pattern.rstrip("/") + "/") or pattern in path


def _unseen(path: str) -> bool:
    """Tests and prose of the application."""
    known = PurePosixPath(path.lower())
    folders = set(known.parts[:-1])
    # A folder called test holds tests above a home of screens, and is a route below it.
    above = set(takewhile(lambda part: part not in HOMES, known.parts[:-1]))
    prose = known.suffix in PROSE or known.stem in PROSE_NAMES or known.name in PROSE_NAMES
    is_test = bool(above & TEST_FOLDERS or folders & {"__tests__", "__mocks__"} or TEST_FILE.search(known.name))
    return is_test or (prose and not folders & set(HOMES)) or known.parts[0] in PROSE_FOLDERS


def _derived(path: PurePosixPath) -> set[str] | None:
    parts = list(path.parts)
    home = next((place for place in range(len(parts) - 1) if parts[place].lower() in HOMES), None)
    if home is not None and parts[home].lower() == "app" and parts[home + 1].lower() in HOMES:
        home += 1
    if path.suffix not in SCREENS or home is None or home >= len(parts) - 1:
        return None
    below = [*parts[home + 1 : -1], path.name.split(".")[0]]
    if _is_shared(below):
        return None
    return _with_parent([_spelled(part) for part in below if _counts(part)], below[-1])


def _is_shared(below: Collection[str]) -> bool:
    names = [name.lower() for name in below]
    whole_application = names[-1] in {"layout", "+layout", "error", "loading"} and len(names) == 1
    return whole_application or bool(SHARED & set(names))


def _counts(part: str) -> bool:
    """Parameters, groups and slots of file-based routers are no part of an address that is known here."""
    return not part.startswith(("[", "(", "@", "$", "_", ":")) and part.lower() not in NAMES_OF_FOLDERS


def _spelled(part: str) -> str:
    bare = SUFFIX.sub("", part)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", bare).lower()


def _with_parent(segments: Sequence[str], name: str) -> set[str] | None:
    """The route and the one above it; the start page alone where nothing is left, if that is what the name says."""
    if not segments:
        return {"/"} if name.lower() in NAMES_OF_FOLDERS else None
    routes = {"/" + "/".join(segments)}
    if len(segments) > 1:
        routes.add("/" + "/".join(segments[:-1]))
    return routes
