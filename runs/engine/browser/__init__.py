"""The browser: launching it, opening contexts in it, signing in, watching pages and waiting for them."""

from playwright.async_api import APIRequestContext, APIResponse, BrowserContext, Error, Page, Request, Response, Route

from runs.engine.browser.accounts import Accounts
from runs.engine.browser.casting import Frames, Screencast
from runs.engine.browser.codes import ClaimCode
from runs.engine.browser.contexts import close_context, close_later
from runs.engine.browser.flood import Flood
from runs.engine.browser.listening import heard, listen
from runs.engine.browser.network import restrict
from runs.engine.browser.pace import Pace
from runs.engine.browser.session import Browser, BrowserUnavailable
from runs.engine.browser.settle import settle
from runs.engine.browser.signin import sign_in
from runs.engine.browser.signin_form import SignInFailed, asked_for
from runs.engine.browser.video import NO_FFMPEG
from runs.engine.browser.vitals import MeasuredVitals, measure
from runs.engine.browser.watch import PageWatch, watch
from runs.engine.browser.watchdog import within
from runs.engine.browser.wear import Bounds
from runs.engine.browser.writes import Writes
from runs.engine.inpage import PageResists, read_elements, read_page

__all__ = [
    "NO_FFMPEG",
    "APIRequestContext",
    "APIResponse",
    "Accounts",
    "Bounds",
    "Browser",
    "BrowserContext",
    "BrowserUnavailable",
    "ClaimCode",
    "Error",
    "Flood",
    "Frames",
    "MeasuredVitals",
    "Pace",
    "Page",
    "PageResists",
    "PageWatch",
    "Request",
    "Response",
    "Route",
    "Screencast",
    "SignInFailed",
    "Writes",
    "asked_for",
    "close_context",
    "close_later",
    "heard",
    "listen",
    "measure",
    "read_elements",
    "read_page",
    "restrict",
    "settle",
    "sign_in",
    "watch",
    "within",
]
