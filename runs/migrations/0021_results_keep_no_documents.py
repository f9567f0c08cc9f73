"""Results of test runs refer to the version of their test instead of keeping its document with all its rows."""

from typing import Any

from django.db import migrations, transaction
from django.db.models import Exists, Max, OuterRef

AT_ONCE = 2_000


def refer_to_versions(apps: Any, _schema_editor: Any) -> None:
    """In groups, each of a transaction of its own: there may be millions, and documents of megabytes."""
    results = apps.get_model("runs", "Result").objects
    versions = apps.get_model("projects", "TestVersion").objects
    known = versions.filter(test=OuterRef("test"), number=OuterRef("version"))
    newest = results.aggregate(newest=Max("pk"))["newest"] or 0
    for first in range(1, newest + 1, AT_ONCE):
        group = results.filter(pk__range=(first, first + AT_ONCE - 1), proposal__isnull=True)
        with transaction.atomic():
            group.filter(Exists(known)).update(document=None)
            _wait_for_tests(results, group)


def _wait_for_tests(results: Any, group: Any) -> None:
    """What waits for others names their tests from now on, and no longer the places of their results."""
    for result in group.filter(status="pending", blocked=True).only("pk", "run", "waits_for").iterator(chunk_size=100):
        awaited = results.filter(run=result.run_id, position__in=result.waits_for).exclude(test=None)
        tests = sorted(set(awaited.order_by().values_list("test", flat=True)))
        results.filter(pk=result.pk).update(waits_for=tests)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("projects", "0004_one_time_codes"),
        ("runs", "0020_results_refer_to_versions"),
    ]

    operations = [migrations.RunPython(refer_to_versions, migrations.RunPython.noop, elidable=True)]
