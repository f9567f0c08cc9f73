"""A small client of our own API, for commands that do what a person or CI would do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

LOOK_AGAIN_SECONDS = 0.3


class Declined(Exception):
    """The API said no; the message is its own."""


class Client:
    """Speaks to `base_url`/api/v1 with a bearer token."""

    def __init__(self, base_url: str, token: str) -> None:
        # Without proxies of the environment, for the address is on this machine.
        self._http = httpx.Client(
            base_url=f"{base_url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        )

    def get(self, path: str, **query: Any) -> Any:
        return self._answer(self._http.get(path, params=query))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._answer(self._http.post(path, json=body))

    def story(self, run: str, meanwhile: Callable[[], None]) -> Iterator[dict[str, Any]]:
        """The events of a run until `done`, as they come; `meanwhile` is called between looks.

        The web application may restart in between.
        """
        after, silent_since = 0, time.monotonic()
        while True:
            meanwhile()
            try:
                lines = self.get(f"/runs/{run}/events", after=after)["results"]
                silent_since = time.monotonic()
            except httpx.TransportError:
                if time.monotonic() - silent_since > 60:
                    raise
                lines = []
            for line in lines:
                after = line["seq"]
                yield line
                if line["type"] == "done":
                    return
            if not lines:
                time.sleep(LOOK_AGAIN_SECONDS)

    def _answer(self, response: httpx.Response) -> Any:
        if response.is_success:
            return response.json() if response.content else None
        try:
            problem = response.json()
        except ValueError as error:
            raise Declined(f"{response.request.url.path} answered {response.status_code}.") from error
        fields = "; ".join(f"{name}: {_first(words)}" for name, words in problem.get("errors", {}).items())
        raise Declined(fields or problem.get("detail") or problem.get("title") or f"Status {response.status_code}")


def _first(words: Any) -> str:
    return str(words[0] if isinstance(words, list) and words else words)
