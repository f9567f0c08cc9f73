// Entries of lists: elements beside which stand enough others of their shape. Needs semantics.js and snapshot.js.

const PLACES_OF_FEW =
  "nav,header,[role=navigation],[role=banner],[role=menu],[role=menubar],[role=tablist],[role=toolbar]";
const ALIKE = 3;

const shapes = new Map();

function shapeOf(element) {
  if (!shapes.has(element)) {
    const inner = new Set();
    for (const child of element.children) {
      inner.add(child.localName);
      for (const leaf of child.children) inner.add(`${child.localName}>${leaf.localName}`);
    }
    shapes.set(element, `${element.localName} ${roleOf(element)} ${[...inner].sort()}`);
  }
  return shapes.get(element);
}

function isEntry(element) {
  if (!element.parentElement || element.closest(PLACES_OF_FEW)) return false;
  const shape = shapeOf(element);
  let alike = 0;
  for (const sibling of element.parentElement.children) {
    if (sibling.localName === element.localName && shapeOf(sibling) === shape && ++alike >= ALIKE) return true;
  }
  return false;
}

// The entry of a list that an element stands in, and the way from there to it: equal in all entries of the list.
function entryOf(element) {
  let tail = "";
  for (let at = element; at && at.localName !== "body"; at = at.parentElement) {
    if (at !== element && isEntry(at)) return { entry: at, tail };
    tail = `${at.localName}${nthOfType(at)}>${tail}`;
  }
  return { entry: null, tail: "" };
}
