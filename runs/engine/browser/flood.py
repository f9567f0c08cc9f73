"""Pages that open windows and dialogs without end."""

from __future__ import annotations

import asyncio
import contextlib

from playwright.async_api import BrowserContext, Dialog, Error, Page

MOST_WINDOWS = 20
MOST_DIALOGS = 100


class Flood:
    """`begun` is set once a context has had more of them than any test needs; `said` is the sentence about it."""

    def __init__(self, context: BrowserContext) -> None:
        self.begun = asyncio.Event()
        self.said = ""
        self._context = context
        self._dialogs = 0
        context.on("page", self._window)
        context.on("dialog", self._dialog)

    async def _window(self, page: Page) -> None:
        if len(self._context.pages) > MOST_WINDOWS:
            self._begin(f"The page opened more than {MOST_WINDOWS} windows")
            with contextlib.suppress(Error):
                await page.close()

    async def _dialog(self, dialog: Dialog) -> None:
        """Answers as if nobody listened: stays on the page, except where it is left."""
        self._dialogs += 1
        if self._dialogs > MOST_DIALOGS:
            self._begin(f"The page opened more than {MOST_DIALOGS} dialogs")
        with contextlib.suppress(Error):
            await (dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())

    def _begin(self, sentence: str) -> None:
        if not self.begun.is_set():
            self.said = sentence
            self.begun.set()
