from typing import Any

from django.db import migrations


def say_who_saw_them(apps: Any, _schema_editor: Any) -> None:
    """An application is known as the last crawl that taught it saw it."""
    pages = apps.get_model("runs", "CrawlPage").objects.filter(status="done", snapshot__signed_in=True)
    for application in apps.get_model("runs", "Application").objects.exclude(learned_run=0):
        if pages.filter(run=application.learned_run).exists():
            application.signed_in = True
            application.save(update_fields=["signed_in"])


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0026_crawls_without_their_account"),
    ]

    operations = [migrations.RunPython(say_who_saw_them, migrations.RunPython.noop)]
