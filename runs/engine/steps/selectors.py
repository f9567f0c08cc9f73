"""What is wrong with a target or a key before a browser sees it: roles that there are, CSS, XPath, names of keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

import cssselect
from elementpath import ElementPathSyntaxError, XPath1Parser

from runs.engine.plan import Target

# WAI-ARIA 1.2, section 5.4, without abstract roles; the driver finds elements by these and by no others.
ROLES = frozenset(
    [
        "alert",
        "alertdialog",
        "application",
        "article",
        "banner",
        "blockquote",
        "button",
        "caption",
        "cell",
        "checkbox",
        "code",
        "columnheader",
        "combobox",
        "complementary",
        "contentinfo",
        "definition",
        "deletion",
        "dialog",
        "directory",
        "document",
        "emphasis",
        "feed",
        "figure",
        "form",
        "generic",
        "grid",
        "gridcell",
        "group",
        "heading",
        "img",
        "insertion",
        "link",
        "list",
        "listbox",
        "listitem",
        "log",
        "main",
        "mark",
        "marquee",
        "math",
        "meter",
        "menu",
        "menubar",
        "menuitem",
        "menuitemcheckbox",
        "menuitemradio",
        "navigation",
        "none",
        "note",
        "option",
        "paragraph",
        "presentation",
        "progressbar",
        "radio",
        "radiogroup",
        "region",
        "row",
        "rowgroup",
        "rowheader",
        "scrollbar",
        "search",
        "searchbox",
        "separator",
        "slider",
        "spinbutton",
        "status",
        "strong",
        "subscript",
        "superscript",
        "switch",
        "tab",
        "table",
        "tablist",
        "tabpanel",
        "term",
        "textbox",
        "time",
        "timer",
        "toolbar",
        "tooltip",
        "tree",
        "treegrid",
        "treeitem",
    ]
)
# Names of UI Events KeyboardEvent code and key values, as far as the driver's keyboard has them.
KEYS = frozenset(
    [
        "Alt",
        "AltGraph",
        "AltLeft",
        "AltRight",
        "ArrowDown",
        "ArrowLeft",
        "ArrowRight",
        "ArrowUp",
        "AudioVolumeDown",
        "AudioVolumeMute",
        "AudioVolumeUp",
        "Backquote",
        "Backslash",
        "Backspace",
        "BracketLeft",
        "BracketRight",
        "CapsLock",
        "Clear",
        "Comma",
        "ContextMenu",
        "Control",
        "ControlLeft",
        "ControlOrMeta",
        "ControlRight",
        "Delete",
        "End",
        "Enter",
        "Equal",
        "Escape",
        "Home",
        "Insert",
        "MediaPlayPause",
        "MediaTrackNext",
        "MediaTrackPrevious",
        "Meta",
        "MetaLeft",
        "MetaRight",
        "Minus",
        "NumLock",
        "NumpadAdd",
        "NumpadDecimal",
        "NumpadDivide",
        "NumpadEnter",
        "NumpadMultiply",
        "NumpadSubtract",
        "PageDown",
        "PageUp",
        "Pause",
        "Period",
        "PrintScreen",
        "Quote",
        "ScrollLock",
        "Semicolon",
        "Shift",
        "ShiftLeft",
        "ShiftRight",
        "Slash",
        "Space",
        "Tab",
    ]
) | {
    *(f"F{number}" for number in range(1, 13)),
    *(f"{kind}{digit}" for kind in ("Digit", "Numpad") for digit in range(10)),
    *(f"Key{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
}
# A quotation mark without an end, and each pair of brackets, make a reader go through all the rest again.
LONGEST = 2_000
OF_SELECTORS = frozenset({"is", "where", "not", "has", "matches", "host", "host-context", "-webkit-any", "-moz-any"})
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|\\[0-9a-fA-F]{1,6}\s?|\\.', re.DOTALL)
_INNERMOST = re.compile(r":([a-zA-Z-]+)\(([^()]*)\)")
# The driver chains selectors of several engines with >>; those of others than CSS are its own to judge.
_ENGINE = re.compile(r"^\s*(?!css\b)[a-zA-Z_:]+\s*=")
# In `:has(> li)` stands a combinator with nothing before it, which cssselect does not read.
_RELATIVE = re.compile(r"^\s*[>+~]")


def wrong(target: Target, path: str) -> Iterator[tuple[str, str]]:
    """Path and sentence of each thing that is wrong with a target and with those that it stands in."""
    checks = (("role", _wrong_role), ("css", wrong_css), ("xpath", wrong_xpath))
    for way, check in checks:
        value = getattr(target, way)
        if value is not None and "{{" not in value and (sentence := check(value)):
            yield f"{path}.{way}", sentence
    if target.within is not None:
        yield from wrong(target.within, f"{path}.within")
    for index, frame in enumerate(target.frame):
        yield from wrong(frame, f"{path}.frame[{index}]")


def _wrong_role(role: str) -> str:
    return "" if role in ROLES else f"there is no role “{role[:60]}”{meant(role, ROLES)}"


def wrong_key(chord: str) -> str:
    """What is wrong with a key or a chord such as Control+A; nothing where it can be pressed."""
    # The last plus of "Control++" is the key.
    names = [name for name in re.split(r"\+(?=.)", chord, flags=re.DOTALL) if name]
    unknown = next((name for name in names if len(name) > 1 and name not in KEYS), None)
    return f"there is no key “{unknown[:60]}”{meant(unknown, KEYS)}" if unknown else ""


def meant(word: str, known: frozenset[str]) -> str:
    """A question for what was probably meant, where something is like it."""
    by_case = {name.lower(): name for name in known}
    found = get_close_matches(word.lower()[:80], list(by_case), 1, 0.6)
    return f"; did you mean {by_case[found[0]]}?" if found else ""


def wrong_css(selector: str) -> str:
    """What is wrong with a selector of CSS, with what browsers and the driver add to it; nothing where that is fine."""
    if len(selector) > LONGEST:
        return f"a selector has at most {LONGEST:,} characters"
    plain = _QUOTED.sub("x", selector)
    for unquoted in ('"', "'"):
        if unquoted in plain:
            return f"this is not CSS: a {unquoted} is not closed"
    for part in re.split(r">>", plain):
        if not _ENGINE.match(part) and (sentence := _wrong_part(part.removeprefix("css="))):
            return f"this is not CSS: {sentence}"
    return ""


def _wrong_part(part: str) -> str:
    """Innermost brackets first: what selectors stand in them is looked at by itself, and the rest is the driver's."""
    while found := _INNERMOST.search(part):
        name, inner = found[1].lower(), found[2]
        if not inner.strip():
            return f":{name}() needs something in its brackets"
        if name in OF_SELECTORS and (sentence := _wrong_list(inner)):
            return sentence
        part = f"{part[: found.start()]}:{name}-{part[found.end() :]}"
    return _wrong_list(part)


def _wrong_list(selectors: str) -> str:
    """Commas part selectors here; within brackets of attributes there are none once quoted texts are gone."""
    for selector in selectors.split(","):
        try:
            cssselect.parse(_RELATIVE.sub("", selector).strip())
        except cssselect.SelectorError as error:
            said = re.sub(r"<(?:DELIM|IDENT|NUMBER|STRING|HASH) ('[^']*') at \d+>", r"\1", str(error))
            said = re.sub(r"<EOF at \d+>", "its end", said)
            return f"{said[:1].lower()}{said[1:200]} in “{selector.strip()[:60]}”"
    return ""


def wrong_xpath(expression: str) -> str:
    """What is wrong with an expression of XPath 1.0; nothing where it is one."""
    if len(expression) > LONGEST:
        return f"an expression has at most {LONGEST:,} characters"
    try:
        XPath1Parser(strict=False).parse(expression)
    except ElementPathSyntaxError as error:
        return f"this is not XPath: {str(error).rpartition('] ')[2][:200]}"
    except Exception:  # noqa: BLE001 - unknown prefixes and functions are the browser's to judge
        return ""
    return ""
