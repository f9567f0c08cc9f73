// What is on the page, in one pass over the composed tree (open shadow roots, same-origin frames). Needs semantics.js
// and forms.js, `collect` face.js as well.

const PRESSED = new Set([
  "link",
  "button",
  "tab",
  "menuitem",
  "menuitemcheckbox",
  "menuitemradio",
  "switch",
  "treeitem",
]);
const SKELETON = new Set([
  ...LANDMARKS,
  ...PRESSED,
  "heading",
  "list",
  "listitem",
  "table",
  "row",
  "cell",
  "columnheader",
  "grid",
  "gridcell",
  "dialog",
  "alertdialog",
  "article",
  "tablist",
  "tabpanel",
  "menu",
  "menubar",
  "tree",
  "feed",
  "group",
  "checkbox",
  "radio",
  "combobox",
  "listbox",
  "textbox",
  "searchbox",
  "spinbutton",
  "slider",
  "progressbar",
  "radiogroup",
]);
const GENERATED_ID = /\d{4,}|[0-9a-f]{8,}|^:|«|^(radix|headlessui|mui|react-aria|ember|ext-gen|yui)/i;

const paths = new Map();

function cssPath(element) {
  if (!paths.has(element)) paths.set(element, freshPath(element));
  return paths.get(element);
}

function freshPath(element) {
  const root = element.getRootNode();
  const host = root.host ? cssPath(root.host) + " " : "";
  const only = (selector) => root.querySelectorAll(selector).length === 1;
  if (element.id && !GENERATED_ID.test(element.id) && only("#" + CSS.escape(element.id)))
    return host + "#" + CSS.escape(element.id);
  const tag = CSS.escape(element.localName);
  const name = element.getAttribute("name");
  if (name && only(`${tag}[name=${CSS.escape(name)}]`)) return `${host}${tag}[name=${CSS.escape(name)}]`;
  const step = tag + nthOfType(element);
  return element.parentElement ? `${cssPath(element.parentElement)} > ${step}` : host + step;
}

function nthOfType(element) {
  let before = 0;
  for (let one = element.previousElementSibling; one; one = one.previousElementSibling)
    before += one.localName === element.localName;
  let after = before ? null : element.nextElementSibling;
  while (after && after.localName !== element.localName) after = after.nextElementSibling;
  return before || after ? `:nth-of-type(${before + 1})` : "";
}

function landmarkOf(element) {
  for (let at = element.parentElement; at; at = at.parentElement) {
    const role = roleOf(at);
    if (LANDMARKS.has(role)) return role;
    if (role === "menu" || role === "menubar") return "menu";
  }
  return "";
}

// Entries of one list have one place: the number of the list's element and the tags from there to the link. The list is
// the nearest element with five or more alike children that link (cards may hold several links), else with two.
function placeOf(link, lists) {
  let chain = link.localName;
  let nearest = "";
  for (let at = link, depth = 0; at.parentElement && depth < 8; at = at.parentElement, depth++) {
    const parent = at.parentElement;
    chain = `${parent.localName}>${chain}`;
    const alike = linkingChildren(parent, at.localName, lists);
    if (alike >= 5) return `${lists.get(parent).number}|${chain}`;
    if (alike >= 2) nearest ||= `${lists.get(parent).number}|${chain}`;
  }
  return nearest || `-|${chain}`;
}

function linkingChildren(parent, tag, lists) {
  if (!lists.has(parent)) lists.set(parent, { number: lists.size });
  const counts = lists.get(parent);
  if (!(tag in counts)) {
    counts[tag] = Array.from(parent.children).filter(
      (child) => child.localName === tag && (child.matches("a[href]") || child.querySelector("a[href]")),
    ).length;
  }
  return counts[tag];
}

