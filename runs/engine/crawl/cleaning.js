// Controls that stand in a record which carries one of our markers. Needs semantics.js, forms.js, snapshot.js,
// entries.js and controls.js.

const RECORDS = "li,tr,article,[role=row],[role=listitem],[role=article]";

function textOf(element) {
  const values = Array.from(element.querySelectorAll("input,textarea"), (field) =>
    /^(password|hidden)$/.test(field.type) ? "" : field.value,
  );
  return `${element.innerText || element.textContent} ${values.join(" ")}`.replace(/\s+/g, " ").toLowerCase();
}

function carries(element, markers) {
  const text = textOf(element);
  return markers.some((marker) => text.includes(marker));
}

function aboutOne(markers) {
  return Array.from(document.querySelectorAll("h1,h2,[role=heading]")).some(
    (one) => visibility(one) === "seen" && carries(one, markers),
  );
}

// The record of ours that a control belongs to: the entry around it, or the main part of a page about the record.
function recordOf(control, markers, about) {
  for (let at = control.parentElement; at && at !== document.body; at = at.parentElement) {
    if (at.matches(RECORDS) || isEntry(at)) return carries(at, markers) ? at : null;
  }
  const main = control.closest("main,[role=main],dialog,[role=dialog]");
  return main && about ? main : null;
}

function removers(markers) {
  const said = markers.map((marker) => marker.toLowerCase());
  const about = aboutOne(said);
  const controls = Array.from(
    document.querySelectorAll("button,a[href],[role=button],[role=menuitem],input[type=submit],input[type=button]"),
  ).filter((one) => visibility(one) === "seen" && pressable(one));
  const row = (control) => {
    const record = recordOf(control, said, about);
    const role = roleOf(control);
    return {
      name: nameOf(control, role),
      hints: hintsOf(control),
      script: scriptOf(control),
      address: addressOf(control),
      method: methodOf(control),
      confirms: asksFirst(control),
      css: cssPath(control),
      record: record ? cssPath(record) : "",
      answering:
        Boolean(control.closest("dialog,[role=dialog],[role=alertdialog]")) ||
        Boolean(control.form && control.matches(SUBMITS) && carries(control.form, said)),
    };
  };
  return { there: document.body ? carries(document.body, said) : false, controls: controls.slice(0, 400).map(row) };
}
