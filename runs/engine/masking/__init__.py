"""What must not be read in anything that leaves the engine, and the one way out for what pipelines say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import chain
from typing import Any, TypeVar

from pydantic import BaseModel

from projects.masked import why_not_masked
from runs.engine.events import Event, Link, Log, PageVisited, Seeds, SignedIn
from runs.engine.masking.secret_shapes import pair, shapes
from runs.engine.masking.session_keys import keys_of, parts_of
from runs.engine.patterns import any_of
from runs.engine.plan import Credentials, Site

MASK = "•••"
ANCHOR = 12
SHORTEST_BEGINNING = 8
CUT = "…\"'”"
LEFT_OUT = "Addresses in which a secret stands are masked, and not followed."
V = TypeVar("V")


class Masking:
    """Hides secrets in every shape that they travel in; what is an ordinary word, or short, cannot be hidden."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._shapes: tuple[str, ...] = ()
        self._anchors: Any = None
        self.hide(secrets)

    @classmethod
    def of_site(cls, site: Site) -> Masking:
        """Of everything that a site is told in confidence."""
        return cls(_secrets_of(site))

    def hide(self, secrets: Iterable[str]) -> None:
        """Also these from now on."""
        new = {secret for secret in secrets if secret not in self._known and not why_not_masked(secret)}
        if not new:
            return
        self._known |= new
        found = {*self._shapes, *(shape for secret in new for shape in shapes(secret))}
        # The longest first, or a shape within another would be replaced and leave the rest of it to be read.
        self._shapes = tuple(sorted(found, key=len, reverse=True))
        # A single search for the beginnings of all shapes tells whether there is anything to mask (decision 33).
        self._anchors = any_of({_bytes(shape[:ANCHOR]) for shape in self._shapes})

    def hide_state(self, state: Mapping[str, Any]) -> None:
        """Also the keys in a storage state."""
        self.hide(keys_of(state))

    def text(self, text: str) -> str:
        if self._anchors is None or not self._anchors.search(_bytes(text)):
            return text
        for shape in self._shapes:
            if shape in text:
                text = text.replace(shape, MASK)
        return self._without_beginning(text)

    def content(self, content: bytes) -> bytes:
        """The same for what a file holds."""
        if self._anchors is None or not self._anchors.search(content):
            return content
        for shape in self._shapes:
            content = content.replace(_bytes(shape), MASK.encode())
        return content

    def covers(self, value: Any) -> bool:
        """Whether anything in a value holds a secret, or what was put in place of one."""
        said = "\n".join(texts_of(value))
        return MASK in said or self.text(said) != said

    def value(self, value: V) -> V:
        """The same for texts anywhere inside of values, models, dicts, lists and tuples."""
        if self._anchors is None or not self._anchors.search(_bytes("\n".join(texts_of(value)))):
            return value
        masked: V = self._masked(value)
        return masked

    def event(self, event: V) -> V:
        """What a pipeline says, as it may be stored. A session goes to the store alone, which seals it."""
        if isinstance(event, SignedIn):
            self.hide_state(event.state)
            return event
        return self.value(event)

    def error(self, error: BaseException) -> None:
        """Masks what an error and its causes say, for they are logged and told."""
        seen: BaseException | None = error
        for _ in range(10):
            if seen is None:
                return
            seen.args = self.value(seen.args)
            for name, said in vars(seen).items():
                if isinstance(said, str):
                    setattr(seen, name, self.text(said))
            seen = seen.__cause__ or seen.__context__

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self._masked(key): self._masked(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return type(value)(self._masked(inner) for inner in value)
        if isinstance(value, BaseModel):
            return value.model_copy(update={name: self._masked(inner) for name, inner in vars(value).items()})
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{field.name: self._masked(getattr(value, field.name)) for field in fields(value)})
        return value

    def _without_beginning(self, text: str) -> str:
        """Texts are cut to a length before they come here: the beginning of a secret at a text's end goes as well."""
        end = text.rstrip(CUT)
        for shape in self._shapes:
            at = end.rfind(shape[:SHORTEST_BEGINNING]) if len(shape) > SHORTEST_BEGINNING else -1
            if at >= 0 and shape.startswith(end[at:]):
                return text[:at] + MASK + text[len(end) :]
        return text


async def leaving(
    events: asyncio.Queue[Event | None], masking: Masking, work: Awaitable[object]
) -> AsyncGenerator[Event, None]:
    """What a pipeline puts into its queue, masked, until it puts None; then raises what its work raised, masked too."""
    warned = False
    while (event := await events.get()) is not None:
        masked = masking.event(event)
        if masked is not event and isinstance(masked, PageVisited | Seeds):
            kept = _followable(masked.links)
            if len(kept) < len(masked.links) and not warned:
                warned = True
                yield Log("warning", LEFT_OUT)
            yield replace(masked, links=kept)
        else:
            yield masked
    try:
        await work
    except Exception as error:
        masking.error(error)
        raise


def _followable(links: tuple[Link, ...]) -> tuple[Link, ...]:
    return tuple(link for link in links if not any(MASK in text for text in texts_of([link.url, link.key, link.path])))


def _secrets_of(site: Site) -> Iterator[str]:
    for secret in site.secrets.values():
        yield secret.get_secret_value()
    for value in site.secret_headers.values():
        yield from parts_of(value.get_secret_value())
    for account in (site.credentials, *site.profiles.values()):
        if account is not None:
            yield from _secrets_of_account(account)
    for session in site.sessions.values():
        yield from keys_of(session.state)


def _secrets_of_account(account: Credentials) -> Iterator[str]:
    password = account.password.get_secret_value()
    if not why_not_masked(password, account.username):
        yield password
    if password:
        yield pair(account.username, password)
    if account.totp:
        code = account.totp.get_secret_value()
        gaps = " ".join(code[at : at + 4] for at in range(0, len(code), 4))
        yield from (code, code.lower(), gaps, gaps.lower())
    for value in account.headers.values():
        yield from parts_of(value.get_secret_value())


def texts_of(value: Any) -> list[str]:
    """Every text in a value, keys of dicts included."""
    found: list[str] = []
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            found.append(item)
        elif item is not None and not isinstance(item, bool | int | float):
            left.extend(_inside(item))
    return found


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return chain(value.keys(), value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, BaseModel):
        return vars(value).values()
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in fields(value)]
    return ()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
