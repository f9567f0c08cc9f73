"""What an application's own calls look like: shapes of JSON, templates of paths, operations. Never a value."""

from runs.engine.traffic.addresses import BLANK, blanked, blanked_line, template
from runs.engine.traffic.exchange import Exchange, combined, entries
from runs.engine.traffic.json_shape import Schema, infer, json_type, merge
from runs.engine.traffic.promise import AnswerField, fields, promise
from runs.engine.traffic.secrecy import is_secret

__all__ = [
    "BLANK",
    "AnswerField",
    "Exchange",
    "Schema",
    "blanked",
    "blanked_line",
    "combined",
    "entries",
    "fields",
    "infer",
    "is_secret",
    "json_type",
    "merge",
    "promise",
    "template",
]
