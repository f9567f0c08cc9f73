"""A disk that takes no more files costs a test its files and nothing else."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.events import Log
from tests.engine.executing import attempts, ends, miss, planned, played, work
from tests.engine.pages import Pages, pages

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


@pytest.fixture
def site() -> Iterator[Pages]:
    with pages({"/": "<h1>Shop</h1>"}) as site:
        yield site


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that holds a few names and not one picture."""
    place = tmp_path / "full"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small file system")
    (place / "filler").write_bytes(b"x" * 4096)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def no_directory(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "artifacts"


@pytest.mark.parametrize(("place", "word"), [("full", "No space left on device"), ("no_directory", "Not a directory")])
async def test_a_disk_that_takes_no_file_costs_no_result_and_is_told_once(
    browser: Browser, site: Pages, request: pytest.FixtureRequest, place: str, word: str
) -> None:
    artifacts = request.getfixturevalue(place)
    plan = planned(site, artifacts, parallel=1, trace="on")
    tests = [work(miss("Basket"), result=number, retries=1) for number in (1, 2)]
    events = await played(browser, plan, *tests)
    assert {number: end.outcome for number, end in ends(events).items()} == {1: "failed", 2: "failed"}
    assert [(ended.failure is not None, ended.artifacts) for ended in attempts(events)] == [(True, ())] * 4
    assert [event.message for event in events if isinstance(event, Log)] == [
        f"Files of attempts cannot be written ({word}); results are kept without them."
    ]
    if artifacts.is_dir():
        assert [path.name for path in artifacts.rglob("*") if path.is_file()] == ["filler"]
