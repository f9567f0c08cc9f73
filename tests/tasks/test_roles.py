"""Several roles on the whole way: a crawl keeps its sessions, and the run after it starts with them."""

from typing import Any

import pytest

from projects.models import AuthProfile, Project, Session, Test, Workspace
from runs import ledger
from runs.engine.plan import CrawlOptions, RunOptions
from tests.engine.members import PEOPLE, members
from tests.tasks.conftest import Start
from tests.tasks.test_the_main_job import over


@pytest.mark.slow
def test_roles_are_crawled_and_their_sessions_serve_the_run_after(
    transactional_db: None, start_workers: Start, eventually: Any
) -> None:
    with members() as (site, gate):
        workspace = Workspace.objects.create(name="Quality", slug="quality")
        project = Project(workspace=workspace, name="Shop", url=f"{site.url}/")
        project.keep_credentials(username="ali", password=PEOPLE["ali"])
        project.save()
        editor = AuthProfile(project=project, name="editor")
        editor.keep_credentials(username="eva", password=PEOPLE["eva"])
        editor.save()
        order = ledger.RunRequest(project, None, "Ada")
        start_workers()
        roles = ("visitor", "account", "editor")
        crawl = ledger.open_crawl(order, CrawlOptions(roles=roles, test_count=0, exclude=("sign-out",)))
        eventually(over(crawl))
        crawl.refresh_from_db()
        assert crawl.error == ""
        pages = crawl.pages.filter(status="done").values_list("role", "key")
        paths = {role: {key.removeprefix(site.url) for known, key in pages if known == role} for role in roles}
        assert paths == {
            "visitor": {"/", "/sign-in"},
            "account": {"/", "/account", "/orders"},
            "editor": {"/", "/account", "/orders", "/edit"},
        }
        assert set(Session.objects.values_list("role", flat=True)) == {"account", "editor"}
        made = gate.made
        document = {
            "title": "The editor edits",
            "start": "/edit",
            "auth": "editor",
            "steps": [{"do": "expect_visible", "target": {"role": "heading", "name": "Editor"}}],
        }
        test = Test.write(project, None, "The editor edits", document)
        test.decide("approve", None)
        run = ledger.open_test_run(order, RunOptions(), [test])
        eventually(over(run))
        run.refresh_from_db()
        assert (run.verdict, gate.made) == ("passed", made), "no sign-in was needed"
