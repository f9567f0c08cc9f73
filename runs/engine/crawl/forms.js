// The forms of a page and what is filled in there, also where it stands in no form. Needs semantics.js and cssPath of
// snapshot.js.

const FIELDS =
  "input:not([type=hidden]):not([type=submit]):not([type=reset]):not([type=button]):not([type=image])," +
  "select,textarea";
// Controls that open a list of options to choose one of, where they are no select; a labelled button as well.
const CHOICES = "[role=combobox]:not(input,select,textarea),button[aria-haspopup=listbox]";
const SUBMITS = "button[type=submit],button:not([type]),input[type=submit],input[type=image]";

function isChoice(element) {
  return (
    element.matches(CHOICES) ||
    (element.localName === "button" &&
      element.labels.length > 0 &&
      roleOf(element) === "button" &&
      element.type === "button")
  );
}

function choicesIn(root) {
  const labelled = Array.from(root.querySelectorAll("label[for]"), (label) => label.control).filter(
    (one) => one && isChoice(one),
  );
  return Array.from(new Set([...root.querySelectorAll(CHOICES), ...labelled]));
}

function fieldType(element) {
  if (!element.matches(FIELDS)) return "choice";
  if (element.tagName === "SELECT") return element.multiple ? "select-multiple" : "select";
  return element.tagName === "TEXTAREA" ? "textarea" : element.type;
}

function choiceLabel(element) {
  return ariaName(element) || labelText(element) || tidy(element.value, 80);
}

function groupLabel(element) {
  const group = element.closest("fieldset,[role=radiogroup],[role=group]");
  return group ? nameOf(group, "group") : "";
}

// The label in the wrapper of a field that no label is for: what is written there is meant for it all the same.
function captionOf(element) {
  for (
    let at = element.parentElement, up = 0;
    at && up < 5 && at.querySelectorAll(FIELDS).length <= 1;
    at = at.parentElement, up++
  ) {
    const label = Array.from(at.querySelectorAll("label")).find((one) => !one.control && visibility(one) === "seen");
    if (label) return tidy(contentText(label), 80);
  }
  return "";
}

function chosenIn(element, type, radios, choices) {
  if (type === "choice") return Array.from(childrenOf(element), (child) => contentText(child)).join("");
  if (type === "radio") return choices[radios.findIndex((radio) => radio.checked)] || "";
  if (type.startsWith("select")) return controlText(element);
  return type === "password" || type === "file" ? "" : element.value;
}

function fieldRow(element, radios) {
  const type = fieldType(element);
  const choices =
    type === "radio"
      ? radios.map(choiceLabel)
      : Array.from(element.options || [])
          .filter((option) => !option.disabled)
          .slice(0, 100)
          .map((option) => tidy(option.label, 100));
  const label = (type === "radio" ? groupLabel(element) : "") || ariaName(element) || labelText(element);
  return {
    tag: element.localName,
    type,
    name: element.name || "",
    id: element.id || "",
    label,
    caption: label ? "" : captionOf(element),
    placeholder: element.getAttribute("placeholder") || "",
    autocomplete: element.getAttribute("autocomplete") || "",
    required:
      radios.some((radio) => radio.required) || element.required || element.getAttribute("aria-required") === "true",
    pattern: element.getAttribute("pattern") || "",
    min: element.getAttribute("min") || element.getAttribute("minlength") || "",
    max: element.getAttribute("max") || "",
    max_length: element.maxLength > 0 ? element.maxLength : null,
    options: choices,
    value: tidy(chosenIn(element, type, radios, choices), 200),
    css: cssPath(element),
  };
}

function fieldRows(elements) {
  const usable = elements.filter(
    (element) => visibility(element) === "seen" && !element.disabled && element.getAttribute("aria-hidden") !== "true",
  );
  const first = new Map();
  for (const element of usable) {
    const key = element.type === "radio" && element.name ? "radio:" + element.name : element;
    first.set(key, [...(first.get(key) || []), element]);
  }
  return Array.from(first.values())
    .slice(0, 100)
    .map((alike) => fieldRow(alike[0], alike[0].type === "radio" ? alike : []));
}

