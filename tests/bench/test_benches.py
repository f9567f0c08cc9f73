import json
import subprocess
import sys
from pathlib import Path

import pytest

from runs.engine.browser.find import cache_directory

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.processes, pytest.mark.once]


def bench(*words: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
def test_the_suite_prints_a_table_and_its_ratios(browser_path: str) -> None:
    options = ("--tests", "6", "--rounds", "1", "--contexts", "2", "--pytest-workers", "1", "--json")
    printed = bench("bench.suite", *options)
    rows = [line for line in printed if line.startswith("|")]
    assert [row.split("|")[1].strip() for row in rows[2:]] == [
        "Sentri, 1x2",
        "bare Playwright, 1x2",
        "pytest-playwright -n 1",
    ]
    found = json.loads(printed[-1])
    assert found["ratio_to_bare"] > 0
    assert 0 < found["ratio_to_pytest"] < found["ratio_to_pytest_playing"]
    assert (found["tests"], found["rounds"], found["layout"]) == (6, 1, "1x2")
    assert set(found["parts"]) == {"queue", "execution", "judging"}


@pytest.mark.slow
@pytest.mark.skipif(
    not (cache_directory() / "bench" / "crawlee" / ".installed").exists(),
    reason="needs Crawlee; bench/crawl installs it",
)
def test_the_crawl_prints_a_table_and_its_ratio(browser_path: str) -> None:
    printed = bench("bench.crawl", "--pages", "12", "--rounds", "1", "--contexts", "2", "--json")
    rows = [line for line in printed if line.startswith("|")]
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["Sentri", "Crawlee"]
    found = json.loads(printed[-1])
    assert found["ratio_to_crawlee"] > 0
    assert (found["pages"], set(found["pages_per_second"])) == (12, {"Sentri", "Crawlee"})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["abort", "start"])
def test_delays_are_printed_as_a_table(browser_path: str, name: str) -> None:
    printed = bench(f"bench.{name}", "--rounds", "1", "--json")
    rows = [line for line in printed if line.startswith("|")]
    assert [cell.strip() for cell in rows[-1].split("|")[2:3]] == ["1"]
    found = json.loads(printed[-1])
    assert 0 < found[name]["p50"] <= found[name]["p95"] <= found[name]["max"] < 60


def test_the_report_prints_a_table_of_its_parts() -> None:
    printed = bench("bench.report", "--results", "40", "--failures", "20", "--rounds", "2", "--json")
    rows = [line for line in printed if line.startswith("|")]
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["read", "verdict", "clusters", "flakiness", "total"]
    found = json.loads(printed[-1])
    assert (found["results"], found["failures"], found["verdict"]) == (40, 20, "failed")
    assert 1 < found["causes"] < 20
    assert found["seconds"]["total"] > found["seconds"]["clusters"] > 0
