"""A second crawl of a shop that nobody changed says that nothing is otherwise."""

import json
import subprocess
import sys

import pytest

from sentri.env import ROOT

pytestmark = [pytest.mark.processes, pytest.mark.browser, pytest.mark.once]


def test_a_shop_that_is_crawled_twice_differs_in_nothing(browser_path: str) -> None:
    command = [sys.executable, "-m", "bench.twice", "--sites", "shop", "--pages", "14", "--tests", "2", "--shards", "2"]
    told = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert told.returncode == 0, told.stderr[-2000:]
    said = json.loads(told.stdout.splitlines()[-1])
    assert [crawl["differences"] for crawl in said["crawls"]] == [[], []]
    assert all(crawl["pages"] == 14 for crawl in said["crawls"])
