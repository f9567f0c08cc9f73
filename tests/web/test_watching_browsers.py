"""R23 on the run's page: who asks for it sees what the browsers show, until they stop or the run is over."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.utils import timezone
from playwright.async_api import Browser, Page, expect

from projects.models import Test
from runs import ledger
from runs.engine.plan import RunOptions
from runs.frames import DatabaseFrames, Picture
from runs.models import Artifact, LiveFrame, Run, RunEvent
from tests.tasks.conftest import Workers
from tests.web.conftest import Open, Server, World
from tests.web.test_live_runs_in_a_browser import finish, hand_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

DRAWN = """([width, height, colour]) => {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, width, height);
  return canvas.toDataURL("image/jpeg").split(",")[1];
}"""
PIXEL = """async (image) => {
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  return [image.naturalWidth, image.naturalHeight, ...pen.getImageData(9, 9, 1, 1).data.slice(0, 3)];
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def jpegs(chromium: Browser) -> AsyncIterator[Any]:
    page = await chromium.new_page()

    async def draw(colour: str) -> bytes:
        return base64.b64decode(await page.evaluate(DRAWN, [640, 360, colour]))

    yield draw
    await page.close()


@sync_to_async
def shown(run: Run, shard: int, pictures: dict[int, Picture]) -> None:
    DatabaseFrames().put(run.pk, shard, pictures)


async def watching(visit: Open, run: Run, who: str = "viewer", **options: Any) -> Page:
    page: Page = await visit(f"/runs/{run.public_id}", who, **options)
    await page.get_by_role("button", name="Watch the browsers").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#watching")).to_have_text("waiting for a picture")
    async with asyncio.timeout(60):
        while not await sync_to_async(DatabaseFrames().wanted)(run.pk):  # noqa: ASYNC110 - the server is another process
            await asyncio.sleep(0.05)
    return page


async def drawn(page: Page, number: int) -> list[int]:
    """Size and one pixel of a tile's picture."""
    found: list[int] = await page.locator("#screens img").nth(number).evaluate(PIXEL)
    return found


async def test_R23_one_tile_for_each_context_follows_its_newest_picture(visit: Open, shop: World, jpegs: Any) -> None:
    run = await sync_to_async(shop.run)(4, shards=2)
    page = await watching(visit, run)
    red = Picture("Cart keeps its goods", await jpegs("rgb(250,0,0)"), timezone.now())
    await shown(run, 1, {0: red})
    await shown(run, 0, {1: red, 0: red})
    captions = page.locator("#screens li p")
    await expect(captions).to_have_text(
        [f"worker {at} · context {slot} · Cart keeps its goods" for at, slot in ((1, 1), (1, 2), (2, 1))]
    )
    await expect(page.locator("#watching")).to_have_text("")
    width, height, *colour = await drawn(page, 0)
    assert (width, height) == (640, 360)
    assert colour[0] > 240
    green = Picture("Search finds", await jpegs("rgb(0,250,0)"), timezone.now())
    before = await page.locator("#screens img").first.get_attribute("src")
    await shown(run, 0, {0: green})
    await expect(captions.first).to_contain_text("Search finds")
    await expect(page.locator("#screens img").first).not_to_have_attribute("src", before or "")
    assert (await drawn(page, 0))[3] > 240
    assert (await drawn(page, 1))[2] > 240
    assert await page.evaluate("(url) => fetch(url).then(() => false, () => true)", before), "it was not revoked"
    visit.complaints.clear()  # type: ignore[attr-defined]  # about the picture that is gone


async def test_R23_who_stops_watching_opens_no_socket_and_who_returns_sees_again(
    visit: Open, shop: World, jpegs: Any
) -> None:
    run = await sync_to_async(shop.run)(1)
    page: Page = await visit("/")
    sockets: list[Any] = []
    page.on("websocket", lambda socket: sockets.append(socket) if socket.url.endswith("/live") else None)
    await page.goto(f"/runs/{run.public_id}")
    button = page.locator("#watch")
    await expect(button).to_have_attribute("aria-expanded", "false")
    assert sockets == []
    async with page.expect_websocket(lambda socket: socket.url.endswith("/live")):
        await button.click()
    await expect(button).to_have_text("Stop watching")
    await expect(button).to_have_attribute("aria-expanded", "true")
    async with sockets[0].expect_event("close"):
        await button.click()
    await expect(page.locator("#screens")).to_be_hidden()
    async with page.expect_websocket(lambda socket: socket.url.endswith("/live")):
        await button.click()
    await sync_to_async(DatabaseFrames().want)(run.pk)
    await shown(run, 0, {0: Picture("Cart", await jpegs("rgb(0,0,250)"), timezone.now())})
    await expect(page.locator("#screens img")).to_have_count(1)


async def test_R23_the_view_closes_with_the_run(visit: Open, shop: World, jpegs: Any) -> None:
    run = await sync_to_async(shop.run)(1)
    page = await watching(visit, run)
    await shown(run, 0, {0: Picture("Cart", await jpegs("rgb(0,0,250)"), timezone.now())})
    await expect(page.locator("#screens img")).to_have_count(1)
    await finish(run, await hand_of(run))
    await expect(page.locator("#progress .badge").first).to_have_text("✓ passed")
    await expect(page.locator("#browsers")).to_be_hidden()
    await page.reload()
    await expect(page.locator("#browsers")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_R23_a_phone_shows_tiles_without_scrolling_sideways(
    visit: Open, shop: World, jpegs: Any, scheme: str
) -> None:
    run = await sync_to_async(shop.run)(1)
    page = await watching(visit, run, width=360, height=740, color_scheme=scheme, reduced_motion="reduce")
    seen = Picture("A test whose title is longer than a phone is wide, by far", await jpegs("red"), timezone.now())
    await shown(run, 0, {0: seen, 1: seen})
    await expect(page.locator("#screens img")).to_have_count(2)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    first = await page.locator("#screens img").first.get_attribute("src")
    await shown(run, 0, {0: replace(seen, title="The next one", at=timezone.now())})
    await expect(page.locator("#screens li p").first).to_contain_text("The next one")
    assert await page.locator("#screens img").first.get_attribute("src") == first


@pytest.mark.slow
async def test_R23_real_browsers_are_watched_and_nothing_of_it_is_kept(
    visit: Open, shop: World, server: Server, tmp_path: Path
) -> None:
    """A test that waits in vain on the product's own sign-in page, watched while it waits."""

    @sync_to_async
    def queued() -> Run:
        shop.project.url = server.url
        shop.project.save(update_fields=["url"])
        waits = {"do": "expect_visible", "target": {"role": "heading", "name": "Never"}, "timeout": 15_000}
        document = {"title": "Waits", "start": "/sign-in", "steps": [waits]}
        test = Test.write(shop.project, None, "Waits", document)
        test.decide("approve", None)
        return ledger.open_test_run(shop.order(), RunOptions(parallel=1, retries=0), [test])

    run = await queued()
    page = await watching(visit, run)
    workers = await asyncio.to_thread(Workers, server.environment, tmp_path / "workers.log")
    try:
        await expect(page.locator("#screens li p")).to_have_text(["worker 1 · context 1 · Waits"], timeout=60_000)
        width, height, *colour = await drawn(page, 0)
        assert width * 9 == height * 16
        assert min(colour) > 200
        await page.get_by_role("button", name="Stop watching").click()
        await gone()
        assert not await sync_to_async(Artifact.objects.exists)()
        assert not await sync_to_async(RunEvent.objects.filter(data__icontains="jpeg").exists)()
    finally:
        await asyncio.to_thread(workers.kill)


async def gone() -> None:
    async with asyncio.timeout(60):
        while await sync_to_async(LiveFrame.objects.exists)():  # noqa: ASYNC110 - the supervisor is another process
            await asyncio.sleep(0.2)
