// What tells two states of one page apart, and a coarse look at its colours. Needs semantics.js.

const GRID_COLUMNS = 16;
const GRID_LINES = 10;

function seenNames(selector, limit) {
  const found = Array.from(document.querySelectorAll(selector)).filter((element) => visibility(element) === "seen");
  return found.slice(0, limit).map((element) => tidy(ariaName(element) || contentText(element), 80));
}

function dialogNames() {
  const open = Array.from(document.querySelectorAll("dialog[open],[role=dialog],[role=alertdialog]"));
  return open
    .filter((element) => visibility(element) === "seen")
    .slice(0, 5)
    .map((element) =>
      tidy(ariaName(element) || element.querySelector("h1,h2,h3,h4,[role=heading]")?.textContent || "", 80),
    );
}

// The nearest painted background: six bits of colour, or "i" where a picture is.
function colourAt(x, y, known) {
  for (let at = document.elementFromPoint(x, y); at; at = at.parentElement) {
    if (!known.has(at)) known.set(at, ownColour(at));
    if (known.get(at)) return known.get(at);
  }
  return "63";
}

function ownColour(element) {
  if (/^(IMG|VIDEO|CANVAS|PICTURE)$/.test(element.tagName)) return "i";
  const parts =
    getComputedStyle(element)
      .backgroundColor.match(/[\d.]+/g)
      ?.map(Number) || [];
  if (parts.length < 3 || (parts.length > 3 && parts[3] < 0.2)) return "";
  return String(parts.slice(0, 3).reduce((bits, part) => bits * 4 + (part >> 6), 0));
}

function colours() {
  const counts = {};
  const known = new Map();
  for (let line = 0; line < GRID_LINES; line++) {
    for (let column = 0; column < GRID_COLUMNS; column++) {
      const colour = colourAt(
        (innerWidth * (column + 0.5)) / GRID_COLUMNS,
        (innerHeight * (line + 0.5)) / GRID_LINES,
        known,
      );
      counts[colour] = (counts[colour] || 0) + 1;
    }
  }
  return counts;
}

function faceOf() {
  const main = document.querySelector("main,[role=main]") || document.body;
  return {
    dialogs: dialogNames(),
    told: seenNames("[role=status],[role=alert],[aria-live=polite],[aria-live=assertive]", 10),
    chosen: seenNames(
      "[role=tab][aria-selected=true],[aria-pressed=true],[aria-expanded=true],details[open]>summary",
      20,
    ),
    colours: colours(),
    text: (main?.innerText || "").slice(0, 20000),
  };
}
