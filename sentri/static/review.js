// The review queue by keyboard. Every decision is a form of the page; this only presses its buttons.
import { awaitsPlace } from "./page.js";

const queue = document.getElementById("queue");
let at = 0;

const cards = () => [...queue.querySelectorAll(".proposal")];
const current = () => queue.querySelector(".proposal.current");

function select(index, { scroll = true } = {}) {
  const all = cards();
  if (!all.length) return;
  at = Math.max(0, Math.min(all.length - 1, index));
  all.forEach((card, number) => card.classList.toggle("current", number === at));
  if (scroll) all[at].scrollIntoView({ block: "nearest" });
  all[at].focus({ preventScroll: true });
}

function press(key) {
  current()?.querySelector(`[data-key="${key}"]`)?.click();
}

function boxes() {
  return [...queue.querySelectorAll('.proposal input[name="ids"]')];
}

function count() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  const page = queue.querySelector("[data-select-page]");
  if (!page) return;
  page.checked = chosen === all.length && chosen > 0;
  page.indeterminate = chosen > 0 && chosen < all.length;
  queue.querySelector("[data-selected]").textContent = chosen ? `${chosen} selected` : "Select this page";
  queue.querySelector("[data-bulk-actions]").hidden = !chosen;
  const offer = queue.querySelector("[data-offer-all]");
  offer.hidden = !page.checked;
  if (offer.hidden) offer.querySelector("input").checked = false;
}

const KEYS = {
  j: () => select(at + 1),
  k: () => select(at - 1),
  a: () => press("a"),
  r: () => press("r"),
  x: () => { const box = current()?.querySelector('input[name="ids"]'); if (box) { box.checked = !box.checked; count(); } },
  z: () => document.querySelector("#toasts [data-undo]")?.click(),
  Enter: () => current()?.querySelector("h2 a")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
  if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
  const act = KEYS[event.key];
  if (act && !awaitsPlace()) { event.preventDefault(); event.stopImmediatePropagation(); act(); }
}, true);

queue.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-page]")) boxes().forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches('[data-select-page], input[name="ids"]')) count();
});

queue.addEventListener("click", (event) => {
  const card = event.target.closest(".proposal");
  if (card && !card.classList.contains("current")) select(cards().indexOf(card), { scroll: false });
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "queue") return;
  select(at);
  count();
});

select(0, { scroll: false });
count();
