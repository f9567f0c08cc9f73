"""What a test touches: the documents, calls and scripts that its pages load, the elements that its steps use."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from runs.engine.browser import BrowserContext, Error, Request, Response
from runs.engine.browser.writes import writes
from runs.engine.execute.attempt import OPENING
from runs.engine.kinds import kind_named
from runs.engine.page.look import Look, PageChange, difference
from runs.engine.plan import Target
from runs.engine.steps.base import Step
from runs.engine.traffic.exchange import is_json

READING = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_BODY = 500_000
MOST_BODIES = 20_000_000

FACTS = """const factsOf = ([element]) => element && ({
  tag: element.localName, type: element.type || '', href: element.getAttribute('href') || '',
  in_form: !!(element.form || element.closest('form')),
});"""


@dataclass(frozen=True)
class TouchedCall:
    """One request of the site's own: a document, a call in the background, or a script.

    `step` is the id of the step during which it was sent, -1 for the opening. `answer`, where it
    could be kept, is that of a call that writes or brings JSON: status, headers and body. `asks`: nothing in it writes.
    `followed`: the application was asked for something other than scripts afterwards.
    """

    kind: Literal["document", "api", "script"]
    method: str
    url: str
    step: int
    status: int | None = None
    answer: tuple[int, dict[str, str], bytes] | None = None
    asks: bool = False
    followed: bool = False

    @property
    def writes(self) -> bool:
        return self.method not in READING and not self.asks

    @property
    def path(self) -> str:
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> str:
        return urlsplit(self.url).query

    @property
    def base(self) -> str:
        """The address without its query."""
        return self.url.split("?", 1)[0].split("#", 1)[0]


@dataclass(frozen=True)
class Act:
    """A step that does something: its id, its element, what the element is, and whether anything changed."""

    step_id: int
    do: str
    target: Target | None
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)
    changed: bool = True

    @property
    def kind(self) -> type[Step]:
        return kind_named(self.do)

    @property
    def sends_form(self) -> bool:
        is_button = self.facts.get("tag") == "button" or self.facts.get("type") in ("submit", "image")
        return bool(self.facts.get("in_form")) and (is_button or self.kind.gesture == "keying")


@dataclass(frozen=True)
class Touched:
    """What one replay touched; its steps, and those that expect something, by their ids (see `Revision`).

    `change` is what its last action did; without an action it is None. `figures` are texts with amounts or numbers
    that it brought about, and how many elements say each.
    """

    steps: Mapping[int, Step]
    expectations: frozenset[int]
    calls: tuple[TouchedCall, ...] = ()
    acts: tuple[Act, ...] = ()
    before: Look | None = None
    after: Look | None = None
    figures: tuple[tuple[str, int], ...] = ()

    def kept(self, steps: Mapping[int, Step]) -> Touched:
        """What those steps touched that are left of the test."""
        acts = tuple(act for act in self.acts if act.step_id in steps)
        return replace(self, steps=steps, expectations=self.expectations & set(steps), acts=acts)

    @property
    def change(self) -> PageChange | None:
        return difference(self.before, self.after) if self.before and self.after else None

    @property
    def writes(self) -> bool:
        return any(call.writes for call in self.calls)

    def holds(self, step_id: int) -> bool:
        """Whether a test that does not come beyond this step writes nothing, which it does otherwise."""
        return self.writes and not any(call.writes and call.step < step_id for call in self.calls)

    def precedes(self, call: TouchedCall) -> bool:
        """Whether a call was sent before anything was written, in a test that writes."""
        first = next((at for at, other in enumerate(self.calls) if other.writes), 0)
        return self.calls.index(call) < first

    def acted(self, call: TouchedCall) -> bool:
        """Whether a call was brought about by more than opening a page or following a link: pressed, entered, sent."""
        act = next((act for act in self.acts if act.step_id == call.step and act.target is not None), None)
        return call.kind == "document" or (act is not None and act.facts.get("tag") != "a")

    @property
    def last_page(self) -> tuple[TouchedCall | None, Sequence[TouchedCall]]:
        """The document that was opened last, and what was asked for since."""
        at = max((at for at, call in enumerate(self.calls) if call.kind == "document"), default=None)
        return (None, ()) if at is None else (self.calls[at], self.calls[at + 1 :])

    @property
    def last_act(self) -> int:
        """The last step that does something; -1 for the opening."""
        return max((act.step_id for act in self.acts), default=OPENING)

    @property
    def final(self) -> int:
        """The first expectation behind the last action, else what would be added: the last state is shown there."""
        behind = max(self.steps, default=OPENING) + 1
        return min((step_id for step_id in self.expectations if step_id > self.last_act), default=behind)


KINDS: dict[str, Literal["document", "api", "script"]] = {
    "document": "document",
    "xhr": "api",
    "fetch": "api",
    "script": "script",
}


class Recorder:
    """Listens to a context's requests while `step` says which step is under way."""

    def __init__(self, origin: str) -> None:
        self.step = OPENING
        self._origin = origin
        self._sent: dict[Request, TouchedCall] = {}
        self._answers: dict[Request, Response] = {}
        self._reading: set[asyncio.Task[None]] = set()
        self._one_body = asyncio.Lock()
        self._kept = 0

    def listen(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("requestfinished", self._finished)

    async def calls(self) -> tuple[TouchedCall, ...]:
        """What was sent, in order, each address and method once a step; with the body of every answer that has ended.

        Such a body is there and only handed over: a busy machine may take its time for that, and is waited for.
        """
        await asyncio.gather(*self._reading)
        seen: dict[tuple[str, str, int], TouchedCall] = {}
        sent = list(self._sent.values())
        last = max((at for at, call in enumerate(sent) if call.kind != "script"), default=-1)
        for at, call in enumerate(sent):
            seen.setdefault((call.method, call.url, call.step), replace(call, followed=at < last))
        return tuple(seen.values())

    def _request(self, request: Request) -> None:
        kind = KINDS.get(request.resource_type)
        if kind is None or not request.url.startswith(f"{self._origin}/"):
            return
        if kind == "document" and _framed(request):
            return
        self._sent[request] = TouchedCall(kind, request.method, request.url, self.step, asks=not writes(request))

    def _response(self, response: Response) -> None:
        call = self._sent.get(response.request)
        if call is None:
            return
        self._sent[response.request] = replace(call, status=response.status)
        if call.writes or (call.kind == "api" and is_json(response.headers.get("content-type", ""))):
            self._answers[response.request] = response

    def _finished(self, request: Request) -> None:
        """One that does not end, as a stream, has no body that could be given again."""
        response = self._answers.pop(request, None)
        if response is not None:
            task = asyncio.ensure_future(self._keep(response))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)

    async def _keep(self, response: Response) -> None:
        with contextlib.suppress(Error):
            redirects = 300 <= response.status < 400
            # One at a time: what Chromium unpacked of each is kept up to 20 MB, and comes through the driver whole.
            async with self._one_body:
                body = b"" if redirects else await response.body()
            headers = {name: value for name, value in response.headers.items() if name not in LEFT_OUT}
            call = self._sent[response.request]
            if len(body) <= MOST_BODY and self._kept + len(body) <= MOST_BODIES:
                self._kept += len(body)
                self._sent[response.request] = replace(call, answer=(response.status, headers, body))


def _framed(request: Request) -> bool:
    try:
        return request.frame.parent_frame is not None
    except Error:  # a window's first request is sent before there is a frame
        return False


# The body is kept unpacked, and a cookie would carry the change out all the same.
LEFT_OUT = frozenset({"content-encoding", "content-length", "transfer-encoding", "set-cookie", "connection"})
