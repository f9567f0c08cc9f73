"""The whole way on the demo shop: crawl, propose, prove twice, and then break the shop."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.events import Proposal, TestEnded
from runs.engine.execute import execute
from runs.engine.generate.selecting import asserts_something_visible
from runs.engine.plan import CrawlOptions, CrawlPlan, Credentials, RunOptions, ShardPlan, Site, TestWork
from runs.engine.steps.document import parse
from tests.engine.crawl.frontier_rows import crawl_all
from tests.engine.generate.stages import generated
from tests.site.server import serve

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

# Who notices what. Not in reach without looking at money or the clock: cart_total_wrong, slow_product.
NOTICES = {
    "account_unprotected": "signin",
    "add_button_gone": "action",
    "all_500": "api",
    "api_products_500": "api",
    "cart_500": "action",
    "cart_count_frozen": "action",
    "cart_quantity_ignored": "action",
    "cart_remove_broken": "action",
    "category_filter_broken": "filter",
    "checkout_validation_missing": "form",
    "console_error_home": "page",
    "contact_label_missing": "page",
    "contact_success_missing": "form",
    "contact_validation_missing": "form",
    "footer_missing": "page",
    "nav_link_dead": "navigation",
    "newsletter_silent": "form",
    "pagination_same_page": "pagination",
    "product_heading_missing": "page",
    "search_empty": "search",
    "search_ignores_query": "search",
    "sign_in_accepts_anything": "signin",
    "sign_in_error_missing": "signin",
    "sign_out_broken": "signin",
    "sort_ignored": "filter",
    "stock_script_broken": "page",
    "stylesheet_404": "page",
}
TRUTH = Path(__file__).resolve().parents[2] / "site" / "truth.json"
FAMILIES = {"page", "signin", "search", "form", "action", "journey", "navigation", "pagination", "filter", "api"}


@dataclass
class Shop:
    """A running shop, what was proposed for it, and which of it was proved."""

    browser: Browser
    site: Site
    artifacts: str
    proposals: list[Proposal]
    proved: list[Proposal]

    async def failing(
        self, proposals: Sequence[Proposal], *, replays: int = 1, timeout_ms: int = 5_000, most: int = 1_000
    ) -> list[Proposal]:
        works = iter(
            [
                TestWork(result=n, title=one.title, document=one.document, replays=replays, writes=one.writes)
                for n, one in enumerate(proposals)
            ]
        )

        async def pull() -> TestWork | None:
            return next(works, None)

        options = RunOptions(retries=0, trace="off", screenshot="off", timeout_ms=timeout_ms)
        plan = ShardPlan(site=self.site, options=options, artifacts=self.artifacts)
        failed = []
        async with aclosing(execute(self.browser, plan, pull)) as events:
            async for event in events:
                if isinstance(event, TestEnded) and event.outcome != "passed":
                    failed.append(proposals[event.result])
                    if len(failed) == most:
                        break
        return failed

    def defect(self, *names: str) -> None:
        httpx.post(f"{self.site.base_url}/__defects__", json={"only": list(names)}).raise_for_status()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(browser_path: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    artifacts: Path = tmp_path_factory.mktemp("artifacts")
    with serve() as base_url:
        site = Site(base_url=base_url, credentials=Credentials(username="demo@example.com", password="demo-pass-1"))  # type: ignore[arg-type]
        plan = CrawlPlan(site=site, options=CrawlOptions(test_count=100))
        async with Browser() as browser:
            pages = list((await crawl_all(browser, plan)).done.values())
            proposals = list((await generated(browser, plan, pages))[0].proposals)
            shop = Shop(browser, site, str(artifacts), proposals, [])
            failed = await shop.failing(proposals, replays=2)
            shop.proved = [one for one in proposals if one not in failed]
            yield shop


@pytest.fixture(autouse=True)
def nothing_forbidden_was_pressed(shop: Shop) -> Iterator[None]:
    yield
    shop.defect()
    touched = httpx.get(f"{shop.site.base_url}/__touched__").json()
    assert touched == {"pay": 0, "delete_account": 0}


async def test_nearly_every_proposal_passes_twice_on_the_healthy_shop(shop: Shop) -> None:
    assert len(shop.proposals) >= 40
    assert len(shop.proved) >= 0.9 * len(shop.proposals)


async def test_at_least_nine_of_ten_flows_are_covered(shop: Shop) -> None:
    """A flow is covered when what breaks it is noticed (below); one that nothing breaks, when a test has its words."""
    flows = json.loads((TRUTH).read_text("utf-8"))["flows"]
    missing = [flow["name"] for flow in flows if flow["breaks_with"] and not NOTICES.keys() & set(flow["breaks_with"])]
    texts = [json.dumps(one.document, ensure_ascii=False) for one in shop.proved]
    missing += [
        flow["name"] for flow in flows if not flow["breaks_with"] and not any("Welcome back" in text for text in texts)
    ]
    assert len(missing) <= 0.1 * len(flows), missing


async def test_every_family_proposes_something(shop: Shop) -> None:
    assert {one.family for one in shop.proved} == FAMILIES


async def test_every_proposal_is_a_document_that_expects_something(shop: Shop) -> None:
    for one in shop.proposals:
        parse(one.document)
        assert asserts_something_visible(one.document["steps"]), one.title
        assert one.why
    assert len({one.title for one in shop.proposals}) == len(shop.proposals)
    assert len({one.signature for one in shop.proposals}) == len(shop.proposals)
    assert max(len(one.title) for one in shop.proposals) <= 120


async def test_only_pages_of_the_account_are_tested_with_it(shop: Shop) -> None:
    signed_in = {one.document.get("start") for one in shop.proposals if "auth" in one.document}
    assert {"/account", "/account/orders"} <= signed_in
    assert not any(one.document.get("auth") for one in shop.proposals if one.family in ("search", "action"))


async def test_css_is_the_exception(shop: Shop) -> None:
    steps = [step for one in shop.proposals for step in one.document["steps"]]
    fragile = [step for step in steps if "css" in step.get("target", {})]
    assert len(fragile) < 0.05 * len(steps)


@pytest.mark.parametrize("defect", sorted(NOTICES))
async def test_a_defect_is_noticed(shop: Shop, defect: str) -> None:
    watching = [one for one in shop.proved if one.family == NOTICES[defect]]
    shop.defect(defect)
    noticed = await shop.failing(watching, timeout_ms=2_000, most=1)
    shop.defect()
    assert noticed
    assert await shop.failing(noticed) == []
