"""A trace without secrets: what travelled as a cookie or to sign in with goes by its place, the rest by its text."""

from __future__ import annotations

import json
import logging
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runs.engine.masking import MASK, Masking
from runs.engine.masking.session_keys import keys_in, parts_of

log = logging.getLogger(__name__)

CLEAN = ".clean"
RECORDS = (".network", ".trace", ".har")
PICTURES = (".jpeg", ".jpg", ".png", ".webp", ".gif", ".woff", ".woff2", ".ttf", ".otf")
# Files in files are left out: what they hold is compressed, and unpacking what a site made is no work for a worker.
PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd")
HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie"})
SIGNS = (b"ookie", b"uthorization", b"storageState", b"httpCredentials", b"proxy", b"extraHTTPHeaders", b"clientCert")
CONFIDENTIAL = frozenset({"storageState", "httpCredentials", "proxy", "clientCertificates", "extraHTTPHeaders"})


def clean(path: Path, masking: Masking) -> None:
    """Rewrites a zip archive of a trace. Pictures and fonts stay, unless a secret stands in their bytes."""
    draft = path.with_suffix(CLEAN)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as new:
        records = {name: _record(old.read(name)) for name in old.namelist() if name.endswith(RECORDS)}
        # Before anything is written: a page in the archive may show a key that only some record has in its place.
        masking.hide(key for _, keys in records.values() for key in keys)
        for entry in old.infolist():
            content = records[entry.filename][0] if entry.filename in records else old.read(entry)
            if content.startswith(PACKED) and not entry.filename.endswith(PICTURES):
                content = b""
            new.writestr(masking.text(entry.filename), masking.content(content))
    shutil.move(draft, path)


def _record(content: bytes) -> tuple[bytes, list[str]]:
    """The lines of a record with what its cookies and sign-ins say taken out, and what that was."""
    keys: list[str] = []
    lines = [_line(line, keys) for line in content.split(b"\n")]
    return b"\n".join(lines), keys


def _line(line: bytes, keys: list[str]) -> bytes:
    if not any(word in line for word in SIGNS):
        return line
    try:
        # `foreign.loaded` refuses what is nested more than 200 deep, as pages in a trace may well be.
        said = json.loads(line)
        _blank(said, keys)
        blanked = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        log.warning("a page that is nested very deep is left out of a trace: no secrets can be found in it")
        return b""
    except ValueError:
        return line
    return blanked.encode("utf-8", "surrogatepass")


def _blank(value: Any, keys: list[str]) -> None:
    """Takes out what is confidential anywhere inside a value. Traces hold pages as lists in lists, however deep."""
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, list):
            left += part
        elif isinstance(part, dict) and isinstance(part.get("value"), str) and _is_header(part.get("name", "")):
            keys += _keys_of_header(part["value"])
            part["value"] = MASK
        elif isinstance(part, dict):
            for key, inner in part.items():
                part[key] = _field(key, inner, keys)
                if part[key] is inner:
                    left.append(inner)


def _field(key: str, value: Any, keys: list[str]) -> Any:
    """What stands in the place of a field; the same value where nothing of it is confidential by the field's name."""
    if key in CONFIDENTIAL:
        return None
    if key == "cookies" and isinstance(value, list):
        keys += [key for cookie in value if isinstance(cookie, dict) for key in keys_in(str(cookie.get("value", "")))]
        return [{**cookie, "value": MASK} if isinstance(cookie, dict) else cookie for cookie in value]
    if _is_header(key) and isinstance(value, str):
        keys += _keys_of_header(value)
        return MASK
    return value


def _is_header(name: Any) -> bool:
    return str(name).lower() in HEADERS


def _keys_of_header(value: str) -> Iterator[str]:
    return (key for part in parts_of(value) for key in keys_in(part))
