"""A small application whose states have no addresses, and which counts what is sent to it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

HOME = """<!doctype html><html lang="en"><title>Board</title>
<header><nav aria-label="Main"><ul><li class="menu">Tools<ul class="hidden"><li><button onclick="heading('Ruler')">Ruler
</button></li></ul></li></ul></nav></header>
<style>.hidden {display: none} .menu:hover .hidden {display: block} .pointer {cursor: pointer}</style>
<main><h1>Board</h1><p><a href="/notes">Notes</a> <a href="/feed">Feed</a> <a href="/traps">Traps</a></p>
<button id="ask" onclick="document.querySelector('dialog').showModal()">Ask</button>
<dialog aria-label="Question"><h2>What is it?</h2>
<button onclick="this.closest('dialog').close()">Never mind</button></dialog>
<div id="card">Card without a role</div><div class="pointer" onmousedown="heading('Pointed')">Only a pointer</div>
<button onclick="history.pushState({}, '', '/inside'); heading('Inside')">Go inside</button>
<label>Colour <select onchange="heading('Coloured')"><option>Red</option><option>Blue</option></select></label>
<x-box></x-box><iframe src="/frame" title="Frame"></iframe></main>
<script>
function heading(text) {
  const made = document.createElement('h2'); made.textContent = text;
  const box = document.createElement('section'); box.setAttribute('aria-label', text); box.append(made);
  document.querySelector('main').append(box);
}
document.getElementById('card').addEventListener('click', () => heading('Carded'));
customElements.define('x-box', class extends HTMLElement { connectedCallback() {
  this.attachShadow({mode: 'open'}).innerHTML = '<button>In the shadow</button>';
  this.shadowRoot.firstChild.onclick = () => heading('Shaded');
}});
</script></html>"""
FRAME = """<title>Frame</title><button onclick="document.body.append('Framed')">Within the frame</button>"""
FEED = """<!doctype html><title>Feed</title><main><h1>Feed</h1><ul id="list"></ul>
<button id="more">Load more</button></main><style>li {height: 300px}</style><script>
const list = document.getElementById('list'); let shown = 0;
function add(n) {
  for (let i = 0; i < n; i++) list.insertAdjacentHTML('beforeend', '<li>Entry ' + ++shown);
}
add(10); document.getElementById('more').onclick = () => add(10);
addEventListener('scroll', () => { if (!document.getElementById('end')) {
  list.insertAdjacentHTML('afterend', '<section id=end aria-label=End><h2>The end</h2></section>'); } });
</script>"""
TRAPS = """<!doctype html><title>Traps</title><main><h1>Traps</h1>
<button onclick="send('/danger/named')">Delete everything</button>
<button class="btn icon-trash" onclick="send('/danger/icon')"><svg width=20 height=20><path d="M0 0"/></svg></button>
<button title="Remove" onclick="send('/danger/title')">✕</button>
<button onclick="send('/danger/nothing')"><svg width=20 height=20></svg></button>
<button onclick="if (confirm('Sure?')) send('/danger/confirmed')">Tidy up</button>
<form method="post" action="/danger/form"><input type="hidden" name="_method" value="delete"><button>Go</button></form>
<form method="post" action="/danger/pay"><button>Pay now</button></form>
<a href="#" onclick="send('/danger/link'); return false">Purge</a>
<button onclick="for (let i = 0; i < 3; i++) alert('Again!'); prompt('Name?')">Shout</button>
<button onclick="window.open('/popped')">Pop up</button>
<button onclick="location = '/file'">Fetch the file</button>
<button onclick="location = 'http://localhost:1/'">Leave</button>
<button onclick="setInterval(() => document.body.append('.'), 20)">Never rest</button>
<button onclick="onbeforeunload = (e) => { e.preventDefault(); return 'no' }; document.body.append('x')">Cling</button>
<button onclick="ask('query { notes { id } }')">Ask the graph</button>
<button onclick="ask('mutation { wipe }')">Change the graph</button>
</main><script>
const send = (path) => fetch(path, {method: 'POST'});
const headers = {'Content-Type': 'application/json'};
const ask = (query) => fetch('/graphql', {method: 'POST', headers, body: JSON.stringify({query})});
</script>"""
ASKS = """<!doctype html><title>Asks</title><main><h1>Asks</h1>
<button onclick="ask('/items/filter', 'Found')">Look again</button>
<button onclick="ask('/items', 'Kept')">Keep it</button><button onclick="ask('/rpc', 'Listed', 'list')">List</button>
<button onclick="ask('/rpc', 'Stored', 'store')">Store</button></main><script>
const send = (path, method) => fetch(path, {method: 'POST', body: method && JSON.stringify({method})});
const ask = (path, then, method) => send(path, method).then(() => document.querySelector('main').insertAdjacentHTML(
  'beforeend', `<section aria-label="${then}"><a href="/feed">${then}</a></section>`));
