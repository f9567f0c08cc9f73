"""The browser: launching it, opening contexts in it, signing in, watching pages and waiting for them."""

from playwright.async_api import APIRequestContext, BrowserContext, Error, Page

from runs.engine.browser.casting import Cast, Frames
from runs.engine.browser.devices import device_names
from runs.engine.browser.session import Browser, BrowserUnavailable, close_context, died
from runs.engine.browser.settle import settle
from runs.engine.browser.signin import SignInFailed, sign_in
from runs.engine.browser.watch import Watch, watch

__all__ = [
    "APIRequestContext",
    "Browser",
    "BrowserContext",
    "BrowserUnavailable",
    "Cast",
    "Error",
    "Frames",
    "Page",
    "SignInFailed",
    "Watch",
    "close_context",
    "device_names",
    "died",
    "settle",
    "sign_in",
    "watch",
]
