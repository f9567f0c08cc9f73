"""A run on a database of its own, set up and looked at from outside.

python -m tests.watching.scene open URL COUNT SHARDS   migrates, queues a run and prints its number
python -m tests.watching.scene look NUMBER             prints what has become of it, as JSON
"""

import json
import os
import sys

import django


def open_run(url: str, count: str, shards: str) -> str:
    from django.core.management import call_command

    from projects.models import Project, Workspace
    from runs import ledger
    from runs.engine.plan import RunOptions
    from tests.watching.conftest import SEEING, approved

    call_command("migrate", verbosity=0, interactive=False)
    workspace, _ = Workspace.objects.get_or_create(slug="quality", defaults={"name": "Quality"})
    project = Project.objects.create(workspace=workspace, name=f"Slow {Project.objects.count()}", url=url)
    order = ledger.RunRequest(project, None, "Ada")
    tests = approved(project, int(count), SEEING)
    return str(ledger.open_test_run(order, RunOptions(shards=int(shards), trace="off", hedge=False), tests).pk)


def look(number: str) -> str:
    from runs.models import Meter, Run, Worker

    run = Run.objects.get(pk=number)
    told = list(run.events.order_by("seq").values_list("seq", "type"))
    return json.dumps(
        {
            "status": run.status,
            "verdict": run.verdict,
            "tally": run.results.tally(),
            "gap_free": [seq for seq, _ in told] == list(range(1, len(told) + 1)),
            "results_told": [kind for _, kind in told].count("result"),
            "done_told": [kind for _, kind in told].count("done"),
            "workers": Worker.objects.filter(unfit="").count(),
            "meters": {f"{meter.name} {meter.label}".strip(): meter.value for meter in Meter.objects.all()},
        }
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentri.settings")
    django.setup()
    verb, *words = sys.argv[1:]
    print(open_run(*words) if verb == "open" else look(*words))
