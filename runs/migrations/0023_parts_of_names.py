"""Stored tests keep what they mean: names that matched by a part say so, for names match whole from now on."""

from typing import Any

from django.db import migrations, transaction
from django.db.models import Max

NAMED = ("name", "label", "placeholder", "alt", "title", "text")
AT_ONCE = 500


def say_parts(apps: Any, _schema_editor: Any) -> None:
    """In groups, each of a transaction of its own; only rows that change are written."""
    tests = apps.get_model("projects", "Test").objects
    versions = apps.get_model("projects", "TestVersion").objects
    proposed = apps.get_model("runs", "Result").objects.filter(proposal__isnull=False)
    for rows in (tests, versions, proposed):
        newest = rows.aggregate(newest=Max("pk"))["newest"] or 0
        for first in range(1, newest + 1, AT_ONCE):
            with transaction.atomic():
                group = rows.filter(pk__range=(first, first + AT_ONCE - 1), document__isnull=False)
                for number, document in group.values_list("pk", "document").iterator(chunk_size=20):
                    steps = [said(step) for step in document.get("steps", ())]
                    if steps != document.get("steps", []):
                        rows.filter(pk=number).update(document={**document, "steps": steps})


def said(value: Any) -> Any:
    """A step, with `exact: false` in each target that named an element without saying how the name matches."""
    if isinstance(value, list):
        return [said(part) for part in value]
    if not isinstance(value, dict):
        return value
    found = {
        key: said(part) if key in ("target", "within", "frame", "from", "to") else part for key, part in value.items()
    }
    is_target = "do" not in value and any(isinstance(value.get(key), str) for key in NAMED)
    return {**found, "exact": False} if is_target and "exact" not in value else found


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("projects", "0004_one_time_codes"),
        ("runs", "0022_what_a_run_covers"),
    ]

    operations = [migrations.RunPython(say_parts, migrations.RunPython.noop, elidable=True)]
