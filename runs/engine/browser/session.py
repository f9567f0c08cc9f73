"""The only place that launches a browser, or connects to one that runs elsewhere."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

from playwright.async_api import APIRequestContext, BrowserContext, Error, Playwright, async_playwright
from playwright.async_api import Browser as Chromium

from runs.engine.browser import abandoned, driver, driver_ending, pipe, process_environment, video, watchdog
from runs.engine.browser.contexts import close_later, counted, opened
from runs.engine.browser.egress_proxy import EgressProxy
from runs.engine.browser.find import NoBrowser, find_browser
from runs.engine.browser.headers import http_credentials, send_headers
from runs.engine.browser.remote import HERE, NotConnected, Remote, connect
from runs.engine.browser.wear import RETIRED_SECONDS, Bounds, Wear
from runs.engine.browser.writes import refuse_writes
from runs.engine.deaths import browser_gone
from runs.engine.inpage import keep_originals, know_places
from runs.engine.netguard import Blocked, Guard, place_of
from runs.engine.plan import BrowserOptions, Site

log = logging.getLogger(__name__)
# These need no name server, and the browser connects to nothing else by itself.
DIRECT = ("127.0.0.1", "::1", "localhost")
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A tab begins on an empty page in a process of its own, and would get another one with its first address. Contexts
    # have processes of their own all the same. Tabs of one context and site share one, also windows that a page opens
    # without access to it: such a window that hangs or crashes takes the page with it.
    "--renderer-process-limit=1",
    # WebRTC has no way past the proxy, and no name is asked for but by the proxy.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    f"--host-resolver-rules=MAP * ~NOTFOUND, {', '.join(f'EXCLUDE {host}' for host in DIRECT)}",
    # A page that fills its heap without end dies of it before the machine does.
    "--js-flags=--max-old-space-size=1024",
)
# A browser elsewhere has not our arguments: its pages lose what could go round the proxy.
NO_WAY_ROUND = "for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport']) delete self[name]"
LAUNCH_SECONDS = 60
CONTEXT_SECONDS = 20
LOOK_SECONDS = 0.2
Opened = TypeVar("Opened")


class BrowserUnavailable(Exception):
    """There is no such browser, or it cannot be started; the message is one sentence."""


class Browser:
    """One driver and one Chromium, started or connected to on entry; contexts are made from it.

    Without an executable SENTRI_BROWSER_WS says where the browser runs; unset, one is found and launched here.
    Raises `BrowserUnavailable` where none is to be had. When the browser, the connection or the driver has died,
    `context` starts again, once per call; contexts of the dead browser are lost. Once they are worn out, `context`
    moves on to fresh ones, and the old ones end with the last of their contexts.
    """

    def __init__(
        self,
        executable: str | None = None,
        bounds: Bounds | None = None,
        remote: Remote | None = None,
        guard: Guard | None = None,
    ) -> None:
        self.guard = guard if guard is not None else Guard.configured()
        self._executable = executable
        self._bounds = bounds or Bounds()
        self._remote = remote if executable or remote else Remote.configured()
        self._environment: dict[str, str] = {}
        self._playwright: Playwright | None = None
        self._chromium: Chromium | None = None
        self._egress: tuple[EgressProxy, str] | None = None
        self._starting = asyncio.Lock()
        self._wear: Wear | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._films: bool | None = None

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._egress is not None:
            await self._egress[0].stop()
            self._egress = None

    @property
    def version(self) -> str:
        """The browser's own version, e.g. 156.0.8078.79."""
        return self._chromium.version if self._chromium else ""

    @property
    def alive(self) -> bool:
        """Whether the browser is connected, as far as the driver knows (a dead driver goes unnoticed)."""
        return self._chromium is not None and self._chromium.is_connected()

    async def answers(self, chromium: Chromium | None = None) -> bool:
        """Whether this browser, the present one unless told, and its driver answer."""
        browser = chromium or self._chromium
        return browser is not None and await watchdog.answers(browser)

    async def megabytes(self) -> int:
        """Memory of the present browser and its driver."""
        if self._playwright is None:
            return 0
        return driver_ending.megabytes(await asyncio.to_thread(driver_ending.processes_of, self._playwright))

    async def context(
        self,
        options: BrowserOptions,
        site: Site,
        *,
        state: dict[str, Any] | None = None,
        read_only: bool = False,
        filmed: bool = False,
    ) -> BrowserContext:
        """A fresh context for the site, as its account where that is known by HTTP; the caller closes it.

        `state` is a storage state to start from; `read_only` refuses requests that write; `filmed` makes a video of
        each page, where there is an ffmpeg. Raises `Blocked` for an address that the guard does not open.
        """
        proxy = await self._proxy(site)

        async def open_context() -> BrowserContext:
            settings = {**self._settings(options), "storage_state": state, "proxy": proxy}
            settings["http_credentials"] = http_credentials(site)
            if filmed and self._wear is not None and await self._can_film(self._wear):
                settings["record_video_dir"] = await asyncio.to_thread(tempfile.mkdtemp, dir=self._wear.directory)
            return await self._open(settings, site, read_only)

        return await self._living(open_context)

    async def requests(self, site: Site, *, state: dict[str, Any] | None = None) -> APIRequestContext:
        """A request context without a browser context, for tests that need no page; the caller disposes of it.

        Raises `Blocked` for an address that the guard does not open.
        """
        settings: dict[str, Any] = {"proxy": await self._proxy(site), "storage_state": state}
        settings["http_credentials"] = http_credentials(site)

        async def open_requests() -> APIRequestContext:
            if self._playwright is None:
                raise Error("browser closed")
            return counted(await self._playwright.request.new_context(**settings), self._wear)

        return await self._living(open_requests)

    async def _living(self, opening: Callable[[], Awaitable[Opened]]) -> Opened:
        """Open something in the browser; where the browser has died, start it again and try once more."""
        await self._freshen()
        used = self._chromium
        try:
            return await asyncio.wait_for(opening(), CONTEXT_SECONDS)
        except Exception as error:
            if not browser_gone(error):
                raise
        await self._restart(used)
        return await asyncio.wait_for(opening(), CONTEXT_SECONDS)

    async def _freshen(self) -> None:
        """Move on to a fresh browser where this one is worn out."""
        wear = self._wear
        if wear is None:
            return
        wear.opened += 1
        if wear.to_be_weighed:
            wear.megabytes = await self.megabytes()
        if wear.worn_out:
            async with self._starting:
                if self._wear is wear:
                    self._retire()
                    await self._start()

    def _retire(self) -> None:
        """Let the browser go that is used up, once nothing in it is open any more."""
        playwright, chromium, wear = self._playwright, self._chromium, self._wear
        self._playwright = self._chromium = self._wear = None
        if playwright is None or chromium is None or wear is None:
            return

        async def see_off() -> None:
            until = time.monotonic() + RETIRED_SECONDS
            try:
                while len(chromium.contexts) > wear.found or wear.requests:
                    if wear.gone or time.monotonic() > until:
                        break
                    await asyncio.sleep(LOOK_SECONDS)
            finally:
                await self._end(playwright, chromium, wear)

        self._begin(see_off())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, settings: dict[str, Any], site: Site, read_only: bool) -> BrowserContext:
        if self._chromium is None:
            raise Error("browser closed")
        if read_only:
            # Routes do not see what a service worker sends, so `refuse_writes` would never be asked.
            settings["service_workers"] = "block"
        context = await opened(self._chromium.new_context(**settings))
        try:
            if self._remote is not None:
                await context.add_init_script(NO_WAY_ROUND)
            await keep_originals(context)
            if read_only:
                await context.route("**/*", refuse_writes)
            if site.sent_headers:
                await send_headers(context, site)
        except BaseException:
            close_later(context)
            raise
        return context

    async def _can_film(self, wear: Wear) -> bool:
        if self._films is None and self._chromium is not None:
            self._films = await video.proven(self._chromium, wear.directory)
        return bool(self._films)

    def _settings(self, options: BrowserOptions) -> dict[str, Any]:
        settings: dict[str, Any] = {"locale": options.locale, "timezone_id": options.timezone_id}
        # No step reads a download, and one that never ends would fill the disk.
        settings["accept_downloads"] = False
        if options.geolocation:
            settings |= {"geolocation": options.geolocation.model_dump(), "permissions": ["geolocation"]}
        if options.device and self._playwright:
            device = self._playwright.devices[options.device]
            settings |= {key: value for key, value in device.items() if key != "default_browser_type"}
        return settings

    async def _proxy(self, site: Site) -> dict[str, str]:
        # A site on loopback goes round the proxy (`bypass`), so nothing later would judge its address.
        refusal = self.guard.refuses_url(site.base_url)
        if refusal:
            raise Blocked(f"{site.base_url} is not opened: {refusal}.")
        async with self._starting:
            if self._egress is None:
                egress = EgressProxy(self.guard, self._remote.egress_host if self._remote else HERE)
                self._egress = (egress, await self._listening(egress))
        egress, server = self._egress
        proxy = {"server": server, **egress.credentials}
        # The loopback of a browser elsewhere is another machine's.
        return proxy if self._remote else {**proxy, **bypass(site)}

    async def _listening(self, egress: EgressProxy) -> str:
        try:
            return await egress.start()
        except OSError as error:
            raise BrowserUnavailable(
                f"SENTRI_EGRESS_HOST is {egress.host}, which is no address of this machine: write the one"
                " under which the browser reaches it."
            ) from error

    async def _start(self) -> None:
        path = await self._find() if self._remote is None else None
        what = path or (self._remote.shown if self._remote else "")
        try:
            async with asyncio.timeout(LAUNCH_SECONDS):
                self._wear = wear = Wear(await asyncio.to_thread(driver_ending.make_directory), self._bounds)
                filming = await asyncio.to_thread(video.environment)
                self._films = filming is not None if self._remote is None else None
                home = await asyncio.to_thread(process_environment.at_home, wear.directory)
                async with process_environment.given_to_driver({**home, **(filming or {})}):
                    with driver.heard():
                        self._playwright = await async_playwright().start()
                pipe.widen(self._playwright)
                abandoned.overlook(self._playwright)
                await know_places(self._playwright)
                self._chromium = await self._obtain(self._playwright, path)
            wear.found = len(self._chromium.contexts)
            self._begin(watchdog.watch_over(self._playwright, self._chromium, wear))
        except NotConnected as error:
            await self._stop()
            raise BrowserUnavailable(str(error)) from error
        except (Error, OSError, TimeoutError) as error:
            await self._stop()
            reason = str(error).strip().splitlines()[0] if str(error).strip() else "it did not answer in time"
            raise BrowserUnavailable(f"The browser {what} could not be started: {reason}") from error

    async def _obtain(self, playwright: Playwright, path: Path | None) -> Chromium:
        if self._remote is not None:
            chromium = await connect(playwright, self._remote)
            abandoned.overlook(chromium)
            return chromium
        if path is None:
            raise BrowserUnavailable("There is no program to start as a browser.")
        return await self._launch(playwright, path)

    async def _launch(self, playwright: Playwright, path: Path) -> Chromium:
        """Start the browser in its sandbox, which root does not need and some systems do not grant."""
        settings: dict[str, Any] = {
            "executable_path": path,
            "args": list(ARGUMENTS),
            "env": {**process_environment.at_home(self._wear.directory), **self._environment} if self._wear else {},
            # A worker that is to stop finishes what it holds (R17); Playwright would close the browser at the signal.
            "handle_sigint": False,
            "handle_sigterm": False,
            "handle_sighup": False,
        }
        sandbox = hasattr(os, "geteuid") and os.geteuid() != 0
        try:
            return await playwright.chromium.launch(**settings, chromium_sandbox=sandbox)
        except Error as error:
            if not sandbox or "sandbox" not in error.message.lower():
                raise
            log.warning("This system gives the browser no sandbox of its own; pages run without it.")
            return await playwright.chromium.launch(**settings, chromium_sandbox=False)

    async def _find(self) -> Path:
        if self._executable:
            return Path(self._executable)
        try:
            found = await asyncio.to_thread(find_browser)
        except NoBrowser as error:
            raise BrowserUnavailable(str(error)) from error
        self._executable = str(found.path)
        self._environment = dict(found.env)
        return found.path

    async def _restart(self, used: Chromium | None) -> None:
        async with self._starting:
            # Several contexts notice the same death; the first of them that comes here starts the browser for all.
            if self._chromium is used:
                await self._stop()
                await self._start()

    async def _stop(self) -> None:
        playwright, chromium, wear = self._playwright, self._chromium, self._wear
        self._playwright = self._chromium = self._wear = None
        await self._end(playwright, chromium, wear)

    async def _end(self, playwright: Playwright | None, chromium: Chromium | None, wear: Wear | None) -> None:
        await driver_ending.end(playwright, chromium)
        if wear is not None:
            await asyncio.to_thread(shutil.rmtree, wear.directory, ignore_errors=True)


def bypass(site: Site) -> dict[str, str]:
    """A site on this machine's loopback as an entry of a proxy bypass list; nothing for any other site.

    It always says the port: without one the entry would stand for all ports of the host.
    """
    place = place_of(site.base_url)
    if place.host not in DIRECT:
        return {}
    host = f"[{place.host}]" if ":" in place.host else place.host
    return {"bypass": f"{host}:{place.port}"}
