// What pages of the administration lack for people who do not see them: landmarks, and names of what has none.

// Where a name is missing, by what the page says beside it: a column's heading, the field's own label.
const heading = (one) => one.closest("table")?.tHead?.rows[0]?.cells[one.closest("td")?.cellIndex]?.textContent.trim();
const label = (one) => document.querySelector(`label[for="${CSS.escape(one.id)}"]`)?.textContent.trim();
const beside = (one) => one.closest(".select2")?.previousElementSibling;

const NAMES = [
  ["#nav-sidebar [role=region]", () => "Pages of the administration"],
  ["#main [role=region]", (_, at) => `Scrolled part ${at + 1}`],
  ["select:not([aria-label])", (one) => (one.labels.length ? "" : heading(one))],
  [".select2 [role=combobox], .select2 [role=textbox]", (one) => label(beside(one)) || heading(one)],
];

function complete() {
  document.getElementById("main")?.setAttribute("role", "main");
  for (const [place, name] of NAMES) {
    document.querySelectorAll(place).forEach((one, at) => {
      const said = name(one, at);
      if (!said || one.ariaLabel === said) return;
      one.removeAttribute("aria-labelledby");
      one.ariaLabel = said;
    });
  }
  for (const cell of document.querySelectorAll("th")) {
    if (cell.textContent.trim() || cell.querySelector("input, [aria-label]")) continue;
    const said = cell.appendChild(document.createElement("span"));
    said.className = "sr-only";
    said.textContent = "Actions";
  }
}

addEventListener("load", () => {
  complete();
  // Rows that are added, and fields that a script draws.
  new MutationObserver(complete).observe(document.body, { childList: true, subtree: true });
});
