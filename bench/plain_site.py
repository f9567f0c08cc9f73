"""A site of linked pages for crawls: start, sections, articles; each with navigation, text, style, picture, form.

python -m bench.plain_site PAGES   prints its address, then serves until it is ended
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn

from sentri.env import ROOT

ARTICLES_PER_SECTION = 9
STYLE = """
body { margin: 0 auto; max-width: 60rem; font: 16px/1.5 sans-serif; color: #222 }
nav ul { display: flex; flex-wrap: wrap; gap: .5rem 1rem; padding: 0; list-style: none }
article { border-top: 1px solid #ccc } img { float: right; width: 8rem }
"""
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="3" fill="teal"/></svg>'
WORDS = (
    "The harbour wakes before the town does. Crates are carried, ropes coiled, and somebody counts everything twice."
)


class Site:
    """So many pages; page 0 is the start, the first of every ten after it is a section, the others are its articles."""

    def __init__(self, pages: int) -> None:
        self.pages = pages
        self.sections = [number for number in range(1, pages) if (number - 1) % (ARTICLES_PER_SECTION + 1) == 0]
        self.answers = {path_of(number): (self.page(number), "text/html; charset=utf-8") for number in range(pages)}
        self.answers |= {"/style.css": (STYLE, "text/css"), "/picture.svg": (PICTURE, "image/svg+xml")}

    def page(self, number: int) -> str:
        title = title_of(number, self.sections)
        following = [link for link in (number - 1, number + 1) if 0 <= link < self.pages]
        listed = (
            range(number + 1, min(number + 1 + ARTICLES_PER_SECTION, self.pages)) if number in self.sections else ()
        )
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<link rel="icon" href="/picture.svg"><link rel="stylesheet" href="/style.css"></head><body>'
            f'<header><nav aria-label="Sections">{self._links([0, *self.sections])}</nav>'
            f'<form method="post" action="/letters"><label>Email <input name="email" type="email" required></label>'
            f"<button>Subscribe</button></form></header>"
            f'<main><h1>{title}</h1><article><img src="/picture.svg" alt="A buoy">'
            f"{''.join(f'<h2>Part {part}</h2><p>{WORDS}</p>' for part in range(1, 6))}</article>"
            f"{self._links(listed)}</main>"
            f'<footer><nav aria-label="Around">{self._links(following)}</nav></footer></body></html>'
        )

    def _links(self, numbers: range | list[int] | tuple[()]) -> str:
        entries = (f'<li><a href="{path_of(number)}">{title_of(number, self.sections)}</a></li>' for number in numbers)
        return f"<ul>{''.join(entries)}</ul>"


def path_of(number: int) -> str:
    return f"/page-{number}" if number else "/"


def title_of(number: int, sections: list[int]) -> str:
    return f"Section {number}" if number in sections else f"Article {number}" if number else "Start"


Message = dict[str, object]


def application(site: Site) -> Callable[..., Awaitable[None]]:
    async def answer(scope: Message, _receive: object, send: Callable[[Message], Awaitable[None]]) -> None:
        text, kind = site.answers.get(str(scope["path"]), ("Not found", "text/plain"))
        status = 200 if str(scope["path"]) in site.answers else 404
        body = text.encode()
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


@contextmanager
def serve(pages: int) -> Iterator[str]:
    """The site as a process of its own; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.plain_site", str(pages)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=10)


def main(pages: str) -> None:
    config = uvicorn.Config(application(Site(int(pages))), lifespan="off", log_level="warning", port=0)
    listening = config.bind_socket()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))


if __name__ == "__main__":
    main(*sys.argv[1:])
