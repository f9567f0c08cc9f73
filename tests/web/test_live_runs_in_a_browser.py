"""The live run page follows the event log over a real socket."""

import asyncio
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import Page, async_playwright, expect

from runs import ledger
from runs.engine.events import Link, Log, PageSnapshot, PageVisited
from runs.models import Artifact, Attempt, Run
from tests.ledger.conftest import Hand
from tests.web.conftest import Open, Server, World, close, ended

pytestmark = pytest.mark.asyncio(loop_scope="session")

hand_of = sync_to_async(lambda run, index=0: Hand(run, index))


@sync_to_async
def one_more(hand: Hand, outcome: str = "passed") -> None:
    hand.play(hand.claim(), outcome)


@sync_to_async
def finish(run: Run, hand: Hand) -> None:
    hand.work_off()
    close(run)


async def opened(visit: Open, run: Run, who: str = "qa_lead") -> Page:
    page: Page = await visit(f"/runs/{run.public_id}", who)
    await expect(page.locator("#connection")).to_have_text("live")
    return page


async def test_results_arrive_while_one_looks_and_the_end_is_the_verdict(visit: Open, shop: World) -> None:
    run = await sync_to_async(shop.run)(4)
    page = await opened(visit, run)
    await expect(page.locator("#progress")).to_contain_text("queued")
    hand = await hand_of(run)
    await one_more(hand)
    await expect(page.locator("#progress")).to_contain_text("✓ 1 passed")
    await one_more(hand, "failed")
    await expect(page.locator("#progress")).to_contain_text("✕ 1 failed")
    await expect(page.locator("#results tr", has_text="✕ failed")).to_contain_text(
        "Expected heading “Cart”, found none."
    )
    await expect(page.locator("#result-filter")).to_contain_text("failed 1")
    await expect(page.locator("#log")).to_contain_text("Worker 1 started (here:1)")
    await expect(page.locator("#lanes svg rect")).to_have_count(2)
    await finish(run, hand)
    await expect(page.locator("#progress .badge").first).to_have_text("✕ failed")
    await expect(page.locator("#connection")).to_have_text("")
    await expect(page.get_by_role("button", name="Abort")).to_be_hidden()
    await expect(page.get_by_role("button", name="Rerun failed")).to_be_visible()
    await expect(page.locator("#log li").last).to_contain_text("The run is failed")


async def test_a_crawl_shows_pages_as_they_are_visited(visit: Open, shop: World) -> None:
    run = await sync_to_async(shop.crawl)()
    page = await opened(visit, run)
    hand = await hand_of(run)

    @sync_to_async
    def visited() -> None:
        work = ledger.claim_pages(hand.held, 50).work
        assert work is not None
        links = tuple(
            Link(url=f"http://shop.test/p/{n}", key=f"http://shop.test/p/{n}", group="/p", priority=1, depth=1)
            for n in range(3)
        )
        snapshot = PageSnapshot(url=work.url, path="/", title="The shop", status=200, template="home")
        ledger.record(
            hand.held, [PageVisited(work.page, work.url, work.url, snapshot, links), Log("info", "Three links")]
        )

    await visited()
    await expect(page.locator("#visited tr")).to_contain_text("The shop")
    await expect(page.locator("#progress")).to_contain_text("1 page visited, 3 to go")
    await expect(page.locator("#log")).to_contain_text("Three links")


async def test_two_tabs_show_the_same(visit: Open, shop: World) -> None:
    run = await sync_to_async(shop.run)(2)
    one, other = await opened(visit, run), await opened(visit, run, "viewer")
    await expect(other.get_by_role("button", name="Abort")).to_have_count(0)
    hand = await hand_of(run)
    await one_more(hand)
    for page in (one, other):
        await expect(page.locator("#progress")).to_contain_text("✓ 1 passed")


