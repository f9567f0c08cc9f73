// What a control says of itself besides its name. Needs semantics.js and forms.js.

const ICONS = "svg,img,i,span[class],use";

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
