"""Pictures of every page, full of long names, at several widths, light and dark: for people to look at.

python -m tests.web.looking DIRECTORY [--tests 5000] [--runs 500] [--widths 360 768 1360 1920] [--only /review …]

The project is written into a database of its own below DIRECTORY (once: what is there is used again).
"""

import argparse
import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any

PORT = 9800
TALLEST = 2600


def main() -> None:
    arguments = _arguments()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "sentri.settings",
        "SENTRI_DATA_DIR": str((arguments.directory / "data").resolve()),
        "SENTRI_SECRET_KEY": "only for looking",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    cookie, found = _prepared(arguments)
    asyncio.run(_photographed(arguments, cookie, found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--tests", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--widths", type=int, nargs="+", default=[360, 768, 1360, 1920])
    parser.add_argument("--themes", nargs="+", default=["light", "dark"])
    parser.add_argument("--only", nargs="+", default=[], help="addresses that contain one of these")
    return parser.parse_args()


def _prepared(arguments: argparse.Namespace) -> tuple[str, list[str]]:
    """A session of the administrator, and the addresses to look at."""
    from django.contrib.auth.models import User
    from django.test import Client

    from tests.web.every_page import pages
    from tests.web.filled import Size, filled

    kept = arguments.directory / "examples.json"
    if not kept.exists():
        size = Size(tests=arguments.tests, runs=arguments.runs, results=arguments.tests, others=25, pages=500)
        made = filled(size)
        more = {"living": made.runs.living.public_id, "crawl": made.runs.crawl.public_id}
        kept.write_text(json.dumps({**made.examples, **more}))
    examples = json.loads(kept.read_text())
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(is_superuser=True))
    others = (f"/runs/{examples['living']}", f"/runs/{examples['crawl']}")
    found = [where for where in pages(client, examples, others) if _wanted(where, arguments.only)]
    return client.cookies["sentri_session"].value, found


def _wanted(where: str, only: list[str]) -> bool:
    return not only or any(part in where for part in only)


async def _photographed(arguments: argparse.Namespace, cookie: str, found: list[str]) -> None:
    from playwright.async_api import async_playwright

    from runs.engine.browser.find import find_browser
    from tests.web.conftest import Server

    server = Server(PORT, os.environ)
    server.start()
    try:
        executable = find_browser()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=str(executable.path), env={**os.environ, **executable.env}
            )
            context = await browser.new_context(base_url=server.url)
            await context.add_cookies([{"name": "sentri_session", "value": cookie, "url": server.url}])
            page = await context.new_page()
            for where in found:
                await _of_page(page, where, arguments)
            await browser.close()
    finally:
        server.stop()


async def _of_page(page: Any, where: str, arguments: argparse.Namespace) -> None:
    await page.goto(where)
    for width in arguments.widths:
        await page.set_viewport_size({"width": width, "height": 900})
        for theme in arguments.themes:
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            tall = await page.evaluate("document.documentElement.scrollHeight")
            name = re.sub(r"\W+", "-", where).strip("-") or "home"
            await page.set_viewport_size({"width": width, "height": max(900, min(tall, TALLEST))})
            await page.screenshot(path=str(arguments.directory / f"{name}.{width}.{theme}.png"))
            await page.set_viewport_size({"width": width, "height": 900})


if __name__ == "__main__":
    main()
