// Runs before a page's own scripts: remembers which elements listen for clicks or for the pointer, and whether anything
// waits for the page to be scrolled.
(() => {
  const LISTENS = Symbol.for("sentri.listens");
  const SCROLLS = Symbol.for("sentri.scrolls");
  const pressing = ["click", "mousedown", "mouseup", "pointerdown", "pointerup", "touchend"];
  const hovering = ["mouseenter", "mouseover", "pointerenter", "pointerover"];
  // A page that replaces what this is written with adds its listeners all the same, and they are still noted.
  const apply = Reflect.apply;
  const construct = Reflect.construct;
  const among = (kinds, type) => {
    for (let at = 0; at < kinds.length; at++) if (kinds[at] === type) return true;
    return false;
  };
  const isElement = (target) => {
    try {
      apply(tag, target, []);
      return true;
    } catch {
      return false;
    }
  };
  const tag = Object.getOwnPropertyDescriptor(Element.prototype, "tagName").get;
  const note = (target, type) => {
    if (type === "scroll" || type === "wheel") window[SCROLLS] = true;
    if (!isElement(target)) return;
    const kind = among(pressing, type) ? "press" : among(hovering, type) ? "hover" : "";
    if (kind) target[LISTENS] = { ...target[LISTENS], [kind]: true };
  };
  EventTarget.prototype.addEventListener = new Proxy(EventTarget.prototype.addEventListener, {
    apply(add, target, given) {
      try {
        note(target ?? window, given[0]);
      } catch {
        // What the page adds is its own affair.
      }
      return apply(add, target, given);
    },
  });
  if (window.IntersectionObserver) {
    window.IntersectionObserver = new Proxy(window.IntersectionObserver, {
      construct(made, given, as) {
        window[SCROLLS] = true;
        return construct(made, given, as);
      },
    });
  }
})();
