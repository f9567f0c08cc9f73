// Follows one run: the socket says how far the run is, the page fetches the fragments that changed.
import { showTimes } from "./page.js";

const live = document.getElementById("live");
const sign = document.getElementById("connection");
const log = document.getElementById("log");
const FETCH_EVERY_MS = 400;
const MOST_ROWS = 400;
const MOST_LINES = 2000;

let shown = Number(live.dataset.seq); // what the page shows
let heard = shown; // what the socket has told
let socket = null;
let fetching = false;
let tries = 0;
let lastFetch = 0;
let timer = 0;

function connection(state) {
  sign.dataset.state = state;
  live.toggleAttribute("data-stale", state === "lost");
  const asOf = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }).format(new Date());
  if (state === "lost" && !sign.dataset.since) sign.dataset.since = asOf;
  if (state !== "lost") delete sign.dataset.since;
  sign.textContent = {
    open: "live",
    lost: `reconnecting, as of ${sign.dataset.since}`,
    over: "",
    waiting: "connecting",
  }[state];
}

function open() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  let opened = false;
  socket = new WebSocket(`${scheme}://${location.host}/ws/runs/${live.dataset.run}?after=${heard}&grouped=1`);
  socket.onopen = () => {
    opened = true;
    if (heard > shown) soon();
    else confirmFresh();
  };
  socket.onmessage = (message) => {
    heard = Math.max(heard, JSON.parse(message.data).at(-1).seq);
    soon();
  };
  socket.onclose = (event) => {
    socket = null;
    if (live.dataset.over) return connection("over");
    if (event.code === 4401) return location.reload();
    if (event.code === 4404) return connection("over");
    if (!opened) return refresh(); // refused before the handshake: only an answer to a request says why
    if (event.code === 1000) return soon();
    lost();
  };
}

// Numbers count as fresh after a fetch has answered.
function confirmFresh() {
  tries ? soon() : connection("open");
}

function lost() {
  connection("lost");
  clearTimeout(timer);
  const wait = Math.min(10_000, 500 * 2 ** tries++) * (0.75 + Math.random() / 2);
  timer = setTimeout(() => (socket ? soon() : open()), wait);
}

function soon() {
  if (fetching) return;
  clearTimeout(timer);
  timer = setTimeout(refresh, Math.max(0, lastFetch + FETCH_EVERY_MS - Date.now()));
}

async function refresh() {
  if (fetching) return;
  fetching = true;
  lastFetch = Date.now();
  const wanted = heard;
  try {
    const query = new URLSearchParams({ after: shown, show: live.dataset.show });
    const answer = await fetch(`${live.dataset.news}?${query}`, {
      headers: { "HX-Request": "true" },
      signal: AbortSignal.timeout(15_000),
    });
    if (answer.headers.has("HX-Redirect") || answer.redirected) return location.reload();
    if (answer.status === 404) {
      fetching = false;
      return connection("over");
    }
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    apply(await answer.text());
    tries = 0;
    connection(live.dataset.over ? "over" : socket?.readyState === WebSocket.OPEN ? "open" : sign.dataset.state);
  } catch {
    fetching = false;
    return lost();
  }
  fetching = false;
  if (live.dataset.over) return socket?.close();
  if (heard > wanted || heard > shown) soon();
  else if (!socket) lost();
}

function apply(html) {
  const news = document.createElement("template");
  news.innerHTML = html;
  const head = news.content.querySelector("[data-seq]");
  for (const part of [...news.content.querySelectorAll("[data-part]")]) replace(part);
  const follows = document.getElementById("log-follow").checked;
  for (const item of [...news.content.querySelectorAll("[data-into], [data-gone]")]) place(item);
  shown = Math.max(shown, Number(head.dataset.seq));
  heard = Math.max(heard, shown);
  live.dataset.over = head.dataset.over;
  trim(document.getElementById("results"), MOST_ROWS);
  trim(document.getElementById("visited"), MOST_ROWS);
  while (log.childElementCount > MOST_LINES) log.firstElementChild.remove();
  filter();
  if (follows) log.scrollTop = log.scrollHeight;
  showTimes(live);
}

// A part that did not change stays, and with it the reader's focus.
function replace(part) {
  const old = document.getElementById(part.id);
  if (!old) return;
  const same =
    part.dataset.state === undefined ? old.outerHTML === part.outerHTML : old.dataset.state === part.dataset.state;
  if (!same) old.replaceWith(part);
}

function place(item) {
  const old = document.getElementById(item.id);
  if ("gone" in item.dataset) return old?.remove();
  if (old) {
    if (old.classList.contains("current")) item.classList.add("current");
    return old.replaceWith(item);
  }
  const container = document.getElementById(item.dataset.into);
  if (item.dataset.at === "end") container?.append(item);
  else container?.prepend(item);
}

function trim(container, most) {
  while (container && container.childElementCount > most) container.lastElementChild.remove();
}

function filter() {
  const words = document.getElementById("log-filter").value.trim().toLowerCase();
  for (const line of log.children) line.hidden = words !== "" && !line.textContent.toLowerCase().includes(words);
}

document.getElementById("log-filter").addEventListener("input", filter);
document.getElementById("log-follow").addEventListener("change", (event) => {
  if (event.target.checked) log.scrollTop = log.scrollHeight;
});
log.addEventListener("scroll", () => {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  if (!atEnd && log.matches(":hover, :focus")) document.getElementById("log-follow").checked = false;
});
log.scrollTop = log.scrollHeight;

if (live.dataset.over) connection("over");
else {
  connection("waiting");
  open();
  // Clocks move without news; a hidden page need not.
  setInterval(() => {
    if (!document.hidden && !live.dataset.over && socket) soon();
  }, 5000);
  addEventListener("online", () => {
    if (!socket) {
      tries = 0;
      lost();
    }
  });
}
