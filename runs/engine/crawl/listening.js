// Runs before a page's own scripts: remembers which elements listen for clicks or for the pointer, and whether anything
// waits for the page to be scrolled.
(() => {
  const LISTENS = Symbol.for("sentri.listens");
  const SCROLLS = Symbol.for("sentri.scrolls");
  const PRESSES = new Set(["click", "mousedown", "mouseup", "pointerdown", "pointerup", "touchend"]);
  const HOVERS = new Set(["mouseenter", "mouseover", "pointerenter", "pointerover"]);
  const note = (target, type) => {
    if (type === "scroll" || type === "wheel") window[SCROLLS] = true;
    if (!(target instanceof Element)) return;
    const kind = PRESSES.has(type) ? "press" : HOVERS.has(type) ? "hover" : "";
    if (kind) target[LISTENS] = { ...target[LISTENS], [kind]: true };
  };
  EventTarget.prototype.addEventListener = new Proxy(EventTarget.prototype.addEventListener, {
    apply(add, target, given) {
      try { note(target ?? window, given[0]); } catch { /* what the page adds is its own affair */ }
      return Reflect.apply(add, target, given);
    },
  });
  if (window.IntersectionObserver) {
    window.IntersectionObserver = new Proxy(window.IntersectionObserver, {
      construct(made, given, as) {
        window[SCROLLS] = true;
        return Reflect.construct(made, given, as);
      },
    });
  }
})();
