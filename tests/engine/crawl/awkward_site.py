"""A site that makes trouble in every way a crawler meets, on a thread of this process."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOME = """<!doctype html><html lang="en"><title>Awkward</title>
<header><nav aria-label="Main"><a href="/">Home</a> <a href="/app">App</a> <a href="/moved">Moved</a></nav></header>
<main><h1>Awkward site</h1>
<a href="/dialog">dialog</a> <a href="/popup">popup</a> <a href="/stays">stays</a> <a href="/spin">spin</a>
<a href="/drip">drip</a> <a href="/file">file</a> <a href="/data">data</a> <a href="/gone">gone</a>
<a href="/boom">boom</a>
<a href="/nothing">nothing</a> <a href="/away">away</a> <a href="/private/x">private</a> <a href="/logout">Log out</a>
<a href="/noisy">noisy</a> <a href="/item/1">one</a> <a href="/item/2">two</a> <a href="/circle">circle</a>
<a href="/crash">crash</a></main></html>"""

APP = """<!doctype html><title>App</title><div id=app></div><script>
function show() {
  const route = location.hash.slice(1) || "/";
  fetch("/api/items?route=" + encodeURIComponent(route)).then((answer) => answer.json()).then((items) => {
    document.getElementById("app").innerHTML = "<main><h1>Route " + route + "</h1>" +
      items.map((item) => "<a href='#/item/" + item + "'>Item " + item + "</a> ").join("") +
      "<a href='#/settings'>Settings</a></main>";
  });
}
addEventListener("hashchange", show); show();
</script>"""

PAGES = {
    "/": HOME,
    "/app": APP,
    "/dialog": "<title>Dialog</title><h1>Dialog</h1><script>alert('Stop!'); confirm('Sure?'); prompt('Name?')</script>",
    "/popup": "<title>Popup</title><h1>Popup</h1><script>window.open('/item/9'); window.open('about:blank')</script>",
    "/stays": "<title>Stays</title><h1>Stays</h1>"
    "<script>onbeforeunload = (e) => { e.preventDefault(); return 'no' }</script>",
    "/spin": "<title>Spin</title><h1>Spin</h1><script>setTimeout(() => { for (;;); }, 50)</script>",
    "/noisy": "<title>Noisy</title><h1>Noisy</h1><img src=/missing.png>"
    "<script>console.error('Oh no'); throw new Error('Broken')"
    "</script><script>fetch('/api/fails', {method: 'POST'})</script>",
    "/circle": "<title>Round</title><h1>Round</h1><a href='/circle?utm_source=x'>again</a>",
    "/private/x": "<title>Private</title><h1>Private</h1>",
    "/logout": "<title>Bye</title><h1>Bye</h1>",
    "/only-in-sitemap": "<title>Hidden</title><h1>Only in the sitemap</h1>",
    "/late": "<title>Late</title><div id=app></div>"
    "<script>setTimeout(() => { document.getElementById('app').innerHTML = '<h1>At last</h1>' }, 1200)</script>",
    "/twisted": "<title>Twisted</title><h1>Twisted</h1><script>JSON.stringify = () => 'no JSON'</script>",
    "/here": "<title>Here</title><h1>Here</h1>",
}
ROBOTS = "User-agent: *\nDisallow: /private/\nSitemap: {base}/map.xml.gz\n"
SITEMAP = "<urlset><url><loc>{base}/only-in-sitemap</loc></url><url><loc>http://elsewhere.test/</loc></url></urlset>"


class Asked(list[str]):
    """The addresses that were asked for; `dripping` is set when the endless page has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.dripping = threading.Event()


class Awkward(BaseHTTPRequestHandler):
    released: threading.Event
    visited: Asked

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.visited.append(self.path)
        base = f"http://{self.headers['Host']}"
        if path in PAGES:
            self._send(200, PAGES[path].encode())
        elif path.startswith("/item/"):
            self._send(200, f"<title>{path}</title><h1>Item {path[-1]}</h1><p>text</p>".encode())
        elif path == "/nothing":
            self._send(204, b"")
        elif path == "/robots.txt":
            self._send(200, ROBOTS.format(base=base).encode(), kind="text/plain")
        elif path == "/map.xml.gz":
            self._send(200, gzip.compress(SITEMAP.format(base=base).encode()), kind="application/gzip")
        else:
            self._trouble(path)

    def do_POST(self) -> None:
        self._send(500, b"no")

    def _trouble(self, path: str) -> None:
        match path:
            case "/moved":
                self._redirect("/here")
            case "/away":
                self._redirect(f"http://localhost:{self.headers['Host'].partition(':')[2]}/")
            case "/file":
                self._send(200, b"\0" * 100, kind="application/octet-stream")
            case "/api/items":
                self.released.wait(0.3)  # longer than a page must be quiet to count as settled
                self._send(200, b"[1, 2]", kind="application/json")
            case "/data":
                self._send(200, b"[1, 2]", kind="application/json")
            case "/boom":
                self._send(500, b"<h1>Server error</h1>")
            case "/drip":
                self._drip()
            case _:
                self._send(404, b"<h1>Not found</h1>")

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>Drip</title><h1>Drip</h1>" + b" " * 2000)
        self.wfile.flush()
        self.visited.dripping.set()
        self.released.wait(30)

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, body: bytes, kind: str = "text/html; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def awkward_site() -> Iterator[tuple[str, Asked]]:
    """Yields the base URL and the list of addresses that were asked for."""

    class Answers(Awkward):
        released = threading.Event()
        visited = Asked()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", Answers.visited
    finally:
        Answers.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
