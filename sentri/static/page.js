// What every page can do: local times, theme, shortcuts, toasts, copying, rows by keyboard.
const root = document.documentElement;

// Times are written in UTC by the server and shown in the reader's zone.
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

function relative(moment) {
  const seconds = (moment - Date.now()) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return "just now";
  if (size < 3600) return ago.format(Math.round(seconds / 60), "minute");
  if (size < 86400) return ago.format(Math.round(seconds / 3600), "hour");
  return size < 300 * 86400 ? day.format(moment) : full.format(moment);
}

const FORMS = { relative, clock: (moment) => clock.format(moment), full: (moment) => full.format(moment) };

export function showTimes(within = document) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const text = (FORMS[time.dataset.form] ?? relative)(new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

export function toast(text, kind = "") {
  const box = document.createElement("div");
  box.className = `toast ${kind}`;
  box.setAttribute("role", kind === "error" ? "alert" : "status");
  box.append(Object.assign(document.createElement("span"), { textContent: text }));
  document.getElementById("toasts").replaceChildren(box);
  retire();
}

let retiring = 0;
function retire() {
  clearTimeout(retiring);
  const toasts = document.getElementById("toasts");
  const wait = toasts?.querySelector("[data-undo]") ? 60_000 : 9_000;
  if (toasts?.childElementCount) retiring = setTimeout(() => toasts.replaceChildren(), wait);
}

const editable = (node) => node.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
const go = (name) => document.querySelector(`[data-go="${name}"]`)?.click();
let after_g = 0;
export const awaitsPlace = () => Date.now() - after_g < 1200;

const KEYS = {
  "/": () => {
    const box = document.querySelector("[data-search]");
    box?.focus();
    box?.select();
  },
  "?": () => document.getElementById("keys")?.showModal(),
  j: () => step(1),
  k: () => step(-1),
  Enter: () => row()?.querySelector("a[href]")?.click(),
};

function rows() {
  return [...document.querySelectorAll("[data-rows] > tr, tbody[data-rows] > tr")];
}
function row() {
  return document.querySelector("[data-rows] > tr.current");
}
function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(row());
  const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))];
  all[at]?.classList.remove("current");
  next.classList.add("current");
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && editable(event.target)) return event.target.blur();
  if ((event.ctrlKey || event.metaKey) && event.key === "k") {
    event.preventDefault();
    return KEYS["/"]();
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || editable(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (awaitsPlace()) {
    after_g = 0;
    return go(event.key);
  }
  if (event.key === "g") {
    after_g = Date.now();
    return;
  }
  if (event.key === "Enter" && event.target.closest?.("a, button, summary, input")) return;
  const act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

document.addEventListener("click", async (event) => {
  const part = event.target.closest?.("[data-theme-switch], [data-show-keys], [data-copy], [data-dismiss]");
  if (!part) {
    for (const menu of document.querySelectorAll("details.menu[open]"))
      if (!menu.contains(event.target)) menu.open = false;
    return;
  }
  if ("themeSwitch" in part.dataset) {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      /* it holds for this page only */
    }
  } else if ("showKeys" in part.dataset) KEYS["?"]();
  else if ("dismiss" in part.dataset) part.closest(".toast").remove();
  else {
    const source = document.getElementById(part.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    part.textContent = "Copied";
  }
});

// A page that is shown again, by Back or by a reload, begins something new; two presses on one showing are one.
addEventListener("pageshow", () => {
  for (const key of document.querySelectorAll("[data-once]"))
    key.value = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");
});

// A button that asks: the first press changes its words, the second one does it.
document.addEventListener(
  "submit",
  (event) => {
    const question = event.target.dataset?.confirm;
    const button = event.submitter;
    if (!question || !button || "asked" in button.dataset) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const words = button.textContent;
    button.dataset.asked = "";
    button.textContent = question;
    setTimeout(() => {
      delete button.dataset.asked;
      button.textContent = words;
    }, 5000);
  },
  true,
);

document.addEventListener("input", (event) => {
  const wanted = event.target.dataset?.mustEqual;
  if (wanted !== undefined) event.target.form.querySelector("button").disabled = event.target.value !== wanted;
});

document.addEventListener("change", (event) => {
  if ("submits" in (event.target.dataset ?? {})) event.target.form.requestSubmit();
});

// A form that acts on ticked rows says so; without any it acts on all that the list shows.
export function showSelection(form, boxes) {
  const chosen = boxes.filter((box) => box.checked).length;
  const page = form.querySelector("[data-select-page]");
  page.checked = chosen === boxes.length && chosen > 0;
  page.indeterminate = chosen > 0 && chosen < boxes.length;
  form.querySelector("[data-selected]").textContent = chosen ? `${chosen} selected` : "Select this page";
  for (const part of form.querySelectorAll("[data-some]")) {
    part.dataset.all ??= part.textContent.trim();
    part.textContent = chosen ? part.dataset.some : part.dataset.all;
    if ("none" in part.dataset) part.disabled = !chosen;
  }
  form.querySelector("[data-what]")?.toggleAttribute("hidden", chosen > 0);
}

document.addEventListener("change", ({ target }) => {
  const form = target.form?.matches("[data-selects]") ? target.form : null;
  if (!form) return;
  const boxes = [...form.elements].filter((part) => part.name === "ids");
  if (target.matches("[data-select-page]")) for (const box of boxes) box.checked = target.checked;
  showSelection(form, boxes);
});

// A table that is fetched anew keeps the row that the keyboard is on.
let at_row = -1;
document.addEventListener("htmx:beforeSwap", () => {
  at_row = rows().indexOf(row());
});
document.addEventListener("htmx:afterSettle", () => {
  if (at_row >= 0 && !row()) rows()[at_row]?.classList.add("current");
  showTimes();
  retire();
});
document.addEventListener("htmx:sendError", () => toast("Sentri does not answer. Try again in a moment.", "error"));
document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  const texts = {
    403: "Your role does not allow this.",
    404: "This is gone. Reload the page.",
    409: "Something else was quicker. Reload the page.",
  };
  toast(texts[status] ?? `That did not work (${status}). Reload the page and try again.`, "error");
});

// An address that names a part which is folded away opens it.
function unfold() {
  const part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (part?.tagName === "DETAILS" && !part.open) {
    part.open = true;
    part.scrollIntoView();
  }
}
addEventListener("hashchange", unfold);

// On a wide screen the rail shows everything: what a phone had opened goes back to its place.
matchMedia("(max-width: 640px)").addEventListener("change", () => {
  document.querySelector("#rail-more:popover-open")?.hidePopover();
});

unfold();
showTimes();
retire();
setInterval(showTimes, 20_000);
