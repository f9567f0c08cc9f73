// Roles and accessible names, near enough to Playwright's that get_by_role finds what they say.

const WINDOW_OF = (element) => element.ownerDocument.defaultView;
const LANDMARKS = new Set(["banner", "complementary", "contentinfo", "form", "main", "navigation", "region", "search"]);
const SECTIONING =
  "article:not([role]),aside:not([role]),main:not([role]),nav:not([role]),section:not([role])," +
  "[role=article],[role=complementary],[role=main],[role=navigation],[role=region]";
const NAMED_BY_CONTENT = new Set([
  "button",
  "cell",
  "checkbox",
  "columnheader",
  "gridcell",
  "heading",
  "link",
  "menuitem",
  "menuitemcheckbox",
  "menuitemradio",
  "option",
  "radio",
  "row",
  "rowheader",
  "switch",
  "tab",
  "tooltip",
  "treeitem",
]);
const TAG_ROLES = {
  ARTICLE: "article",
  ASIDE: "complementary",
  BUTTON: "button",
  DETAILS: "group",
  DIALOG: "dialog",
  FIELDSET: "group",
  H1: "heading",
  H2: "heading",
  H3: "heading",
  H4: "heading",
  H5: "heading",
  H6: "heading",
  LI: "listitem",
  MAIN: "main",
  MENU: "list",
  NAV: "navigation",
  OL: "list",
  OPTION: "option",
  PROGRESS: "progressbar",
  METER: "meter",
  SEARCH: "search",
  TABLE: "table",
  TD: "cell",
  TH: "columnheader",
  TR: "row",
  TEXTAREA: "textbox",
  UL: "list",
};
const INPUT_ROLES = {
  button: "button",
  checkbox: "checkbox",
  file: "button",
  image: "button",
  number: "spinbutton",
  radio: "radio",
  range: "slider",
  reset: "button",
  submit: "button",
  hidden: "",
};
const KNOWN_ROLES = new Set(
  (
    "alert alertdialog application article banner blockquote button caption cell checkbox code columnheader " +
    "combobox complementary contentinfo definition deletion dialog directory document emphasis feed figure form " +
    "generic grid gridcell group heading img insertion link list listbox listitem log main mark marquee math " +
    "meter menu menubar menuitem menuitemcheckbox menuitemradio navigation none note option paragraph " +
    "presentation progressbar radio radiogroup region row rowgroup rowheader scrollbar search searchbox separator " +
    "slider spinbutton status strong subscript superscript switch tab table tablist tabpanel term textbox time " +
    "timer toolbar tooltip tree treegrid treeitem"
  ).split(" "),
);

function tidy(text, limit = 200) {
  return text
    .replace(/[\u200b\u00ad]/g, "")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, limit)
    .trim();
}

function explicitRole(element) {
  const said = element.getAttribute("role");
  return said ? said.split(/\s+/).find((role) => KNOWN_ROLES.has(role)) || "" : "";
}

function hasAriaName(element) {
  return element.hasAttribute("aria-label") || element.hasAttribute("aria-labelledby");
}

function inputRole(element) {
  const type = element.type.toLowerCase();
  if (type in INPUT_ROLES) return INPUT_ROLES[type];
  if (["email", "search", "tel", "text", "url"].includes(type) && element.list) return "combobox";
  return type === "search" ? "searchbox" : "textbox";
}

function implicitRole(element) {
  const tag = element.tagName.toUpperCase();
  switch (tag) {
    case "A":
    case "AREA":
      return element.hasAttribute("href") ? "link" : "";
    case "INPUT":
      return inputRole(element);
    case "SELECT":
      return element.multiple || element.size > 1 ? "listbox" : "combobox";
    case "HEADER":
      return element.closest(SECTIONING) ? "" : "banner";
    case "FOOTER":
      return element.closest(SECTIONING) ? "" : "contentinfo";
    case "FORM":
      return hasAriaName(element) ? "form" : "";
    case "SECTION":
      return hasAriaName(element) ? "region" : "";
    default:
      return TAG_ROLES[tag] || "";
  }
}

function roleOf(element) {
  const role = explicitRole(element);
  if (!role) return implicitRole(element);
  if (role !== "none" && role !== "presentation") return role;
  return hasAriaName(element) || element.matches("a[href],button,input,select,textarea,[tabindex]")
    ? implicitRole(element)
    : "";
}

