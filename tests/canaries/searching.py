"""Looks for secrets in every byte: in files, in files in files, and in every column of every table."""

import gzip
import html
import io
import json
import zipfile
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

from django.db import connection


def needles(secret: str) -> set[bytes]:
    """The secret as it may be written down; made by other means than those that mask it."""
    texts = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        quote_plus(secret),
        quote_plus(secret, "*").replace("~", "%7E"),
    }
    texts |= {html.escape(secret), html.escape(secret).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")}
    texts |= {html.escape(secret, quote=False), json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    texts |= {json.dumps(text)[1:-1] for text in texts}
    found = {text.encode() for text in texts}
    for encode in (b64encode, urlsafe_b64encode):
        for before in (b"", b"x", b"xx"):
            whole = encode(before + secret.encode() + b"\0\0")
            found.add(whole[4 if before else 0 : len(whole) // 4 * 4 - 4])
    return {needle for needle in found if len(needle) >= 6}


def everything(root: Path, others: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Names and contents of all files below a directory, of all tables, and of what is given."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name != "secret_key":
            yield from unpacked(str(path.relative_to(root)), path.read_bytes())
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                yield f"table {table}", "\n".join(plain(value) for value in row).encode("utf-8", "replace")
    yield from others.items()


def plain(value: object) -> str:
    """A column as text; JSON both as it is stored and as it is read."""
    text = bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
    try:
        read = json.loads(text)
    except ValueError:
        return text
    return f"{text}\n{json.dumps(read, ensure_ascii=False)}" if isinstance(read, dict | list) else text


def unpacked(name: str, content: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    yield name, content
    if depth < 4 and content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for inner in archive.namelist():
                yield from unpacked(f"{name}/{inner}", archive.read(inner), depth + 1)
    elif depth < 4 and content.startswith(b"\x1f\x8b"):
        yield from unpacked(f"{name}/unzipped", gzip.decompress(content), depth + 1)
