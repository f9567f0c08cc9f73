"""Many rows by one statement with one parameter: a JSON array of them.

A group of results is some hundred rows. Django makes a model instance of each and the driver quotes each value; here
`json.dumps` makes one text and the database takes it apart, at about a fifth of the processor time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any

from django.db import connection, models

# PostgreSQL refuses NUL and halves of surrogate pairs, which json.dumps writes as escapes. Emoji match as well, since
# JSON writes them as two halves; `_clean` leaves them as they are.
AWKWARD = re.compile(r"\\u(0000|d[89a-f])", re.IGNORECASE)
Rows = Sequence[Sequence[Any]]
# A run of 10,000 results took 29 MB of memory while all of them were made at once, and takes 14 in such groups.
MOST_AT_ONCE = 500


def groups(numbers: Sequence[int], size: int = MOST_AT_ONCE) -> Iterator[Sequence[int]]:
    """The numbers in their order, so many at a time."""
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def insert(model: type[models.Model], columns: tuple[str, ...], rows: Rows) -> None:
    """Adds rows, values in the order of the columns; other columns get their database's defaults."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_insertion(model, columns, connection.vendor), [document(rows)])


def insert_new(instances: Iterable[models.Model]) -> None:
    """Adds instances that are not saved yet, all of one model, defaults included; they get no primary keys.

    A generator's instances live no longer than their group.
    """
    left = iter(instances)
    while group := list(islice(left, MOST_AT_ONCE)):
        names = tuple(field.attname for field in group[0]._meta.concrete_fields if not field.primary_key)
        insert(type(group[0]), names, [[getattr(row, name) for name in names] for row in group])


def update(
    model: type[models.Model], columns: tuple[str, ...], rows: Rows, where: tuple[str, Sequence[str]] | None = None
) -> None:
    """Sets columns of rows given as (primary key, values in the order of the columns).

    Where a column and values are given in `where`, only rows that have one of these values there.
    """
    if rows:
        column, values = where or ("", ())
        with connection.cursor() as cursor:
            statement = _change(model, columns, connection.vendor, column, len(values))
            cursor.execute(statement, [document(rows), *values])


@cache
def _insertion(model: type[models.Model], columns: tuple[str, ...], vendor: str) -> str:
    names = ", ".join(_quoted(_field(model, column)) for column in columns)
    values = ", ".join(_value(_field(model, column), number, vendor) for number, column in enumerate(columns))
    return f"INSERT INTO {_table(model)} ({names}) SELECT {values} FROM {SOURCES[vendor]}"  # noqa: S608


@cache
def _change(model: type[models.Model], columns: tuple[str, ...], vendor: str, where: str, choices: int) -> str:
    table, key = _table(model), _field(model, "pk")
    fields = [key, *(_field(model, column) for column in columns)]
    values = ", ".join(f"{_value(field, number, vendor)} AS c{number}" for number, field in enumerate(fields))
    assigned = ", ".join(f"{_quoted(field)} = v.c{number}" for number, field in enumerate(fields) if number)
    source = f"(SELECT {values} FROM {SOURCES[vendor]}) AS v"  # noqa: S608
    among = f" AND {table}.{_quoted(_field(model, where))} IN ({', '.join(['%s'] * choices)})" if where else ""
    return f"UPDATE {table} SET {assigned} FROM {source} WHERE {table}.{_quoted(key)} = v.c0{among}"  # noqa: S608


SOURCES = {
    "postgresql": "jsonb_array_elements(%s::jsonb) AS line(value)",
    "sqlite": "json_each(%s) AS line",
}


def _value(field: models.Field[Any, Any], number: int, vendor: str) -> str:
    """One column of a row of the document, in the column's own type; a JSON column takes objects, arrays and null."""
    if vendor == "sqlite":
        # What is extracted is a value of SQL; of an object or an array it is the JSON text that the column holds.
        return f"json_extract(line.value, '$[{number}]')"
    if isinstance(field, models.JSONField):
        # PostgreSQL tells JSON's null from no value; Django writes None as no value.
        return f"NULLIF(line.value->{number}, 'null'::jsonb)"
    return f"(line.value->>{number})::{_type(field)}"


def document(rows: Rows) -> str:
    """The rows as one JSON text that every database takes: no NUL, no half of a surrogate pair."""
    text = json.dumps(rows, default=_plain, separators=(",", ":"))
    return json.dumps(_clean(json.loads(text)), separators=(",", ":")) if AWKWARD.search(text) else text


def storable(value: Any) -> Any:
    """A value of JSON as every database takes it, for rows that are written one by one."""
    return _clean(value) if AWKWARD.search(json.dumps(value)) else value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        # As Django writes times into SQLite, which compares them as texts. PostgreSQL casts it in the connection's UTC.
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return str(value)


def _clean(value: Any) -> Any:
    """The value with U+FFFD for what PostgreSQL's text cannot hold."""
    if isinstance(value, str):
        # By way of UTF-16 two halves that belong together become one character, and a half alone U+FFFD.
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    return value


def _field(model: type[models.Model], column: str) -> models.Field[Any, Any]:
    if column == "pk":
        return model._meta.pk
    return next(field for field in model._meta.concrete_fields if column in (field.name, field.attname))


def _type(field: models.Field[Any, Any]) -> str:
    return str(field.rel_db_type(connection) if field.is_relation else field.cast_db_type(connection))


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _quoted(field: models.Field[Any, Any]) -> str:
    return connection.ops.quote_name(str(field.column))
