// What a page offers to do besides following links and sending forms. Needs semantics.js, forms.js, snapshot.js,
// entries.js and controls.js.

const OFFERED = new Set([
  "button",
  "tab",
  "menuitem",
  "menuitemcheckbox",
  "menuitemradio",
  "switch",
  "treeitem",
  "option",
]);
const CHAINED = new Set([...SKELETON, "toolbar", "radiogroup", "region"]);
const LISTENS = Symbol.for("sentri.listens");

function chainOf(element) {
  const chain = [];
  for (
    let at = element.parentElement || element.getRootNode().host;
    at;
    at = at.parentElement || at.getRootNode().host
  ) {
    const role = roleOf(at) || (at.localName === "form" ? "form" : "");
    if (CHAINED.has(role) && chain[chain.length - 1] !== role) chain.push(role);
  }
  return chain.reverse().join(">");
}

function goesNowhere(link) {
  const href = (link.getAttribute("href") || "").trim();
  return (href.startsWith("#") && !/^#!?\//.test(href)) || /^javascript:/i.test(href);
}

function ownHandler(element) {
  if (element[LISTENS]?.press || element.onclick) return true;
  for (const key of Object.keys(element)) {
    if (key.startsWith("__reactProps$")) {
      return Boolean(element[key].onClick || element[key].onMouseDown || element[key].onPointerDown);
    }
    if (key === "__click") return true;
  }
  return Boolean(
    Object.getOwnPropertySymbols(element).some((one) => one.description === "_vei" && element[one].onClick) ||
      element._vei?.onClick,
  );
}

function pointsAt(element) {
  const cursor = (one) => WINDOW_OF(one).getComputedStyle(one).cursor;
  return cursor(element) === "pointer" && (!element.parentElement || cursor(element.parentElement) !== "pointer");
}

function hiddenMenu(element) {
  if (!element.matches("li,[aria-haspopup],nav div,nav span") && !element[LISTENS]?.hover) return null;
  for (const list of element.querySelectorAll("ul,ol,menu,[role=menu],div")) {
    if (!list.querySelector("a[href],button,[role=menuitem]")) continue;
    if (!list.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return list;
  }
  return null;
}

function handleOf(element) {
  return Array.from(element.querySelectorAll("a,button")).find((one) => visibility(one) === "seen") || element;
}

// The modal dialog that lies over everything else, if one is open.
function modal(root) {
  const open = Array.from(root.querySelectorAll("dialog[open],[role=dialog],[role=alertdialog]")).filter(
    (one) => visibility(one) === "seen" && (one.matches("dialog:modal") || one.getAttribute("aria-modal") === "true"),
  );
  return open.pop() || null;
}

function offers(limits) {
  const found = [];
  const named = new Map();
  const over = modal(document);
  const inUnits = new Set(Array.from(looseUnits(document).values()).flat());

  function offer(how, element, role, frame) {
    const name = role
      ? nameOf(element, role)
      : ariaName(element) || tidy(contentText(element), 80) || tidy(element.title || "");
    const { entry, tail } = entryOf(element);
    const twins = named.get(`${role} ${name} ${frame}`) || [];
    found.push({
      how,
      role,
      name,
      twins,
      place: twins.indexOf(element),
      hints: hintsOf(element),
      script: scriptOf(element),
      address: addressOf(element),
      method: methodOf(element),
      confirms: asksFirst(element),
      landmark: landmarkOf(element),
      container: chainOf(element),
      tail,
      repeated: Boolean(entry),
      css: cssPath(element),
      frame,
      type: element.localName === "select" || element.localName === "input" ? fieldType(element) : "",
      options: Array.from(element.options || [])
        .slice(0, 20)
        .map((option) => tidy(option.label, 100)),
      chosen: tidy(element.localName === "select" ? controlText(element) : element.value || "", 100),
    });
  }

  // "press" where it is there to be pressed, "field" for a field that belongs to no form, "" otherwise.
  function kindOf(element, role) {
    if (element.matches(FIELDS) || isChoice(element)) {
      if (element.form || element.closest("form") || inUnits.has(element)) return "";
      return role === "switch" || isChoice(element) ? "press" : "field";
    }
    if (element.matches(SUBMITS) && element.form) return "";
    if (element.getAttribute("aria-selected") === "true" || element.getAttribute("aria-expanded") === "true") return "";
    if (OFFERED.has(role) && element.localName !== "option") return "press";
    if (element.localName === "summary") return element.parentElement?.open ? "" : "press";
    if (element.localName === "a" && element.hasAttribute("href")) {
      if (!goesNowhere(element)) return "";
      return ownHandler(element) || /^javascript:/i.test(element.getAttribute("href")) ? "press" : "";
    }
    if (element.matches("label,html,body,option,a,svg *")) {
      return element.localName === "a" && ownHandler(element) ? "press" : "";
    }
    return ownHandler(element) || pointsAt(element) ? "loose" : "";
  }

  function walk(element, frame) {
    const seen = visibility(element);
    if (found.length >= limits.offers || seen === "gone") return;
    if (element.getAttribute("aria-hidden") === "true" || element.inert) return;
    const role = seen === "seen" ? roleOf(element) : "";
    if (OFFERED.has(role) || (role && element.matches(FIELDS))) {
      const key = `${role} ${nameOf(element, role)} ${frame}`;
      if (!named.has(key)) named.set(key, []);
      named.get(key).push(element);
    }
    const usable = seen === "seen" && !(over && !over.contains(element) && !element.contains(over));
    const kind = usable && pressable(element) ? kindOf(element, role) : "";
    if (kind === "press" || kind === "field") offer(kind, element, role, frame);
    if (usable && hiddenMenu(element)) offer("hover", handleOf(element), "", frame);
    const before = found.length;
    if (element.localName === "iframe" || element.localName === "frame") {
      try {
        const body = element.contentDocument?.body;
        if (!frame && body && seen === "seen") walk(body, cssPath(element));
      } catch {
        // A frame of another origin.
      }
    }
    for (const child of childrenOf(element)) if (child.nodeType === 1) walk(child, frame);
    // A listener above other controls is theirs: only the innermost of what has no role counts.
    if (
      kind === "loose" &&
      found.length === before &&
      !element.querySelector("a[href],button,input,select,textarea,summary") &&
      !element.closest("a[href],button,label,summary,select")
    ) {
      offer("press", element, "", frame);
    }
  }

  if (document.body) walk(document.body, "");
  const sends = Array.from(document.querySelectorAll(SUBMITS))
    .filter((button) => button.form)
    .slice(0, 100)
    .map((button) => ({
      css: cssPath(button),
      hints: hintsOf(button),
      script: scriptOf(button),
      address: addressOf(button),
      method: methodOf(button),
      confirms: asksFirst(button),
    }));
  const page = document.scrollingElement || document.documentElement;
  const scrolls =
    Boolean(window[Symbol.for("sentri.scrolls")]) && page.scrollHeight > innerHeight + scrollY + 50 && !over;
  const covered = over ? cssPath(over) : "";
  const inside = over ? Array.from(over.querySelectorAll("form,button")).map(cssPath) : [];
  return { offers: found.map((row) => ({ ...row, twins: row.twins.length })), sends, scrolls, covered, inside };
}
