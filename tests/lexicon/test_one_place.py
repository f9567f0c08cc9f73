"""Words of natural languages stand in runs/engine/lexicon/words.toml, and nowhere else in `runs/`.

What is checked: expressions of modules and scripts that choose among two or more words, or have a letter beyond ASCII;
collections of modules, and texts that are lists of words, with three or more words of the lexicon's intents or two with
such a letter. What no site says stands in the tables here, each with its reason. A single word that is compared is not
noticed, nor is a list without any word that the lexicon knows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from runs.engine.lexicon.phrases import vocabulary
from tests import scripts
from tests.expressions import ROOT, own, parsed


def each(words: str) -> frozenset[str]:
    return frozenset(words.split())


WORD = re.compile(r"[^\W\d_]{3,}")
HOME = "runs/engine/lexicon/"
BY_FRAMEWORKS = "names of parameters and folders in addresses, which frameworks and not languages give"
BY_FORMAT = "words of a format or a language of machines"
BY_DRIVER = "what the driver and the browser say, whatever language the site speaks"
BY_FOLDERS = "how developers call their files"
NOT_OF_SITES = {
    "runs/engine/artifacts.py: DRIVERS_WORD": BY_DRIVER,
    "runs/engine/browser/remote.py: NOBODY": BY_DRIVER,
    "runs/engine/browser/watch.py: ANALYTICS": "names of services",
    "runs/engine/browser/writes.py: _SILENT": BY_FORMAT,
    "runs/engine/browser/writes.py: _TOKEN": BY_FORMAT,
    "runs/engine/crawl/address_shapes.py: CHOOSES_VIEW": BY_FRAMEWORKS,
    "runs/engine/crawl/address_shapes.py: VARIES": "its comments alone",
    "runs/engine/crawl/canonical.py: NOISE": BY_FRAMEWORKS,
    "runs/engine/crawl/canonical.py: PATH_SESSION": BY_FRAMEWORKS,
    "runs/engine/crawl/canonical.py: RETURN_ADDRESS": BY_FRAMEWORKS,
    "runs/engine/crawl/challenge.py: BODY": "names of services",
    "runs/engine/crawl/challenge.py: FRAME": "names of services",
    "runs/engine/crawl/found_links.py: LATE_KEYS": BY_FRAMEWORKS,
    "runs/engine/crawl/found_links.py: LATE_PATH": BY_FRAMEWORKS,
    "runs/engine/generate/preferences.py: NAMES": "people's own words about tests, which no page shows",
    "runs/engine/generate/preferences.py: _COMMON": "people's own words about tests, which no page shows",
    "runs/engine/generate/preferences.py: _ROLES": "people's own words about tests, which no page shows",
    "runs/engine/generate/proposals/navigation.py: _PAGING": BY_FRAMEWORKS,
    "runs/engine/generate/proposals/pagination.py: _PAGE": BY_FRAMEWORKS,
    "runs/engine/generate/signature.py: _RANDOM": "Sentri's own variables",
    "runs/engine/identity/state_signature.py: ENTERED": BY_FORMAT,
    "runs/engine/identity/state_signature.py: PRESSED": BY_FORMAT,
    "runs/engine/inpage/__init__.py: _MEMBER": BY_FORMAT,
    "runs/engine/page/boundaries.py: FOREIGN": "what is typed, not read",
    "runs/engine/page/volatile.py: _CUT": "dates, times and amounts, whose words count by the figures beside them",
    "runs/engine/steps/jsonpath.py: PART": BY_FORMAT,
    "runs/engine/steps/navigating.py: net::(\\w+)|Download is starting": BY_DRIVER,
    "runs/engine/steps/selectors.py: <(?:DELIM|IDENT|NUMBER|STRING|HASH) ('[^']*') at \\d+>": BY_DRIVER,
    "runs/engine/traffic/exchange.py: _DOCUMENT": BY_FORMAT,
    "runs/engine/traffic/exchange.py: _JSON": BY_FORMAT,
    "runs/engine/traffic/exchange.py: _OPERATION": BY_FORMAT,
    "runs/engine/unopened.py: TOO_LARGE": "Sentri's own sentences",
    "runs/insight/facts.py: NO_ANSWER": BY_DRIVER,
    "runs/insight/normalising.py: VARIES": "its comments alone",
    "runs/planning/impact.py: SUFFIX": BY_FOLDERS,
    "runs/planning/impact.py: TEST_FILE": BY_FOLDERS,
    "runs/views/option_labels.py: CHOICES": "Sentri's own labels",
}
# Scripts may choose among elements, types of fields, hints of `autocomplete`, and names that frameworks generate.
OF_HTML = each(
    """button canvas checkbox email file head hidden image img input noscript option password picture radio reset script
    select style submit template textarea username video"""
)
GENERATED = each("radix headlessui mui react aria ember ext gen yui")


def test_no_expression_chooses_among_words() -> None:
    assert expressions() - NOT_OF_SITES.keys() == set()


def test_no_script_chooses_among_words() -> None:
    refused = {
        f"{where}: {pattern}"
        for where, pattern, _ in scripts.expressions()
        if where.startswith("runs/") and chooses_words(pattern)
        if not {word.lower() for word in WORD.findall(without_classes(pattern))} <= OF_HTML | GENERATED
    }
    assert refused == set()


def test_no_collection_lists_words() -> None:
    assert collections() - NOT_OF_SITES.keys() == set()


def test_every_exception_is_needed() -> None:
    assert NOT_OF_SITES.keys() - expressions() - collections() == set()


def test_what_lists_words_is_noticed() -> None:
    assert chooses_words(r"^\W*(yes|ok|confirm)")
    assert chooses_words(r"\blogout\b|sign-?out|delete")
    assert chooses_words("löschen")
    assert not chooses_words(r"\d+|[a-z]{3}|x")
    assert lists_words(["delete", "remove", "cancel"])
    assert lists_words(["précédent", "próximo"])
    assert not lists_words(["GET", "POST", "listbox", "button"])


def expressions() -> set[str]:
    return {
        one.where
        for one in own()[0]
        if one.where.startswith("runs/") and not one.where.startswith(HOME) and chooses_words(one.pattern)
    }


def collections() -> set[str]:
    return {where for where, listed in written_out() if lists_words(listed)}


def without_classes(pattern: str) -> str:
    return re.sub(r"\\[a-zA-Z]|\[[^\]]*\]|\(\?[a-z:=!<]+", " ", pattern)


def chooses_words(pattern: str) -> bool:
    plain = without_classes(pattern)
    chosen = [part for part in plain.split("|") if WORD.search(part)]
    return len(chosen) > 1 or any(map(is_foreign, WORD.findall(plain)))


def lists_words(listed: list[str]) -> bool:
    return len(known().intersection(listed)) > 2 or sum(map(is_foreign, listed)) > 1


def is_foreign(word: str) -> bool:
    return not word.isascii() and word.replace(" ", "").isalpha()


@cache
def known() -> frozenset[str]:
    listed = (words for sense, words in vocabulary().items() if sense.startswith("intents."))
    return frozenset(word.rstrip("*") for words in listed for word in words)


def written_out() -> Iterator[tuple[str, list[str]]]:
    """Place and words of each collection, and of each text that is a list of words."""
    for path in sorted((ROOT / "runs").rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        if "migrations" in path.parts or where.startswith(HOME):
            continue
        for node in parsed(path).body:
            for inner in ast.walk(node):
                yield f"{where}: {name_of(node)}", texts_of(inner)


def name_of(node: ast.stmt) -> str:
    match node:
        case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target):
            return ast.unparse(target)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
    return ""


def texts_of(node: ast.AST) -> list[str]:
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            found = parts
        case ast.Dict(keys=keys, values=values):
            found = [*filter(None, keys), *values]
        case ast.Constant(value=str() as text) if all(map(str.isalpha, text.split())):
            return text.split()
        case _:
            return []
    return [one.value for one in found if isinstance(one, ast.Constant) and isinstance(one.value, str)]
