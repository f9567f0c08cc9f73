// The review queue by keyboard. Every decision is a form of the page; this only fills and presses them.
import { awaitsPlace, showSelection } from "./page.js";
import { editing, focusOn } from "./steps.js";

const queue = document.getElementById("queue");
const spent = new Set();
const undone = []; // tokens of decisions that can still be taken back, the newest last
let at = 0;
let last_box = null;

const approving = new Set(); // ids of cards that a key has approved, the answer still to come
let turn = Promise.resolve();

const cards = () => [...queue.querySelectorAll(".proposal:not(.decided)")];
const current = () => queue.querySelector(".proposal.current");
const box_of = (card) => card?.querySelector('input[name="ids"][type=checkbox]');
const boxes = () => cards().map(box_of).filter(Boolean);

function select(index, { scroll = true } = {}) {
  const all = cards();
  if (!all.length) return;
  at = Math.max(0, Math.min(all.length - 1, index));
  for (const [number, card] of all.entries()) card.classList.toggle("current", number === at);
  if (scroll) all[at].scrollIntoView({ block: "nearest" });
  all[at].focus({ preventScroll: true });
}

function press(key) {
  const part = current()?.querySelector(`[data-key="${key}"]`);
  if (key === "a" && part) approve(part);
  else if (part?.tagName === "SUMMARY") {
    part.parentElement.open = true;
    part.parentElement.querySelector("input:not([type=hidden])").focus();
  } else part?.click();
}

// Keys are quicker than answers, and each answer brings the queue anew. What keys send goes out one after the other, so
// that each decision can be taken back; what is approved leaves at once and stays hidden until its answer has come.
function inTurn(send) {
  turn = turn.then(send, send);
}

function approve(button) {
  const card = button.closest(".proposal").id;
  const url = button.form.getAttribute("hx-post");
  const values = { ids: button.form.elements.ids.value, action: "approve", token: "" };
  approving.add(card);
  hideApproved();
  select(at);
  inTurn(async () => {
    if (!approving.has(card)) return;
    try {
      await htmx.ajax("POST", url, { source: document.getElementById("undo"), target: "#queue", values });
    } finally {
      approving.delete(card);
    }
  });
}

function hideApproved() {
  for (const card of approving) {
    const gone = document.getElementById(card);
    gone?.classList.add("decided");
    gone?.classList.remove("current");
  }
}

// What was refused or did not arrive is shown again, and what was to follow it is not sent.
function showAgain() {
  for (const card of approving) document.getElementById(card)?.classList.remove("decided");
  approving.clear();
  select(at);
}
document.addEventListener("htmx:responseError", showAgain);
document.addEventListener("htmx:sendError", showAgain);

function talk() {
  const details = current()?.querySelector("details.talk");
  if (!details) return;
  details.open = true;
  details.querySelector("textarea")?.focus();
  details.scrollIntoView({ block: "nearest" });
}

function check(card, on) {
  const box = box_of(card);
  if (!box) return;
  box.checked = on;
  last_box = box;
  count();
}

function extend(by) {
  check(current(), true);
  select(at + by);
  check(current(), true);
}

function note() {
  const token = document.querySelector("#toasts [data-undo]")?.form.elements.token.value;
  if (token && !undone.includes(token) && !spent.has(token)) undone.push(token);
}

// A key may come before what was swapped in has settled: nothing here waits for that.
function undo() {
  inTurn(() => {
    note();
    const form = document.getElementById("undo");
    if (!form || !undone.length) return undefined;
    const token = undone.pop();
    spent.add(token);
    form.elements.token.value = token;
    return htmx.ajax("POST", form.action, { source: form, target: "#queue" });
  });
}

function count() {
  const bulk = document.getElementById("bulk");
  if (bulk) showSelection(bulk, boxes());
}

const KEYS = {
  j: () => select(at + 1),
  k: () => select(at - 1),
  J: () => extend(1),
  K: () => extend(-1),
  a: () => press("a"),
  r: () => press("r"),
  e: () => press("e"),
  c: talk,
  x: () => check(current(), !box_of(current())?.checked),
  " ": () => check(current(), !box_of(current())?.checked),
  z: undo,
  Enter: () => current()?.querySelector("h2 a")?.click(),
};

function typing(event) {
  const field = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (!field) return false;
  const form = field.form;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form?.matches("[hx-post]")) form.requestSubmit();
  else if (event.key === "Enter" && field.name === "reason")
    field.parentElement.querySelector('[value="reject"]').click();
  else if (event.key === "Escape") {
    const details = field.closest("details");
    if (details) details.open = false;
    current()?.focus({ preventScroll: true });
  } else return true;
  event.preventDefault();
  event.stopImmediatePropagation();
  return true;
}

document.addEventListener(
  "keydown",
  (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]") || editing(event) || typing(event)) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.key === "Enter" || event.key === " ") && event.target.closest("a, button, summary, input")) return;
    const act = KEYS[event.key];
    if (act && !awaitsPlace()) {
      event.preventDefault();
      event.stopImmediatePropagation();
      act();
    }
  },
  true,
);

queue.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-page]"))
    boxes().forEach((box) => {
      box.checked = event.target.checked;
    });
  if (event.target.matches('[data-select-page], input[name="ids"]')) count();
});

queue.addEventListener("click", (event) => {
  const card = event.target.closest(".proposal");
  const box = event.target.matches('input[name="ids"]') ? event.target : null;
  if (box) {
    const all = boxes();
    const [from, to] = [all.indexOf(last_box), all.indexOf(box)].sort((one, other) => one - other);
    if (event.shiftKey && from >= 0)
      all.slice(from, to + 1).forEach((between) => {
        between.checked = box.checked;
      });
    last_box = box;
    count();
  }
  if (card && !card.classList.contains("current")) select(cards().indexOf(card), { scroll: false });
});

// Undoing by the button of a toast is undoing the newest.
document.addEventListener(
  "submit",
  (event) => {
    if (!event.target.querySelector?.("[data-undo]")) return;
    const place = undone.indexOf(event.target.elements.token.value);
    if (place >= 0) undone.splice(place, 1);
    spent.add(event.target.elements.token.value);
  },
  true,
);

document.addEventListener("htmx:afterSettle", (event) => {
  const target = event.detail.target;
  if (target?.id === "queue") {
    note();
    hideApproved();
    select(at);
  }
  if (target?.matches(".proposal")) select(at, { scroll: false });
  else if (target?.querySelector("[data-edits]")) focusOn(target);
  else if (target?.closest("details.talk")) target.closest("details.talk").querySelector("textarea")?.focus();
  count();
});

select(0, { scroll: false });
count();