function linkRows(root, lists) {
  return Array.from(root.querySelectorAll("a[href]:not([download]),area[href]"))
    .slice(0, 3000)
    .map((link) => ({
      href: typeof link.href === "string" ? link.href : absolute(link.getAttribute("href"), link),
      text:
        tidy(link.textContent, 120) ||
        tidy(link.getAttribute("aria-label") || link.title || link.querySelector("img")?.alt || "", 120),
      landmark: landmarkOf(link),
      place: placeOf(link, lists),
      hidden: !link.checkVisibility(),
      guarded:
        /^(?!get$)./i.test(link.dataset?.method || link.dataset?.turboMethod || "") ||
        Boolean(link.dataset?.confirm || link.dataset?.turboConfirm) ||
        /\bconfirm\(/.test(link.getAttribute("onclick") || ""),
    }));
}

function pressable(element) {
  if (element.disabled || element.getAttribute("aria-disabled") === "true") return false;
  const box = element.getBoundingClientRect();
  return (box.width > 1 && box.height > 1) || Boolean(element.querySelector("img,svg") && box.width + box.height > 0);
}

function skeletonLabel(element, role) {
  if (role === "heading") return "heading" + headingLevel(element);
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName)) return `${role}:${fieldType(element)}:${element.name || ""}`;
  return element.localName === "form" ? "form" : role;
}

function headingLevel(element) {
  return Number(element.getAttribute("aria-level")) || Number(/^h([1-6])$/.exec(element.localName)?.[1]) || 2;
}

function collect(limits) {
  const found = { headings: [], landmarks: [], actions: [], forms: [], links: [] };
  const seenActions = new Set();
  const lists = new Map();
  const skeleton = Object.create(null);

  function note(element, role, context) {
    if (LANDMARKS.has(role)) found.landmarks.push({ role, name: nameOf(element, role), frame: context.frame });
    if (role === "heading" && !context.frame && found.headings.length < limits.headings) {
      const text = nameOf(element, role);
      if (text) found.headings.push({ level: headingLevel(element), text });
    }
    if (PRESSED.has(role) && found.actions.length < limits.actions && pressable(element))
      noteAction(element, role, context);
  }

  function noteAction(element, role, context) {
    const name = nameOf(element, role);
    const href = role === "link" && typeof element.href === "string" ? element.href : "";
    const key = [role, name, name ? "" : href, context.landmark, context.frame].join("\u0000");
    if (seenActions.has(key) || (!name && !href && found.actions.length > limits.actions / 2)) return;
    seenActions.add(key);
    found.actions.push({ role, name, href, landmark: context.landmark, css: cssPath(element), frame: context.frame });
  }

  function frameOf(element, context) {
    try {
      const inner = element.contentDocument;
      if (!inner?.body || context.frame || visibility(element) !== "seen") return;
      readRoot(inner);
      walk(inner.body, { ...context, frame: cssPath(element) });
      found.forms.push(...formRows(inner, cssPath(element)));
    } catch {
      // A frame of another origin.
    }
  }

  function readRoot(root) {
    found.links.push(...linkRows(root, lists));
  }

  function walk(element, context) {
    const seen = visibility(element);
    if (seen === "gone" || element.getAttribute("aria-hidden") === "true") return;
    const role = roleOf(element);
    let inner = context;
    if (role && seen === "seen") {
      note(element, role, context);
      const label = SKELETON.has(role) || element.localName === "form" ? skeletonLabel(element, role) : "";
      const landmark = LANDMARKS.has(role) ? role : context.landmark;
      const deeper = label && context.depth < 60;
      if (label || landmark !== context.landmark) {
        inner = {
          ...context,
          landmark,
          branch: deeper ? (context.branch[label] ??= {}) : context.branch,
          depth: context.depth + (deeper ? 1 : 0),
        };
      }
    } else if (element.localName === "form" && seen === "seen") {
      const deeper = context.depth < 60;
      inner = {
        ...context,
        branch: deeper ? (context.branch.form ??= {}) : context.branch,
        depth: context.depth + (deeper ? 1 : 0),
      };
    }
    if (element.shadowRoot) {
      readRoot(element.shadowRoot);
      found.forms.push(...formRows(element.shadowRoot, context.frame));
    }
    if (element.localName === "iframe" || element.localName === "frame") frameOf(element, inner);
    for (const child of childrenOf(element)) if (child.nodeType === 1) walk(child, inner);
  }

  readRoot(document);
  found.forms.push(...formRows(document, ""));
  if (document.body) walk(document.body, { landmark: "", frame: "", branch: skeleton, depth: 0 });
  return {
    ...found,
    title: document.title,
    scripted: document.scripts.length > 0,
    lang: document.documentElement.lang,
    skeleton,
    face: faceOf(),
    landmarks: found.landmarks.filter((landmark) => !landmark.frame),
    forms: found.forms.slice(0, limits.forms),
  };
}
