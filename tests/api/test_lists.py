"""Lists: cursors there and back, orderings, filters, and queries that do not grow with the rows."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Project
from tests.api.conftest import Refusal, World

NAMES = ["b", "a", "d", "c", "a2", "e", "z", "y"]


@pytest.fixture
def many(world: World) -> list[Project]:
    world.project.delete_softly()
    return [Project.objects.create(workspace=world.workspace, name=n, url=f"http://{n}.test") for n in NAMES]


def walk(client: APIClient, url: str | None, way: str = "next") -> tuple[list[str], str | None]:
    names: list[str] = []
    last = url
    while url:
        last = url
        page = client.get(url).json()
        names = (
            names + [row["name"] for row in page["results"]]
            if way == "next"
            else ([row["name"] for row in page["results"]] + names)
        )
        url = page[way]
    return names, last


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9])
@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("", NAMES[::-1]),
        ("name", sorted(NAMES)),
        ("-name", sorted(NAMES, reverse=True)),
        ("created_at", NAMES),
        ("-updated_at", NAMES[::-1]),
    ],
)
def test_a_walk_by_next_sees_every_row_once_and_previous_leads_back(
    admin: APIClient, many: list[Project], ordering: str, expected: list[str], size: int
) -> None:
    start = f"/api/v1/projects?page_size={size}" + (f"&ordering={ordering}" if ordering else "")
    there, last = walk(admin, start)
    assert there == expected
    back, _ = walk(admin, last, "previous")
    assert back == expected


def test_rows_that_come_or_go_meanwhile_shift_nothing(admin: APIClient, world: World, many: list[Project]) -> None:
    first = admin.get("/api/v1/projects?page_size=4&ordering=name").json()
    Project.objects.create(workspace=world.workspace, name="0", url="http://zero.test")
    many[NAMES.index("a")].delete_softly()
    rest = admin.get(first["next"]).json()
    assert [row["name"] for row in rest["results"]] == sorted(NAMES)[4:]
    assert rest["next"] is None


def test_rows_of_one_value_are_all_seen(admin: APIClient, many: list[Project]) -> None:
    Project.objects.update(created_at="2030-01-01T00:00:00Z")
    names, _ = walk(admin, "/api/v1/projects?page_size=3&ordering=created_at")
    assert sorted(names) == sorted(NAMES)


def test_a_cursor_of_another_ordering_is_refused_or_harmless(
    admin: APIClient, many: list[Project], refused: Refusal
) -> None:
    cursor = admin.get("/api/v1/projects?page_size=2&ordering=name").json()["next"].split("cursor=")[1].split("&")[0]
    answer = admin.get(f"/api/v1/projects?ordering=created_at&cursor={cursor}")
    assert refused(answer, 422)["errors"] == {"cursor": ["This cursor was not given out by this list."]}


def test_links_are_whole_and_keep_the_query(admin: APIClient, many: list[Project]) -> None:
    page = admin.get("/api/v1/projects?page_size=1&search=a&ordering=name").json()
    assert page["next"].startswith("http://testserver/api/v1/projects?page_size=1&search=a&ordering=name&cursor=")
    assert page["previous"] is None
    assert [row["name"] for row in admin.get(page["next"]).json()["results"]] == ["a2"]


def test_search_finds_parts_of_names_and_addresses(admin: APIClient, many: list[Project]) -> None:
    assert {row["name"] for row in admin.get("/api/v1/projects?search=A").json()["results"]} == {"a", "a2"}
    assert [row["name"] for row in admin.get("/api/v1/projects?search=Z.test").json()["results"]] == ["z"]
    assert admin.get("/api/v1/projects?search=%25").json()["results"] == []


def queries(client: APIClient, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_lists_ask_the_database_no_more_for_many_rows_than_for_few(world: World, admin: APIClient) -> None:
    run, crawl = world.run(), world.crawl()
    environment = world.environment()
    token = "/tokens?page_size=5"
    world.token("ci")
    paths = [
        "/api/v1/projects",
        world.at("/environments"),
        world.at(token),
        "/api/v1/tokens",
        world.at("/tests"),
        "/api/v1/runs",
        f"/api/v1/runs/{run.public_id}/results",
        f"/api/v1/runs/{crawl.public_id}/pages",
        f"/api/v1/runs/{crawl.public_id}/changes",
        f"/api/v1/runs/{run.public_id}/events",
    ]
    admin.get("/api/v1/me")  # notes the token's use, once a minute
    few = {path: queries(admin, path) for path in paths}
    for number in range(5):
        Project.objects.create(workspace=world.workspace, name=f"P{number}", url="http://p.test")
        world.environment(f"e{number}")
        world.token("ci")
        world.token("admin")
        world.test("approved")
        world.run(environment=environment)
        fill(run, crawl, number)
    many = {path: queries(admin, path) for path in paths}
    assert many == few
    assert max(many.values()) <= 8


def fill(run: Any, crawl: Any, number: int) -> None:
    """One more result, page and event, each with a lease where it can have one."""
    from django.utils import timezone

    from runs.models import CrawlPage, Lease, Result, RunEvent

    shard = run.shards.get()
    now = timezone.now()
    lease = Lease(
        shard=shard,
        number=number + 1,
        worker="here:1",
        opened_at=now,
        renewed_at=now,
        expires_at=now,
        closed_at=now,
        state="finished",
    )
    Lease.objects.bulk_create([lease])
    Result.objects.bulk_create(
        [Result(run=run, position=number + 1, title="x", document={}, lease=lease, status="running")]
    )
    CrawlPage.objects.bulk_create([CrawlPage(run=crawl, key=str(number), digest=str(number), url="http://x")])
    RunEvent.objects.bulk_create([RunEvent(run=run, seq=100 + number, type="log", at=now)])
