"""Captures pages of the demo shop and the targets, each labelled with its kind: what states are told apart on."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bench.rounds import say
from bench.sides import Broken
from bench.targets import SHOP, TARGETS, Ground, ground, serve
from runs.engine.browser import Browser, BrowserContext, read_page, settle, sign_in, watch
from runs.engine.crawl.fingerprint import fold
from runs.engine.crawl.snapshot import LIMITS, face_of, script
from runs.engine.identity import Signature
from runs.engine.page.volatile import normalised
from runs.engine.plan import CrawlOptions, CrawlPlan, Credentials, Site
from tests.engine.crawl.frontier_rows import Row, Rows, crawl_all
from tests.engine.identity.labelled import FILE

OF_TEMPLATE = 4
SETTLE_MS = 5_000

# Kinds that the targets' lists tell apart by address or permission alone: what is shown is of one template.
ONE_KIND = {
    "datasette": {
        "filtered, faceted, sorted or paged table": "table",
        "private table": "table",
        "view": "table",
        "private row": "row",
    }
}


async def capture(name: str, most: int) -> list[dict[str, Any]]:
    """Crawls a site by its links, then reads up to OF_TEMPLATE pages of each kind."""
    known_site = ground(name)
    with serve(name) as base:
        site = Site(base_url=f"{base}/", credentials=credentials(known_site))
        plan = CrawlPlan(site=site, options=CrawlOptions(parallel=3, max_pages=most, max_depth=8))
        async with Browser() as browser:
            rows = await crawl_all(browser, plan)
            return [page async for page in _read(browser, plan, rows, known_site)]


def credentials(site: Ground) -> Credentials | None:
    if site.login is None:
        return None
    names = ("username_selector", "password_selector", "submit_selector")
    selectors: Any = {name: site.login.get(name) for name in names}
    secret = SecretStr(site.login["password"])
    return Credentials(username=site.login["username"], password=secret, login_url=site.login["path"], **selectors)


async def _read(browser: Browser, plan: CrawlPlan, rows: Rows, site: Ground) -> Any:
    session = await sign_in(browser, plan.site, plan.options) if plan.site.credentials else None
    state = session.state if session else None
    as_who: Mapping[bool, BrowserContext] = {
        True: await browser.context(plan.options, plan.site, state=state),
        False: await browser.context(plan.options, plan.site, state=None),
    }
    taken: Counter[str] = Counter()
    for row in rows.rows.values():
        kind = site.template_of(row.snapshot.url) if row.snapshot and row.status == "done" else ""
        if not kind or taken[kind] == OF_TEMPLATE:
            continue
        taken[kind] += 1
        assert row.snapshot is not None
        folded, face = await _faced(as_who[row.snapshot.signed_in], row.snapshot.url)
        kind = ONE_KIND.get(site.name, {}).get(kind, kind)
        yield {"site": site.name, "kind": kind, "folded": folded, "face": {**face, "place": _place(row)}}


def _place(row: Row) -> str:
    return Signature.model_validate(row.signature).place


async def _faced(context: BrowserContext, url: str) -> tuple[Any, dict[str, Any]]:
    page = await context.new_page()
    watch(page)
    await page.goto(url)
    await settle(page, SETTLE_MS)
    raw = await read_page(page, script(), "collect(given)", LIMITS)
    await page.close()
    face = face_of(raw)
    words = " ".join(sorted(set(normalised(face.text.lower()).split())))
    told = {name: list(getattr(face, name)) for name in ("chosen", "dialogs", "told")}
    return fold(raw["skeleton"]), {"heading": face.heading, "text": words, **told, "colours": dict(face.colours)}


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pairs", description=__doc__)
    parser.add_argument("--pages", type=int, default=250, help="visited per site at most (%(default)s)")
    parser.add_argument("--sites", default=",".join((SHOP, *TARGETS)), help="(%(default)s)")
    parser.add_argument("--to", type=Path, default=FILE, help="file to write")
    wanted = parser.parse_args(given)
    lines: list[str] = []
    try:
        for name in wanted.sites.split(","):
            pages = asyncio.run(capture(name, wanted.pages))
            say(f"{name}: {len(pages)} pages of {len({page['kind'] for page in pages})} kinds")
            lines += [json.dumps(page, ensure_ascii=False, sort_keys=True) for page in pages]
    except Broken as problem:
        say(f"bench.pairs: {problem}")
        return 1
    wanted.to.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
