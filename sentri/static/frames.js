// Shows what the browsers of a living run show, while somebody asks for it: the newest picture of each, nothing kept.
const place = document.getElementById("browsers");
const button = document.getElementById("watch");
const sign = document.getElementById("watching");
const screens = document.getElementById("screens");
// Pictures that follow each other are motion: who wants little of it gets one every five seconds.
const PACE_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 5000 : 0;

const tiles = new Map();
let watching = false;
let socket = null;
let tries = 0;
let timer = 0;

function open() {
  clearTimeout(timer);
  if (!watching || socket || document.hidden) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = (socket = new WebSocket(`${scheme}://${location.host}/ws/runs/${place.dataset.run}/live`));
  mine.binaryType = "arraybuffer";
  mine.onmessage = ({ data }) => {
    if (mine !== socket) return;
    tries = 0;
    if (typeof data === "string") name(JSON.parse(data));
    else picture(data);
  };
  mine.onclose = (event) => {
    if (mine === socket) closed(event.code);
  };
  if (!tiles.size) sign.textContent = "waiting for a picture";
}

function closed(code) {
  socket = null;
  if (code === 4401) return location.reload();
  if (code === 1000 || code === 4404) return over();
  sign.textContent = "reconnecting";
  timer = setTimeout(open, Math.min(10_000, 500 * 2 ** tries++) * (0.75 + Math.random() / 2));
}

function close() {
  clearTimeout(timer);
  const old = socket;
  socket = null;
  old?.close();
}

function over() {
  watching = false;
  close();
  clear();
  if (place.contains(document.activeElement)) document.getElementById("log").focus({ preventScroll: true });
  place.hidden = true;
}

function clear() {
  for (const tile of tiles.values()) {
    clearTimeout(tile.timer);
    if (tile.shown) URL.revokeObjectURL(tile.shown);
  }
  tiles.clear();
  screens.replaceChildren();
  screens.hidden = true;
  sign.textContent = "";
}

function tileOf(shard, slot) {
  const order = shard * 256 + slot;
  if (tiles.has(order)) return tiles.get(order);
  const tile = { order, shard, slot, newest: null, shown: "", timer: 0, painted: -PACE_MS };
  tile.item = document.createElement("li");
  tile.image = document.createElement("img");
  tile.caption = document.createElement("p");
  tile.caption.className = "small cut";
  tile.item.append(tile.image, tile.caption);
  tiles.set(order, tile);
  const next = [...tiles.values()]
    .filter((other) => other.order > order)
    .sort((one, other) => one.order - other.order)[0];
  screens.insertBefore(tile.item, next?.item ?? null);
  return tile;
}

function name({ shard, slot, title }) {
  const tile = tileOf(shard, slot);
  tile.caption.textContent = tile.caption.title = `worker ${shard + 1} · context ${slot + 1} · ${title}`;
  tile.image.alt = `What worker ${shard + 1} shows in context ${slot + 1}`;
}

function picture(message) {
  const [shard, slot] = new Uint8Array(message, 0, 2);
  const tile = tileOf(shard, slot);
  tile.newest = new Blob([new Uint8Array(message, 2)], { type: "image/jpeg" });
  sign.textContent = "";
  if (!tile.timer) tile.timer = setTimeout(paint, Math.max(0, tile.painted + PACE_MS - performance.now()), tile);
}

function paint(tile) {
  tile.timer = 0;
  tile.painted = performance.now();
  const last = tile.shown;
  tile.shown = URL.createObjectURL(tile.newest);
  tile.image.src = tile.shown;
  if (last) URL.revokeObjectURL(last);
}

button.addEventListener("click", () => {
  watching = !watching;
  button.setAttribute("aria-expanded", watching);
  button.textContent = watching ? "Stop watching" : "Watch the browsers";
  screens.hidden = !watching;
  if (watching) return open();
  close();
  clear();
});
// Nobody looks at a hidden page.
document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
// The end of the run comes by live.js, whether anybody watches or not.
new MutationObserver((_, observer) => {
  if (document.getElementById("live").dataset.over) {
    observer.disconnect();
    over();
  }
}).observe(document.getElementById("live"), { attributeFilter: ["data-over"] });
place.hidden = false;
