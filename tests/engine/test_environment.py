"""Browser, driver and ffmpeg are told nothing of the environment that Sentri runs in."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from runs.engine.browser import Browser, driver_ending, process_environment
from runs.engine.plan import BrowserOptions, Site
from tests.engine.pages import pages

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "SENTRI_SECRET_KEY": "canary-1",
    "SENTRI_DATABASE_URL": "postgresql://sentri:canary-2@127.0.0.1/sentri",
    "DATABASE_URL": "canary-3",
    "AWS_SECRET_ACCESS_KEY": "canary-4",
    "GITHUB_TOKEN": "canary-5",
    "NODE_OPTIONS": "--title=canary-6",
    "HTTPS_PROXY": "http://me:canary-7@127.0.0.1:9",
}


async def test_no_process_of_the_browser_has_settings_or_secrets(
    browser_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    before = dict(os.environ)
    async with Browser(browser_path) as browser:
        with pages({"/": "<h1>Shop</h1>"}) as site:
            context = await browser.context(BrowserOptions(), Site(base_url=site.url), filmed=True)
            await (await context.new_page()).goto(site.url)
            assert browser._playwright is not None
            processes = driver_ending.processes_of(browser._playwright)
            told = {process.pid: (process.name(), _environment(process)) for process in processes}
            await context.close()
    assert dict(os.environ) == before
    assert len(told) > 3
    for name, known in told.values():
        assert "canary" not in str(known), name
        assert {word for word in known if word.startswith(("SENTRI", "AWS", "DATABASE", "DJANGO"))} == set(), name
    homes = {known["HOME"] for name, known in told.values() if "chrom" in name and "HOME" in known}
    assert len(homes) == 1
    assert driver_ending.PREFIX in homes.pop()


def _environment(process: psutil.Process) -> dict[str, str]:
    """What /proc says; Chromium's own children may have overwritten theirs with a title."""
    raw = Path(f"/proc/{process.pid}/environ").read_bytes().decode("utf-8", "replace")
    return dict(pair.split("=", 1) for pair in raw.split("\0") if "=" in pair)


def test_only_places_and_languages_are_passed_on() -> None:
    given = {"PATH": "/bin", "LANG": "C", "LC_ALL": "C", "LD_LIBRARY_PATH": "/x", **SECRETS, "HOME": "/root"}
    assert process_environment.plain(given) == {"PATH": "/bin", "LANG": "C", "LC_ALL": "C", "LD_LIBRARY_PATH": "/x"}


def test_authorities_of_the_user_stay_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, own = tmp_path / "home", tmp_path / "own"
    (home / ".pki" / "nssdb").mkdir(parents=True)
    own.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for _ in range(2):
        assert process_environment.at_home(own)["HOME"] == str(own)
    assert (own / ".pki" / "nssdb").is_dir()


SANDBOXED = """
import asyncio, os
from runs.engine.browser import Browser, driver_ending

async def look():
    async with Browser(PATH) as browser:
        family = driver_ending.processes_of(browser._playwright)
        browsers = [line for line in (process.cmdline() for process in family) if line[:1] == [PATH]]
        return len(browsers), sum("--no-sandbox" in line for line in browsers)

asyncio.run(look())  # as root, who can read all that Python has still to import
os.setgroups([]); os.setgid(65534); os.setuid(65534)
print(*asyncio.run(look()))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_worker_that_is_not_root_has_its_browser_in_the_sandbox_or_says_that_it_is_not(
    browser_path: str, tmp_path: Path
) -> None:
    program = textwrap.dedent(SANDBOXED).replace("PATH", repr(browser_path))
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    browsers, open_ones = map(int, done.stdout.split())
    assert browsers > 0
    assert (open_ones > 0) == ("no sandbox of its own" in done.stderr)