send('/items/filter'); send('/rpc', 'list');
</script>"""
TEAMS = """<!doctype html><title>Teams</title><main><h1>Teams</h1><form><label for="team">Team</label>
<button type="button" id="team" aria-haspopup="listbox">Choose a team</button>
<ul role="listbox" hidden><li role="option">Red</li><li role="option">Blue</li></ul><button>Join</button></form></main>
<script>
const team = document.getElementById('team'), list = document.querySelector('ul');
team.onkeydown = (pressed) => { if (pressed.key === ' ') { list.hidden = false; pressed.preventDefault(); } };
for (const one of list.children) one.onclick = () => { team.textContent = one.textContent; list.hidden = true; };
document.querySelector('form').onsubmit = (sent) => { sent.preventDefault();
  const done = `<section aria-label="Done"><h2>In ${team.textContent}</h2></section>`;
  document.querySelector('main').insertAdjacentHTML('beforeend', done);
};
</script>"""
GATE = """<!doctype html><title>Just a moment...</title><h1>shop.test</h1>
<p>Verify you are human by completing the action below.</p>
<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script>"""
PAGES = {"/": HOME, "/inside": HOME, "/frame": FRAME, "/feed": FEED, "/traps": TRAPS, "/asks": ASKS, "/teams": TEAMS}
PAGES |= {"/popped": "<h1>Popped</h1>"}


@dataclass
class Received:
    """What came in: "POST /notes" for each request that is not a GET, and the notes that are there."""

    sent: list[str] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=lambda: {1: "Somebody's own"})
    made: list[str] = field(default_factory=list)


class Application(BaseHTTPRequestHandler):
    received: Received

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in PAGES:
            self._send(200, PAGES[path])
        elif path == "/notes":
            self._send(200, self._notes())
        elif path == "/gate":
            self._send(403, GATE)
        elif path == "/file":
            self._send(200, "data", "application/octet-stream")
        else:
            self._send(404, "<h1>Not found</h1>")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        what = json.loads(body)["query"].split()[0] if self.path == "/graphql" else ""
        self.received.sent.append(f"POST {self.path} {what}".strip())
        if self.path == "/notes":
            self._write(parse_qs(body).get("title", [""])[0])
        elif self.path.startswith("/notes/"):
            self.received.notes.pop(int(self.path.split("/")[2]), None)
        self._send(303 if self.path.startswith("/notes") else 200, "{}", "application/json", where="/notes")

    def _write(self, title: str) -> None:
        self.received.notes[max(self.received.notes, default=0) + 1] = title
        self.received.made.append(title)

    def _notes(self) -> str:
        rows = "".join(
            f"<li>{escape(title)} <form method=post action=/notes/{number}/delete onsubmit=\"return confirm('Sure?')\">"
            f"<button aria-label='Delete {escape(title)}'>✕</button></form></li>"
            for number, title in self.received.notes.items()
        )
        add = "<form method=post action=/notes aria-label='New note'><label>Title <input name=title required></label>"
        main = f"<main><h1>Notes</h1><ul>{rows}</ul>{add}<button>Add</button></form></main>"
        return f"<!doctype html><title>Notes</title>{main}"

    def _send(self, status: int, text: str, kind: str = "text/html; charset=utf-8", where: str = "") -> None:
        body = text.encode()
        self.send_response(status)
        if where and status == 303:
            self.send_header("Location", where)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def stateful_site() -> Iterator[tuple[str, Received]]:
    """Yields the base URL and what was received."""

    class Answers(Application):
        received = Received()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", Answers.received
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