// "gone": neither it nor anything below is rendered; "unseen": it is not, but something below may be; "seen".
function visibility(element) {
  if (/^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|HEAD)$/.test(element.tagName)) return "gone";
  if (element.checkVisibility({ visibilityProperty: true })) return "seen";
  const style = WINDOW_OF(element).getComputedStyle(element);
  if (style.display === "contents" || element.tagName === "SLOT")
    return style.visibility === "visible" ? "seen" : "unseen";
  return element.checkVisibility() ? "unseen" : "gone";
}

function childrenOf(element) {
  if (element.shadowRoot) return element.shadowRoot.childNodes;
  if (element.tagName === "SLOT") {
    const assigned = element.assignedNodes();
    if (assigned.length) return assigned;
  }
  return element.childNodes;
}

function referenced(element, attribute) {
  const ids = (element.getAttribute(attribute) || "").split(/\s+/).filter(Boolean);
  const root = element.getRootNode();
  return ids.map((id) => root.getElementById?.(id)).filter(Boolean);
}

function controlText(element) {
  const tag = element.tagName;
  if (tag === "INPUT") return /^(checkbox|radio|file|hidden|password)$/.test(element.type) ? "" : element.value;
  if (tag === "TEXTAREA") return element.value;
  return Array.from(element.selectedOptions || [], (option) => option.label).join(" ");
}

function contentText(node, evenHidden = false, except = null) {
  if (node.nodeType === 3) return node.data;
  if (node.nodeType !== 1 || node === except) return "";
  if (!evenHidden && (node.getAttribute("aria-hidden") === "true" || visibility(node) === "gone")) return "";
  const tag = node.tagName.toUpperCase();
  if (tag === "BR") return " ";
  const own = tidy(node.getAttribute("aria-label") || "");
  if (own) return own;
  if (tag === "IMG") return node.getAttribute("alt") ?? node.title ?? "";
  if (tag === "SVG") return node.querySelector(":scope > title")?.textContent || "";
  if (tag === "INPUT" || tag === "SELECT" || tag === "TEXTAREA") return controlText(node);
  if (!evenHidden && tag !== "SLOT" && visibility(node) === "unseen" && !node.firstElementChild) return "";
  const text = Array.from(childrenOf(node), (child) => contentText(child, evenHidden, except)).join("");
  const style = WINDOW_OF(node).getComputedStyle(node);
  return style.display === "inline" || style.display === "contents" ? text : ` ${text} `;
}

function labelText(element) {
  const labels = Array.from(element.labels || []);
  return tidy(
    labels
      .map((label) => tidy(contentText(label, false, element)))
      .filter(Boolean)
      .join(" "),
  );
}

function ariaName(element) {
  const parts = referenced(element, "aria-labelledby").map((part) => tidy(contentText(part, true)));
  return tidy(parts.filter(Boolean).join(" ")) || tidy(element.getAttribute("aria-label") || "");
}

function buttonInputName(element) {
  if (element.type === "image") return tidy(element.alt || element.title || "Submit");
  if (element.type === "file") return labelText(element) || "Choose File";
  const standard = { submit: "Submit", reset: "Reset" }[element.type] || "";
  return tidy(element.value) || tidy(element.title) || standard;
}

function nativeName(element, role) {
  const tag = element.tagName.toUpperCase();
  if (tag === "INPUT" && role === "button") return buttonInputName(element);
  if (tag === "INPUT" || tag === "SELECT" || tag === "TEXTAREA" || tag === "BUTTON") {
    const label = labelText(element);
    if (label) return label;
  }
  if (tag === "FIELDSET") return tidy(element.querySelector(":scope > legend")?.textContent || "");
  if (tag === "TABLE") return tidy(element.caption?.textContent || "");
  if (tag === "AREA" || tag === "IMG") return tidy(element.alt || "");
  return NAMED_BY_CONTENT.has(role) ? tidy(contentText(element)) : "";
}

function nameOf(element, role) {
  return (
    ariaName(element) ||
    nativeName(element, role) ||
    tidy(element.getAttribute("title") || "") ||
    tidy(role === "textbox" || role === "searchbox" ? element.getAttribute("placeholder") || "" : "")
  );
}
