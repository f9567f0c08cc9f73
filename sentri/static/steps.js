// Steps of a test as rows: they are moved and deleted here, everything else comes from the server.
const ARROWS = { ArrowUp: -1, ArrowDown: 1 };

function changed(form) {
  form.dataset.changed = "";
  const cancel = form.querySelector("[data-cancel]");
  if ("asked" in cancel.dataset) {
    delete cancel.dataset.asked;
    cancel.textContent = "Cancel";
  }
}

// The neighbour moves around the row: what is taken out of the page for a moment loses the focus.
function move(row, by) {
  const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (by < 0) row.after(other);
  else row.before(other);
  row.scrollIntoView({ block: "nearest" });
  const form = row.closest("form");
  const all = [...row.parentElement.children];
  form.querySelector("output").textContent = `Step ${all.indexOf(row) + 1} of ${all.length}`;
  changed(form);
}

function drop(row) {
  const gone = row.classList.toggle("gone");
  row.querySelector('[name="row"]').disabled = gone;
  row.querySelector(".sentence").inert = gone;
  row.querySelector("[data-delete] span").textContent = gone ? "Put back" : "Delete";
  changed(row.closest("form"));
}

// Escape is pressed by mistake: what would be lost is asked about.
function cancel(form) {
  const button = form.querySelector("[data-cancel]");
  if (!("changed" in form.dataset) || "asked" in button.dataset) return button.click();
  button.dataset.asked = "";
  button.textContent = "Discard the changes?";
  button.focus();
}

/** Whether a key was pressed within a form that edits a test: no key decides about a card then. */
export function editing(event) {
  const form = event.target.closest?.("form[data-edits]");
  if (!form || event.isComposing) return Boolean(form);
  const row = event.target.closest("[data-row]");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  else if (event.key === "Escape") cancel(form);
  else if (row && event.altKey && event.key in ARROWS) move(row, ARROWS[event.key]);
  else if (event.key === "Enter" && event.target.name === "kind") form.elements.add.click();
  else return true;
  event.preventDefault();
  event.stopImmediatePropagation();
  return true;
}

/** The first thing that is wrong, what the server means to be written next, or the first field. */
export function focusOn(part) {
  const found = [
    ":is(input, select, textarea)[aria-invalid=true]",
    ".wrong [data-delete]",
    "[data-focus]",
    "input:not([type=hidden])",
  ];
  found
    .map((selector) => part.querySelector(selector))
    .find(Boolean)
    ?.focus();
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-edits]");
  if (form && event.target.name !== "kind") changed(form);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move], [data-delete]");
  const row = button?.closest("[data-row]");
  if (row && "move" in button.dataset) move(row, Number(button.dataset.move));
  else if (row) drop(row);
});