function headingNear(element) {
  const inside = element.querySelector("h1,h2,h3,h4,h5,h6");
  if (inside && visibility(inside) === "seen") return tidy(contentText(inside));
  for (let at = element; at && at.localName !== "body"; at = at.parentElement) {
    for (let before = at.previousElementSibling; before; before = before.previousElementSibling) {
      const headings = before.matches("h1,h2,h3,h4,h5,h6") ? [before] : before.querySelectorAll("h1,h2,h3,h4,h5,h6");
      const last = Array.from(headings)
        .filter((heading) => visibility(heading) === "seen")
        .pop();
      if (last) return tidy(contentText(last));
    }
  }
  const legend = element.querySelector("legend");
  return legend ? tidy(contentText(legend)) : "";
}

function absolute(address, element) {
  try {
    return new URL(address, element.baseURI).href;
  } catch {
    return "";
  }
}

function formRow(element, fields, buttons, frame) {
  const shown = buttons.filter((button) => visibility(button) === "seen" && !isChoice(button));
  const sends = shown.find((button) => button.matches(SUBMITS));
  const submit = sends || shown[shown.length - 1];
  const isForm = element.localName === "form";
  const action = isForm ? element.getAttribute("action") || "" : "";
  return {
    name: ariaName(element),
    action: isForm ? absolute(action, element) : "",
    method: ((isForm && element.getAttribute("method")) || "get").toLowerCase(),
    role: roleOf(element) || (element.closest("search,[role=search]") ? "search" : ""),
    fields: fieldRows(fields),
    submit: submit ? nameOf(submit, "button") : "",
    submit_css: submit ? cssPath(submit) : "",
    css: cssPath(element),
    heading: headingNear(element),
    frame,
    beside: isForm && !sends ? besideIn(element) : [],
  };
}

// The buttons after a form in the dialog that it stands in, for a form that has none of its own that sends it.
function besideIn(form) {
  const dialog = form.closest("dialog,[role=dialog],[role=alertdialog]");
  return looseButtons(dialog || form)
    .filter(
      (button) =>
        dialog &&
        visibility(button) === "seen" &&
        !button.disabled &&
        form.compareDocumentPosition(button) & Node.DOCUMENT_POSITION_FOLLOWING,
    )
    .map((button) => [nameOf(button, "button"), cssPath(button)]);
}

const WHOLE = "html,body,main,[role=main]";
const LOOSE_BUTTONS = "button,[role=button],input[type=button]";

const buttonsOf = new Map();

function looseButtons(unit) {
  if (!buttonsOf.has(unit)) {
    const isLoose = (button) => !button.form && !isChoice(button);
    buttonsOf.set(unit, Array.from(unit.querySelectorAll(LOOSE_BUTTONS)).filter(isLoose));
  }
  return buttonsOf.get(unit);
}

function looseUnits(root) {
  const units = new Map();
  const fields = [...root.querySelectorAll(FIELDS), ...choicesIn(root)];
  for (const field of fields.filter((field) => !field.form && !field.closest("form"))) {
    let unit = field.parentElement;
    while (unit && !unit.matches(WHOLE) && !looseButtons(unit).length) unit = unit.parentElement;
    if (!unit || unit.matches(WHOLE)) continue;
    units.set(unit, [...(units.get(unit) || []), field]);
  }
  return units;
}

function formRows(root, frame) {
  const own = Array.from(root.querySelectorAll("form")).map((form) => {
    const elements = Array.from(form.elements);
    const fields = [...elements.filter((element) => element.matches(FIELDS)), ...choicesIn(form)];
    // A form does not count pictures that send it among its elements.
    const pictures = form.querySelectorAll("input[type=image]");
    const buttons = [...elements, ...pictures].filter((element) => element.matches("button," + SUBMITS));
    return formRow(form, fields, buttons, frame);
  });
  const loose = Array.from(looseUnits(root), ([unit, fields]) => formRow(unit, fields, looseButtons(unit), frame));
  return [...own, ...loose.filter((unit) => unit.fields.length)].filter(
    (form) => form.fields.length || form.submit_css,
  );
}
