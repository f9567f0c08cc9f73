const look = () => {
  const line = (text) => (text || "").replace(/\s+/g, " ").trim();
  const visible = (node) => {
    if (!node.checkVisibility({ visibilityProperty: true })) return false;
    const box = node.getBoundingClientRect();
    return box.width > 0 && box.height > 0;
  };
  const all = (selector, root = document) => [...root.querySelectorAll(selector)].slice(0, 3000);
  const said = (node) => {
    let text = "";
    for (const part of node.childNodes) {
      if (part.nodeType === 3) text += part.nodeValue;
      if (part.nodeType !== 1 || /^(script|style|noscript|template|select|textarea)$/.test(part.localName)) continue;
      if (part.getAttribute("aria-hidden") === "true" || !part.checkVisibility({ visibilityProperty: true })) continue;
      const apart = !getComputedStyle(part).display.startsWith("inline");
      text +=
        (apart ? " " : "") +
        (part.localName === "img" ? part.alt : said(part)) +
        (apart || part.localName === "br" ? " " : "");
    }
    return text.replace(/\s+/g, " ");
  };
  const spoken = (node) => line(said(node));
  const written = (ids) =>
    line(
      (ids || "")
        .split(/\s+/)
        .map((id) => document.getElementById(id)?.textContent || "")
        .join(" "),
    );
  const pictured = (node) =>
    line(
      all("img[alt], svg title", node)
        .map((part) => part.alt || part.textContent)
        .join(" "),
    );
  const nameOf = (node) =>
    written(node.getAttribute("aria-labelledby")) ||
    line(node.getAttribute("aria-label")) ||
    spoken(node) ||
    pictured(node) ||
    line(node.value && /submit|button|reset/.test(node.type) ? node.value : "") ||
    line(node.title);
  const labelOf = (field) => {
    const clone = (label) => {
      const copy = label.cloneNode(true);
      for (const part of copy.querySelectorAll("input, select, textarea, button, option")) part.remove();
      return line(copy.textContent);
    };
    return (
      written(field.getAttribute("aria-labelledby")) ||
      line(field.getAttribute("aria-label")) ||
      line([...(field.labels || [])].map(clone).join(" "))
    );
  };
  const cssOf = (node) => {
    if (node.id && document.querySelectorAll("#" + CSS.escape(node.id)).length === 1) return "#" + CSS.escape(node.id);
    const form = node.form ? all("form").indexOf(node.form) : -1;
    const named = node.name ? `${node.localName}[name="${CSS.escape(node.name)}"]` : node.localName;
    const home = node.form?.id
      ? "#" + CSS.escape(node.form.id)
      : node.form?.getAttribute("action")
        ? `form[action="${node.form.getAttribute("action")}"]`
        : "";
    return line(form >= 0 && home ? `${home} ${named}` : named);
  };
  const PLACES = { nav: "navigation", main: "main", aside: "complementary" };
  const OF_PLACES = ["navigation", "banner", "contentinfo", "main", "complementary", "search", "region"];
  const placeOf = (node) => {
    for (let at = node.parentElement; at; at = at.parentElement) {
      const role = at.getAttribute("role");
      if (OF_PLACES.includes(role)) return role;
      if (PLACES[at.localName]) return PLACES[at.localName];
      if (!["header", "footer"].includes(at.localName)) continue;
      if (at.parentElement?.closest("article, aside, main, nav, section")) continue;
      return at.localName === "header" ? "banner" : "contentinfo";
    }
    return "";
  };
  const aside = (node) => ["navigation", "banner", "contentinfo"].includes(placeOf(node));
  const main = document.querySelector("main, [role=main]");
  const root = main || document.body;
  const inMain = (node) => (main ? !node.closest("nav, [role=navigation]") : !aside(node));
  const userInvalid = (node) => {
    try {
      return node.matches(":user-invalid");
    } catch {
      return false;
    }
  };
  const control =
    "input:not([type=hidden]):not([type=submit]):not([type=button]):not([type=image]):not([type=reset]), " +
    "select, textarea";
  const fieldOf = (node) => ({
    tag: node.localName,
    type: node.localName === "input" ? node.type : "",
    name: node.name || "",
    id: node.id || "",
    label: labelOf(node),
    placeholder: node.placeholder || "",
    autocomplete: node.getAttribute("autocomplete") || "",
    required: node.required || node.getAttribute("aria-required") === "true",
    pattern: node.getAttribute("pattern") || "",
    min: node.min || "",
    max: node.max || "",
    step: node.step || "",
    max_length: node.maxLength > 0 ? node.maxLength : null,
    options: node.localName === "select" ? [...node.options].map((option) => line(option.textContent)) : [],
    value:
      node.localName === "select"
        ? line(node.selectedOptions[0]?.textContent)
        : node.type === "password"
          ? ""
          : node.value || "",
    css: cssOf(node),
    visible: visible(node),
    submitted_invalid: userInvalid(node),
    aria_invalid: node.getAttribute("aria-invalid") === "true",
    explained: written(node.getAttribute("aria-errormessage")) || written(node.getAttribute("aria-describedby")),
    checked: !!node.checked,
  });
  const headings = all("h1, h2, h3, h4, h5, h6, [role=heading]")
    .filter(visible)
    .map((node) => ({ level: Number(node.getAttribute("aria-level") || node.localName[1] || 2), text: nameOf(node) }))
    .filter((one) => one.text);
  const formOf = (form) => {
    const submit = all("button, input[type=submit], input[type=image]", form).find(
      (node) => visible(node) && /submit|image/.test(node.type),
    );
    return {
      name: written(form.getAttribute("aria-labelledby")) || line(form.getAttribute("aria-label")),
      action: form.action?.baseVal ?? form.getAttribute("action") ?? "",
      method: (form.getAttribute("method") || "get").toLowerCase(),
      role: form.getAttribute("role") || (form.closest("search, [role=search]") ? "search" : ""),
      fields: all(control, form).filter(visible).map(fieldOf),
      submit: submit ? nameOf(submit) : "",
      submit_css: submit ? cssOf(submit) : "",
      css: form.id ? "#" + CSS.escape(form.id) : "",
      heading: nameOf(form.querySelector("h1, h2, h3, h4, legend") || document.createElement("i")),
    };
  };
  const labelIn = (entry) => {
    const head = all("h1, h2, h3, h4, h5, h6, [role=heading]", entry).find((node) => visible(node) && spoken(node));
    const link = all("a[href]", entry).find((node) => visible(node) && nameOf(node));
    if (head) return { role: "heading", name: nameOf(head) };
    return link ? { role: "link", name: nameOf(link) } : { role: "", name: spoken(entry).slice(0, 160) };
  };
  const entries = {};
  for (const [role, selector] of [
    ["article", "article, [role=article]"],
    ["row", "tbody tr, [role=row]"],
    ["listitem", "li, [role=listitem]"],
  ]) {
    const shown = all(selector, root).filter(visible);
    entries[role] = shown
      .map((node, position) => ({ node, position }))
      .filter(({ node }) => inMain(node))
      .slice(0, 300)
      .map(({ node, position }) => ({ ...labelIn(node), position }));
  }
  const pressables = all(
    "a[href], button, [role=button], [role=link], input[type=submit], input[type=button], summary, [role=tab]",
  )
    .filter(visible)
    .map((node) => ({
      role:
        node.getAttribute("role") || (node.localName === "a" ? "link" : node.localName === "summary" ? "" : "button"),
      name: nameOf(node),
      landmark: placeOf(node),
      href: node.localName === "a" ? node.href : "",
      main: root.contains(node) && inMain(node),
      in_form: !!node.closest("form"),
      expanded: node.getAttribute("aria-expanded") || "",
      pressed: node.getAttribute("aria-pressed") || "",
      selected: node.getAttribute("aria-selected") || "",
    }))
    .filter((one) => one.name && one.name.length <= 160);
  const LIVE = "[role=alert], [role=status], [aria-live=polite], [aria-live=assertive], output";
  // What redraws a whole list where it is listened to announces nothing that stands on the page as one text.
  const announces = (node) =>
    node.hasAttribute("role") ||
    node.localName === "output" ||
    !node.querySelector("table, ul, ol, dl, article, form, [role=table], [role=list]");
  const messages = all(LIVE)
    .filter((node) => node.checkVisibility() && announces(node))
    .map((node) => ({
      role: node.getAttribute("role") || (node.localName === "output" ? "status" : ""),
      text: spoken(node).slice(0, 400),
      main: root.contains(node),
    }));
  const texts = new Set();
  for (const node of all("body *")) {
    if (texts.size >= 500 || /^(script|style|noscript|option|template)$/.test(node.localName)) continue;
    const own = [...node.childNodes].some((part) => part.nodeType === 3 && line(part.nodeValue).length > 1);
    if (!own || !visible(node)) continue;
    const text = spoken(node);
    if (text.length >= 3 && text.length <= 300) texts.add(text);
  }
  return {
    path: location.pathname,
    query: location.search.slice(1),
    title: line(document.title),
    headings,
    messages,
    texts: [...texts],
    entries,
    pressables,
    fields: all(control).filter(visible).map(fieldOf),
    forms: all("form").filter(visible).map(formOf),
    has_main: all("main, [role=main]").length === 1,
    dialogs: all("dialog[open], [role=dialog], [role=alertdialog]")
      .filter(visible)
      .map((node) => nameOf(node).slice(0, 120)),
    tables: all("table, [role=table], [role=grid]", root).filter(visible).length,
  };
};
