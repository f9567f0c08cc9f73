"""The number of queries of a page does not grow with its rows."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.models import Membership, Project, Test
from runs.models import CrawlPage
from tests.web.conftest import DOCUMENT, World, ended


def queries(world: World, path: str) -> int:
    client = world.client("admin")
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def more_projects(world: World, count: int) -> None:
    for number in range(count):
        project = Project.objects.create(workspace=world.project.workspace, name=f"P{number}", url="http://p.test")
        Test.propose(project, title="T", document=DOCUMENT)
        ended(World(project, world.people).run(1))


def more_tests(world: World, count: int) -> None:
    world.tests(count, family="form", template="/p/{id}", evidence={"replays": 2, "passed": 2, "result": 1})


def more_runs(world: World, count: int) -> None:
    world.tests(1, "approved")
    for _ in range(count):
        ended(world.run(0))


def more_pages(world: World, count: int) -> None:
    run = world.crawl()
    for number in range(count):
        CrawlPage.objects.create(
            run=run, key=str(number), digest=str(number), url=f"http://shop.test/{number}", template=f"/{number}",
            status="done", snapshot={"forms": []}, visited_at=timezone.now() - timedelta(seconds=number),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "more", "most"),
    [
        ("/", more_projects, 9),
        ("/tests", more_tests, 13),
        ("/review", more_tests, 13),
        ("/pages", more_pages, 16),
    ],
)
def test_a_page_with_fifty_rows_asks_as_often_as_one_with_two(
    world: World, path: str, more: Callable[[World, int], None], most: int
) -> None:
    address = path if path == "/" else world.at(path)
    more(world, 2)
    few = queries(world, address)
    if path == "/":
        Project.objects.exclude(pk=world.project.pk).update(name="x", deleted_at=timezone.now())
    more(world, 48)
    assert queries(world, address) <= few <= most


def test_lists_of_runs_and_the_overview_ask_as_often_for_thirty_runs_as_for_two(world: World) -> None:
    for path in ("/runs", ""):
        ended(world.run(1))
        few = queries(world, world.at(path))
        for _ in range(14):
            ended(world.run(1))
        assert queries(world, world.at(path)) <= few <= 20, path


def test_a_run_with_many_results_asks_as_often_as_one_with_few(world: World) -> None:
    few = queries(world, f"/runs/{ended(world.run(2)).public_id}")
    many = queries(world, f"/runs/{ended(world.run(60)).public_id}")
    assert many <= few <= 20


def test_ten_thousand_tests_are_shown_page_by_page(world: World) -> None:
    Test.objects.bulk_create(
        [Test(project=world.project, title=f"Test {number}", document=DOCUMENT) for number in range(10_000)]
    )
    text = world.client("viewer").get(world.at("/tests?page=200")).content.decode()
    assert "9951\N{EN DASH}10000 of 10000" in text
    assert text.count('data-label="State"') == 50
    assert len(text) < 100_000


def test_members_of_many_workspaces_see_each_project_once(world: World) -> None:
    Membership.objects.create(
        workspace=world.people["stranger"].memberships.get().workspace, user=world.people["admin"], role="viewer"
    )
    text = world.client("admin").get("/").content.decode()
    assert text.count('class="cut strong" href="/projects/') == 1
