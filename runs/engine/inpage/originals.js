// Runs before a page's own scripts, in every frame: keeps what scripts are written with, so that a page can be read as
// it is although it has put its own in their place, or has fields that are called like what forms and documents know.
// All that we run in a page is written for this: as a whole it runs within `__sentri`, or keeps what it needs at once.
// "NAMES" stands for the names of members of nodes that our scripts use.
(function install(realm) {
  // biome-ignore lint/suspicious/noShadowRestrictedNames: each realm has its own, and a frame is one
  const { Object, Reflect, JSON, Map, Set, Symbol, Promise, document } = realm;
  if (Object.hasOwn(realm, "__sentri")) return;
  const described = Object.getOwnPropertyDescriptor;
  const define = Object.defineProperty;
  const drop = Reflect.deleteProperty;
  const keysOf = Reflect.ownKeys;
  const stringify = JSON.stringify;
  const freeze = Object.freeze;
  const holds = Promise[Symbol.hasInstance].bind(Promise);
  const TOLD_BY_ALL = ["Object", "Array", "String", "Number", "Boolean", "Date"].map((kind) => realm[kind].prototype);
  const kinds = [
    "Object",
    "Array",
    "String",
    "Number",
    "Boolean",
    "RegExp",
    "Symbol",
    "Map",
    "Set",
    "WeakMap",
    "JSON",
    "Math",
    "Reflect",
    "Promise",
    "Function",
    "Proxy",
    "URL",
    "CSS",
    "NodeList",
    "HTMLCollection",
    "EventTarget",
    "Node",
    "Element",
    "HTMLElement",
    "SVGElement",
    "Document",
    "DocumentFragment",
    "ShadowRoot",
    "CharacterData",
    "HTMLFormElement",
    "HTMLInputElement",
    "HTMLSelectElement",
    "HTMLTextAreaElement",
    "HTMLButtonElement",
    "HTMLOptionElement",
    "HTMLAnchorElement",
    "HTMLSlotElement",
    "HTMLIFrameElement",
    "HTMLImageElement",
    "CSSStyleDeclaration",
    "DOMStringMap",
    "MutationObserver",
    "TreeWalker",
    "NodeFilter",
    "Event",
    "Storage",
    "Performance",
    "PerformanceEntry",
    "PerformanceObserver",
    "PerformanceObserverEntryList",
    "CustomEvent",
    "XPathResult",
  ].filter((name) => realm[name]);
  const globals = [
    "getComputedStyle",
    "innerWidth",
    "innerHeight",
    "setTimeout",
    "clearTimeout",
    "requestAnimationFrame",
    "scrollTo",
    "localStorage",
    "sessionStorage",
    "performance",
  ];
  const iterators = [
    [][Symbol.iterator](),
    new Map()[Symbol.iterator](),
    new Set()[Symbol.iterator](),
    ""[Symbol.iterator](),
  ];
  const kept = [];
  const keep = (owner) => {
    for (const key of keysOf(owner)) {
      const was = described(owner, key);
      if (was.configurable) kept.push({ owner, key, was });
    }
  };
  for (const name of [...kinds, ...globals]) {
    const was = described(realm, name);
    if (was?.configurable) kept.push({ owner: realm, key: name, was });
  }
  for (const name of kinds) {
    keep(realm[name]);
    if (realm[name].prototype) keep(realm[name].prototype);
  }
  for (const one of iterators) keep(Object.getPrototypeOf(one));

  // A member under a name that no field can have.
  const kindsOfNodes = [
    "Node",
    "Element",
    "HTMLElement",
    "SVGElement",
    "Document",
    "DocumentFragment",
    "ShadowRoot",
    "HTMLFormElement",
    "HTMLSlotElement",
  ];
  for (const name of NAMES) {
    const unhidden = Symbol.for(`sentri.${name}`);
    for (const kind of kindsOfNodes) {
      const owner = realm[kind].prototype;
      const known = described(owner, name);
      if (known) define(owner, unhidden, known.get ? { get: known.get, set: known.set } : { value: known.value });
    }
  }

  // Nothing below may call what a page could have replaced.
  function restore(undo) {
    for (let at = 0; at < kept.length; at++) {
      const one = kept[at];
      const now = described(one.owner, one.key);
      if (now && now.value === one.was.value && now.get === one.was.get) continue;
      if (now && !now.configurable) continue;
      define(one.owner, one.key, one.was);
      undo[undo.length] = { owner: one.owner, key: one.key, now };
    }
    for (let at = 0; at < TOLD_BY_ALL.length; at++) forget(TOLD_BY_ALL[at], "toJSON", undo);
    const own = keysOf(document);
    for (let at = 0; at < own.length; at++) if (own[at] in realm.Document.prototype) forget(document, own[at], undo);
    for (let at = 0; at in realm; at++) within(realm[at], undo);
  }

  // The nodes of a frame know what the frame has put in place of theirs. One that runs no scripts is prepared only now.
  function within(frame, undo) {
    try {
      install(frame);
      frame.__sentri.restore(undo);
    } catch {
      // A frame of another origin.
    }
  }

  function forget(owner, key, undo) {
    const now = described(owner, key);
    if (now?.configurable && !(owner[Symbol.toStringTag] && key === "constructor") && drop(owner, key)) {
      undo[undo.length] = { owner, key, now };
    }
  }

  // What `read` gives, as text; a promise of a text as it is.
  function read(work) {
    const undo = [];
    try {
      restore(undo);
      const found = work();
      return holds(found) ? found : (stringify(found) ?? "null");
    } finally {
      for (let at = undo.length - 1; at >= 0; at--) {
        const one = undo[at];
        if (one.now) define(one.owner, one.key, one.now);
        else drop(one.owner, one.key);
      }
    }
  }
  read.restore = restore;
  define(realm, "__sentri", { value: freeze(read) });
})(window);
