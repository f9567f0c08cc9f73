// What a page offers to do besides following links and sending forms. Needs semantics.js, forms.js and snapshot.js.

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
const PLACES_OF_FEW =
  "nav,header,[role=navigation],[role=banner],[role=menu],[role=menubar],[role=tablist],[role=toolbar]";
const ICONS = "svg,img,i,span[class],use";
const LISTENS = Symbol.for("sentri.listens");
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

function wordsOf(text) {
  return (text || "")
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/[^\p{L}]+/gu, " ")
    .trim();
}

// What classes and icons say of an element that says nothing itself.
function hintsOf(element) {
  const said = [
    element.title,
    element.id,
    element.getAttribute("class"),
    element.getAttribute("name"),
    element.getAttribute("data-action"),
  ];
  for (const icon of Array.from(element.querySelectorAll(ICONS)).slice(0, 6)) {
    said.push(
      icon.getAttribute("class"),
      icon.getAttribute("alt"),
      icon.getAttribute("data-icon"),
      icon.getAttribute("aria-label"),
      (icon.getAttribute("href") || icon.getAttribute("xlink:href") || "").split("#").pop(),
      (icon.getAttribute("src") || "").split("/").pop(),
    );
  }
  return tidy(wordsOf(said.filter(Boolean).join(" ")), 300);
}

function scriptOf(element) {
  return tidy(wordsOf(`${element.getAttribute("onclick") || ""} ${element.form?.getAttribute("onsubmit") || ""}`), 300);
}

function methodOf(element) {
  for (const method of ["delete", "put", "patch", "post"]) if (element.hasAttribute(`hx-${method}`)) return method;
  const hidden = element.form?.querySelector("input[type=hidden][name=_method]");
  return (element.dataset?.method || element.dataset?.turboMethod || hidden?.value || "").toLowerCase();
}

function asksFirst(element) {
  const scripts = (element.getAttribute("onclick") || "") + (element.form?.getAttribute("onsubmit") || "");
  return (
    /\bconfirm\(/.test(scripts) ||
    element.hasAttribute("hx-confirm") ||
    Boolean(
      element.dataset?.confirm ||
        element.dataset?.turboConfirm ||
        element.form?.dataset?.confirm ||
        element.form?.dataset?.turboConfirm,
    )
  );
}

function addressOf(element) {
  const own = ["hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete"]
    .map((name) => element.getAttribute(name))
    .find(Boolean);
  if (own) return own;
  const link = element.closest("a[href]");
  if (link && typeof link.href === "string") return link.href;
  return element.matches(SUBMITS) && element.form
    ? element.getAttribute("formaction") || element.form.getAttribute("action") || ""
    : "";
}

function goesNowhere(link) {
  const href = (link.getAttribute("href") || "").trim();
  return (href.startsWith("#") && !/^#!?\//.test(href)) || /^javascript:/i.test(href);
}

function ownHandler(element) {
  if (element[LISTENS]?.press || element.onclick) return true;
  for (const key of Object.keys(element)) {
    if (key.startsWith("__reactProps$"))
      return Boolean(element[key].onClick || element[key].onMouseDown || element[key].onPointerDown);
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
    if (
      list.querySelector("a[href],button,[role=menuitem]") &&
      !list.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    )
      return list;
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
      return element.form || element.closest("form") || inUnits.has(element)
        ? ""
        : role === "switch" || isChoice(element)
          ? "press"
          : "field";
    }
    if (element.matches(SUBMITS) && element.form) return "";
    if (element.getAttribute("aria-selected") === "true" || element.getAttribute("aria-expanded") === "true") return "";
    if (OFFERED.has(role) && element.localName !== "option") return "press";
    if (element.localName === "summary") return element.parentElement?.open ? "" : "press";
    if (element.localName === "a" && element.hasAttribute("href"))
      return goesNowhere(element) && (ownHandler(element) || /^javascript:/i.test(element.getAttribute("href")))
        ? "press"
        : "";
    if (element.matches("label,html,body,option,a,svg *"))
      return element.localName === "a" && ownHandler(element) ? "press" : "";
    return ownHandler(element) || pointsAt(element) ? "loose" : "";
  }

  function walk(element, frame) {
    const seen = visibility(element);
    if (
      found.length >= limits.offers ||
      seen === "gone" ||
      element.getAttribute("aria-hidden") === "true" ||
      element.inert
    )
      return;
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
        if (!frame && element.contentDocument?.body && seen === "seen")
          walk(element.contentDocument.body, cssPath(element));
      } catch {
        /* another origin's */
      }
    }
    for (const child of childrenOf(element)) if (child.nodeType === 1) walk(child, frame);
    // A listener above other controls is theirs: only the innermost of what has no role counts.
    if (
      kind === "loose" &&
      found.length === before &&
      !element.querySelector("a[href],button,input,select,textarea,summary") &&
      !element.closest("a[href],button,label,summary,select")
    )
      offer("press", element, "", frame);
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