async def test_the_page_survives_a_restart_of_the_server_and_says_so_meanwhile(
    visit: Open, shop: World, server: Server
) -> None:
    run = await sync_to_async(shop.run)(3)
    page = await opened(visit, run)
    hand = await hand_of(run)
    await one_more(hand)
    await expect(page.locator("#progress")).to_contain_text("✓ 1 passed")
    server.stop()
    await expect(page.locator("#connection")).to_contain_text("reconnecting, as of")
    await expect(page.locator("#live[data-stale]")).to_have_count(1)
    await one_more(hand)
    await asyncio.to_thread(server.start)
    await expect(page.locator("#connection")).to_have_text("live", timeout=60_000)
    await expect(page.locator("#progress")).to_contain_text("✓ 2 passed")
    await expect(page.locator("#live[data-stale]")).to_have_count(0)
    await finish(run, hand)
    await expect(page.locator("#progress .badge").first).to_have_text("✓ passed")
    lines = await page.locator("#log li").all_inner_texts()
    assert len(lines) == len(set(await page.locator("#log li").evaluate_all("all => all.map(one => one.id)")))
    visit.complaints.clear()  # type: ignore[attr-defined]  # the browser notes each refused connection


async def test_abort_asks_once_and_then_stops_the_run(visit: Open, shop: World) -> None:
    run = await sync_to_async(shop.run)(2)
    page = await opened(visit, run)
    await page.get_by_role("button", name="Abort").click()
    await page.get_by_role("button", name="Press again to abort").click()
    await expect(page.locator("#progress .badge").first).to_have_text("■ aborted")
    await expect(page.locator("#progress")).to_contain_text("2 skipped")


async def test_the_log_can_be_filtered(visit: Open, shop: World) -> None:
    run = await sync_to_async(shop.run)(3)
    page = await opened(visit, run)
    await page.get_by_label("Filter the log").fill("test 2")
    hand = await hand_of(run)
    await finish(run, hand)
    await expect(page.locator("#log li:visible")).to_have_count(1)
    await expect(page.locator("#log li:visible")).to_contain_text("Test 2: passed")


async def test_a_filtered_table_stays_filtered(visit: Open, shop: World) -> None:
    run = await sync_to_async(shop.run)(3)
    page: Page = await visit(f"/runs/{run.public_id}?show=pending")
    await expect(page.locator("#results tr")).to_have_count(3)
    hand = await hand_of(run)
    await one_more(hand)
    await expect(page.locator("#results tr")).to_have_count(2)


async def test_a_finished_run_opens_no_socket(visit: Open, shop: World) -> None:
    run = await sync_to_async(lambda: ended(shop.run(1)))()
    page: Page = await visit("/")
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    await page.goto(f"/runs/{run.public_id}")
    await expect(page.locator("#progress .badge").first).to_have_text("✓ passed")
    await page.wait_for_load_state("networkidle")
    assert sockets == []


async def test_a_trace_opens_in_the_viewer(
    visit: Open, shop: World, server: Server, tmp_path: Path, browser_path: str
) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path)
        context = await browser.new_context()
        await context.tracing.start(snapshots=True, screenshots=True)
        recorded = await context.new_page()
        await recorded.set_content("<button>Add to cart</button>")
        await recorded.get_by_role("button").click()
        await context.tracing.stop(path=tmp_path / "trace.zip")
        await browser.close()

    @sync_to_async
    def stored() -> str:
        run = ended(shop.run(1), "failed")
        attempt = Attempt.objects.filter(result__run=run).latest("number")
        place = server.data_dir / "artifacts" / "trace.zip"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes((tmp_path / "trace.zip").read_bytes())
        Artifact.objects.create(
            attempt=attempt, kind="trace", path="trace.zip", content_type="application/zip", size=place.stat().st_size
        )
        return f"/runs/{run.public_id}/results/{attempt.result_id}"

    page: Page = await visit(await stored())
    async with page.context.expect_page() as opening:
        await page.get_by_role("link", name="Open the trace").click()
    viewer = await opening.value
    await expect(viewer.get_by_role("treeitem", name="Click")).to_be_visible(timeout=60_000)
    snapshot = viewer.locator("iframe[name=snapshot]:visible").content_frame
    await expect(snapshot.get_by_role("button", name="Add to cart")).to_be_visible(timeout=60_000)
    visit.complaints.clear()  # type: ignore[attr-defined]  # the viewer's own
