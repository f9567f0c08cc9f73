"""What an installation shows of itself, for a test that has restored one: python -m tests.storage.seen RUN LINK…"""

import json
import os
import sys


def main(number: int, links: list[str]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "sentri.settings"
    import django

    django.setup()
    from django.test import Client

    from projects.models import Project
    from projects.secrets import SecretUnreadable
    from runs.models import Run

    run = Run.objects.get(pk=number)
    try:
        password = str(Project.objects.get(pk=run.project_id).secrets["password"])
    except SecretUnreadable as error:
        password = str(error)
    client = Client(headers={"host": "localhost"})
    found = {
        "status": run.status,
        "tally": run.results.tally(),
        "password": password,
        "files": [client.get(link).status_code for link in links],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
